import { availableParallelism } from 'node:os'
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { reprocess } from '../../engine/layers/reprocess.ts'
import type { ReprocessProgress, ReprocessResult } from '../../engine/layers/reprocess.ts'
import { withDependents } from '../../engine/layers/work.ts'
import type { LayerWork } from '../../engine/layers/work.ts'
import type { Published } from '../../engine/layers/publish.ts'
import { keepViews } from '../../engine/layers/views.ts'
import { UsageError } from '../../engine/errors.ts'
import { layerText } from '../../engine/lake/layer-name.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { crashPoint } from '../common/crash-point.ts'
import { overLake } from '../common/next.ts'
import { parseNights } from '../common/nights.ts'
import { pickFilters, pickModules, planFor } from '../common/registries.ts'
import { addSettings, readSettings } from '../settings/settings.ts'
import type { Settings } from '../settings/settings.ts'
import { moduleRows } from '../run/summary.ts'
import { amount, bar, count, duration, ProgressLine, table } from '../common/terminal.ts'
import { expectLake } from '../../engine/lake/expect-lake.ts'
import { placeOf } from '../views/views.ts'
import { printPlan, shareOf, takeTasks } from './tasks.ts'
import type { Share } from './tasks.ts'

const PUBLISHING = [
  'brokers',
  'kafkaUser',
  'kafkaPassword',
  'kafkaMechanism',
  'kafkaCa',
  'group',
  'outPrefix',
  'outPartitions',
  'outReplication',
  'outRetentionDays',
  'outRegistry'
] as const

interface Flags {
  readonly nights?: string
  readonly asOf?: string
  readonly publish?: string
  readonly json?: boolean
  readonly plan?: boolean
  readonly share?: Share
  readonly tasks?: string
}

export function addReprocess(program: Command): void {
  const command = program
    .command('reprocess')
    .description('run modules and filters over what lies in a lake, and write layers beside it')
    .option('--nights <nights>', 'only parts with alerts of these: YYYYMMDD, or YYYYMMDD..YYYYMMDD')
    .addOption(
      new Option(
        '--as-of <time>',
        'read no layer that was made later (2026-01-10T12:00Z); the result is shown to who names it'
      ).argParser(timeOf)
    )
    .option(
      '--publish <topic>',
      'what the one filter of --filters selects goes into this topic in Kafka too, once'
    )
    .option('--json', 'print the account as one JSON object')
    .option('--plan', 'print what is to be done for others to do: a task a part, a JSON line each')
    .addOption(
      new Option('--share <i/n>', 'of the plan only the tasks of the i-th of n, from 0').argParser(
        shareOf
      )
    )
    .option(
      '--tasks <file>',
      'do tasks of a plan, from a file or - (standard input): an answer a task, a JSON line each'
    )
    .addHelpText(
      'after',
      '\nModules that read from those named run too. Without --modules and --filters all modules run.\nWhat was made of the same versions is not made again.\n\nExamples:\n  siskin reprocess --lake lake --modules rate\n  siskin reprocess --lake lake --nights 20260101..20260131 --filters fast_riser\n  siskin reprocess --lake hdfs://namenode/siskin --plan | siskin reprocess --tasks -'
    )
  addSettings(command, ['lake', 'members', 'catalogues', 'modules', 'filters', ...PUBLISHING])
  command.action(async (flags: Flags) => {
    const settings = readSettings(command)
    expectOneOf(flags)
    if (flags.tasks !== undefined) return takeTasks(flags.tasks, settings)
    if (flags.plan) return plan(settings, flags)
    if (flags.publish !== undefined) expectPublishable(settings)
    const { result, published } = await withProgress(settings, flags)
    console.log(
      flags.json
        ? JSON.stringify({ ...jsonOf(result), published }, null, 1)
        : [textOf(result, settings.lake), ...publishedLines(published, flags)].join('\n')
    )
    for (const { part, reason } of result.broken) console.error(`siskin: ${part}: ${reason}`)
    process.exitCode = result.broken.length > 0 ? 1 : result.interrupted ? 130 : 0
  })
}

/** @throws UsageError */
function expectOneOf({ plan, share, tasks, publish, json }: Flags): void {
  if (share !== undefined && !plan) throw new UsageError('--share is a share of --plan: name both')
  const mode = tasks !== undefined ? '--tasks' : plan ? '--plan' : null
  const others = Object.entries({ '--plan': plan, '--publish': publish, '--json': json })
  const other = others.find(([name, value]) => name !== mode && value !== undefined)
  if (mode && other) throw new UsageError(`${mode} goes without ${other[0]}`)
}

async function plan(settings: Settings, { asOf, nights, share }: Flags): Promise<void> {
  const store = openStore(settings.lake)
  await expectLake(store)
  const work = workOf(settings, asOf ?? null)
  const own = nights === undefined ? null : parseNights(nights)
  await printPlan(store, work, own, share ?? { index: 0, of: 1 })
}

