import type { Command } from 'commander'
import type { Filter } from '../../engine/contract/index.ts'
import { backtest } from '../../engine/backtest/backtest.ts'
import type { Backtest } from '../../engine/backtest/backtest.ts'
import { curveOf } from '../../engine/backtest/curve.ts'
import { makePlan } from '../../engine/enrich/plan.ts'
import { SiskinError } from '../../engine/errors.ts'
import { expectLake } from '../../engine/lake/expect-lake.ts'
import { legend, plot, pointsOf } from '../../engine/inspect/plot.ts'
import { openStore } from '../../engine/store/open-store.ts'
import type { Store } from '../../engine/store/store.ts'
import { judgeSelection } from '../../engine/truth/selection.ts'
import type { TopicRow } from '../../engine/truth/topic-rows.ts'
import { alertFiles, nightsIn } from '../../engine/reread/alert-files.ts'
import type { AlertFile, Nights } from '../../engine/reread/alert-files.ts'
import { interruptible } from '../common/interrupt.ts'
import { findFilter } from '../common/filter-file.ts'
import { parseNights } from '../common/nights.ts'
import { expectColumnsOnly, pickFilters, pickModules } from '../common/registries.ts'
import { addSettings, readSettings } from '../settings/settings.ts'
import { amount, count, ProgressLine, table } from '../common/terminal.ts'
import { expectTruth, topicTable } from '../truth/truth.ts'

interface Flags {
  readonly nights?: string
  readonly json?: boolean
  readonly truth?: readonly string[]
}

export function addBacktest(program: Command): void {
  const command = program
    .command('backtest')
    .description('what a filter would have selected of the alerts in a lake')
    .argument('<filter>', 'its name, or the path of its folder or file')
    .option('--nights <nights>', 'only these: YYYYMMDD, or YYYYMMDD..YYYYMMDD')
    .option(
      '--truth <files...>',
      'truth tables of "siskin simulate": how pure its selection is, and what it misses'
    )
    .option('--json', 'print the result as one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  siskin backtest fast_riser --lake lake\n  siskin backtest ../my-siskin/filters/kilonova --lake lake --nights 20260101..20260131'
    )
  addSettings(command, ['lake'])
  command.action(async (given: string, flags: Flags) => {
    const { lake } = readSettings(command)
    const nights = flags.nights === undefined ? null : parseNights(flags.nights)
    for (const file of flags.truth ?? []) expectTruth(file)
    const filter = await findFilter(given)
    expectColumnsOnly([filter])
    const others = pickFilters(null).filter(({ name, topic }) => {
      return name !== filter.name && topic !== filter.topic
    })
    const { columns } = makePlan(pickModules(null), [filter])
    const store = openStore(lake)
    const files = await filesOf(store, lake, nights)
    const line = new ProgressLine(process.stderr)
    const stop = interruptible()
    const result = await backtest({
      store,
      files,
      filter,
      others,
      columns,
      signal: stop.signal,
      onFile: (done) => line.update(() => `${count(done)} of ${amount(files.length, 'file')}`),
      warn: (message) => console.error(`siskin: ${message}`)
    })
    stop.end()
    line.clear()
    const judged = flags.truth ? await judge(store, files, filter, result, flags.truth) : null
    console.log(
      flags.json
        ? JSON.stringify({ ...jsonOf(result), ...(judged && { truth: judged }) }, null, 1)
        : [`${filter.name} ${filter.version}`, ...(await textOf(store, result, judged))].join('\n')
    )
    for (const { path, reason } of result.damaged) console.error(`siskin: ${path}: ${reason}`)
    if (stop.signal.aborted)
      console.error('siskin: stopped: what is printed is of a part of the files')
    if (result.damaged.length > 0 || stop.signal.aborted) process.exitCode = 1
  })
}

async function filesOf(store: Store, lake: string, nights: Nights | null): Promise<AlertFile[]> {
  await expectLake(store)
  const files = await alertFiles(store, nights)
  if (files.length > 0) return files
  const [ztf, lsst] = [await nightsIn(store, 'ztf'), await nightsIn(store, 'lsst')]
  const all = [...ztf, ...lsst].sort((a, b) => a - b)
  const has = all.length > 0 ? `nights ${all[0]} to ${all.at(-1)}` : 'no alerts'
  throw new SiskinError(`no alerts of these nights in ${lake}: it has ${has}`)
}

/** Of the files that could be read: nothing is missed in the others. */
function judge(
  store: Store,
  files: readonly AlertFile[],
  { topic, seeks }: Filter,
  { ids, damaged }: Backtest,
  truth: readonly string[]
): Promise<TopicRow> {
  const isRead = ({ path }: AlertFile) => !damaged.some((one) => one.path === path)
  return judgeSelection(store, truth, {
    aim: { topic, seeks: seeks ?? null },
    ids,
    files: files.filter(isRead)
  })
}

function jsonOf(result: Backtest) {
  const examples = result.examples.map(({ survey, night, alertId, objectId, path }) => {
    return { survey, night, alertId: String(alertId), objectId, path }
  })
  return { ...result, ...totalsOf(result), examples, ids: undefined }
}

function totalsOf({ nights, filterMs }: Pick<Backtest, 'nights' | 'filterMs'>) {
  const sum = (of: 'alerts' | 'selected' | 'failed') =>
    nights.reduce((all, one) => all + one[of], 0)
  const alerts = sum('alerts')
  const microseconds = alerts > 0 ? (filterMs * 1000) / alerts : null
  return { alerts, selected: sum('selected'), failed: sum('failed'), microseconds }
}

const BAR = 30

async function textOf(store: Store, result: Backtest, judged: TopicRow | null): Promise<string[]> {
  const { nights, overlaps, objects } = result
  const { alerts, selected, failed, microseconds } = totalsOf(result)
  const share = (part: number, of: number) => (of > 0 ? `${((100 * part) / of).toFixed(2)} %` : '-')
  const most = Math.max(1, ...nights.map((night) => night.selected))
  const byNight = table([
    ['night', 'survey', 'alerts', 'selected', 'share', ''],
    ...nights.map((night) => [
      String(night.night),
      night.survey,
      count(night.alerts),
      count(night.selected),
      share(night.selected, night.alerts),
      '█'.repeat(Math.round((BAR * night.selected) / most))
    ]),
    ['all', '', count(alerts), count(selected), share(selected, alerts), amount(objects, 'object')]
  ])
  const byTopic = table([
    ['topic', 'it selects', 'both', 'of these'],
    ...overlaps.map(({ topic, selected: own, both }) => {
      return [topic, count(own), count(both), share(both, selected)]
    })
  ])
  return [
    byNight,
    '',
    byTopic,
    '',
    ...(judged ? [topicTable([judged]), ''] : []),
    `cost: ${microseconds?.toFixed(2) ?? '-'} microseconds an alert`,
    ...(failed > 0 ? [`it broke over ${amount(failed, 'alert')}, which it did not select`] : []),
    ...(await examplesOf(store, result))
  ]
}

async function examplesOf(store: Store, { examples }: Backtest): Promise<string[]> {
  const texts: string[] = []
  for (const example of examples) {
    const points = pointsOf(await curveOf(store, example))
    const { survey, alertId, objectId, night } = example
    texts.push('', `${survey} ${alertId} (${objectId ?? 'no object'}), night ${night}`)
    texts.push(plot(points, 60, 8), `        ${legend(points)}`)
  }
  return texts
}