/** @throws UsageError */
function expectPublishable({ brokers, filters }: Settings): void {
  if (brokers.length === 0) throw new UsageError('--publish: say where Kafka is with --brokers')
  if (filters?.length !== 1) {
    throw new UsageError('--publish: name the one filter whose selection goes there with --filters')
  }
}

function publishedLines(published: Published | null, { publish }: Flags): string[] {
  if (published === null) return []
  const { messages, before, tooLarge } = published
  return [
    `topic   ${publish}: ${amount(messages, 'message')} published${before > 0 ? `, ${amount(before, 'part')} were there before` : ''}`,
    ...(tooLarge > 0
      ? [`        ${amount(tooLarge, 'alert')} are larger than a message may be`]
      : [])
  ]
}

function timeOf(text: string): string {
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw new InvalidArgumentError('give a time as 2026-01-10T12:00Z.')
  return new Date(time).toISOString()
}

/** @throws UsageError for a module or a filter that is not known, naming those that are. */
function workOf({ modules, filters }: Settings, asOf: string | null): LayerWork {
  const plan = planFor({ modules: null, filters: null })
  const isAll = modules === null && filters === null
  const named = isAll ? plan.modules : modules === null ? [] : pickModules(modules)
  const running = withDependents(
    plan,
    named.map(({ name }) => name)
  )
  const selecting = filters === null ? [] : pickFilters(filters)
  return { plan, modules: running, filters: selecting, asOf }
}

interface Outcome {
  readonly result: ReprocessResult
  readonly published: Published | null
}

async function withProgress(settings: Settings, flags: Flags): Promise<Outcome> {
  const work = workOf(settings, flags.asOf ?? null)
  const nights = flags.nights === undefined ? null : parseNights(flags.nights)
  const store = openStore(settings.lake)
  await expectLake(store)
  const line = new ProgressLine(process.stderr)
  const stop = new AbortController()
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(130)
    line.say('stopping after the parts in work; once more to stop at once')
    stop.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  const started = performance.now()
  try {
    const result = await reprocess({
      store,
      work,
      nights,
      catalogues: settings.catalogues,
      members: settings.members ?? availableParallelism(),
      memberProgram: new URL('./member.ts', import.meta.url),
      command: `siskin reprocess --lake ${settings.lake}`,
      signal: stop.signal,
      crash: crashPoint(),
      onProgress: (progress) => line.update(() => progressText(progress, started)),
      onLog: (level, message) => line.say(`${level}: ${message}`)
    })
    await keepViews(store, placeOf(settings.lake))
    if (flags.publish === undefined) return { result, published: null }
    const { publishHistory } = await import('./publish.ts')
    const published = await publishHistory(settings, {
      store,
      work,
      filter: work.filters[0]!,
      topic: flags.publish,
      nights,
      signal: stop.signal,
      say: (text) => line.update(() => text)
    })
    return { result, published }
  } finally {
    line.clear()
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}

function progressText({ alerts, alertsTotal }: ReprocessProgress, started: number): string {
  const seconds = (performance.now() - started) / 1000
  const fraction = alertsTotal > 0 ? alerts / alertsTotal : 1
  const left = fraction > 0.01 ? ` · ${duration((seconds * (1 - fraction)) / fraction)} left` : ''
  return (
    `${bar(fraction)} ${(fraction * 100).toFixed(0)} % · ${count(alerts)} of ${count(alertsTotal)} alerts` +
    ` · ${count(alerts / seconds)}/s${left}`
  )
}

function jsonOf(result: ReprocessResult) {
  const { tally, layers, parts, untouched, alerts, newer, broken, interrupted } = result
  return {
    layers: layers.map(layerText),
    parts,
    untouched,
    alerts,
    made: tally.parts,
    modules: tally.modules,
    topics: tally.topics,
    newer,
    broken,
    interrupted,
    seconds: Math.round(result.seconds * 1000) / 1000,
    peak_memory_bytes: result.peakMemory
  }
}

function textOf(result: ReprocessResult, lake: string): string {
  const { tally, layers, parts, untouched, alerts, seconds, newer } = result
  const head = `${duration(seconds)}, ${count(alerts / seconds)} alerts/s, ${amount(parts, 'part')}, ${amount(alerts, 'alert')}`
  return [
    untouched === parts
      ? `nothing to do: ${amount(parts, 'part')} of ${lake} have all of it`
      : head,
    ...layers.map((layer) => `  ${layerText(layer)}`),
    ...(untouched > 0 && untouched < parts
      ? [`  ${amount(untouched, 'part')} had all of it already`]
      : []),
    ...Object.entries(newer).map(
      ([name, own]) => `  ${amount(own, 'part')} have a newer version of ${name} themselves`
    ),
    ...(Object.keys(tally.modules).length > 0 ? ['', table(moduleRows(tally))] : []),
    ...(Object.keys(tally.topics).length > 0
      ? [
          '',
          table([
            ['topic', 'alerts'],
            ...Object.entries(tally.topics).map(([name, n]) => [name, count(n)])
          ])
        ]
      : []),
    '',
    `query   ${overLake('siskin views', { lake })}`,
    `verify  ${overLake('siskin verify', { lake })}`
  ].join('\n')
}
