import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { SiskinError, UsageError } from '../../engine/errors.ts'
import type { OnFinding } from '../../engine/verify/finding.ts'
import { expectLake } from '../../engine/lake/expect-lake.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { changesOf, keepMarks } from '../../engine/verify/proof-notes.ts'
import type { Store } from '../../engine/store/store.ts'
import { verify } from '../../engine/verify/verify.ts'
import type { Reach } from '../../engine/verify/scope.ts'
import { asideFindings } from '../../engine/reconcile/aside.ts'
import { OwnState } from '../../engine/reconcile/own-state.ts'
import type { Reconciler } from '../../engine/reconcile/reconcile.ts'
import { kafkaFlags, overLake, streamFlags } from '../common/next.ts'
import { addSettings, readSettings } from '../settings/settings.ts'
import type { Settings } from '../settings/settings.ts'
import { bar, count, ProgressLine } from '../common/terminal.ts'
import { verdictText } from './text.ts'
import type { LakeVerdict } from './text.ts'

/** How to look at Kafka too; null: not at all. */
export type LookAtKafka =
  | ((store: Store, say: (text: string) => void) => Promise<Reconciler>)
  | null

/** The settings that say where Kafka is and what a stream there is called. */
export const KAFKA_SETTINGS = [
  'brokers',
  'kafkaUser',
  'kafkaPassword',
  'kafkaMechanism',
  'kafkaCa',
  'group',
  'outPrefix',
  'outRetentionDays',
  'finkCompat',
  'finkPrefix'
] as const

interface Options extends Partial<Reach> {
  readonly deep?: boolean
  readonly json?: boolean
}

export function addVerify(program: Command): void {
  const command = program
    .command('verify')
    .description('prove that the lake is whole: every packet once, every account adds up')
    .option('--deep', 'read every byte too, with --brokers also the messages of the input')
    .addOption(new Option('--night <YYYYMMDD>', 'only what this night holds').argParser(night))
    .addOption(
      new Option(
        '--since <when>',
        'only what came since: "last" (what was found whole last), or a time (2026-01-10T12:00Z)'
      ).argParser(since)
    )
    .option('--json', 'print the verdict as one JSON object')
    .addHelpText(
      'after',
      '\nWith --brokers, a lake that a stream fills is held against the group’s positions and the messages in its topics (without --night and --since).\nWhat it names, siskin repair mends.\n\nExamples:\n  siskin verify --lake lake\n  siskin verify --lake lake --since last --deep\n  siskin verify --lake swebhdfs://namenode:9871/siskin --brokers localhost:9092 --group siskin'
    )
  addSettings(command, ['lake', ...KAFKA_SETTINGS])
  command.action(async (options: Options) => {
    const settings = readSettings(command)
    const { lake, brokers } = settings
    const { deep = false, night = null, since = null } = options
    if (night !== null && since !== null) throw new UsageError('give --night or --since, not both')
    const kafka = brokers.length > 0 ? await import('./kafka.ts') : null
    const verdict = await verifyLake(lake, deep, kafka?.lookAt(settings, deep), { night, since })
    const isNothing = verdict.received === 0 && verdict.differences.length === 0
    if (night !== null && isNothing) throw new SiskinError(`the lake ${lake} has no night ${night}`)
    if (options.json) console.log(JSON.stringify(verdict, null, 1))
    else {
      console.log(verdictText(verdict, lake))
      if (!verdict.ok) console.log(repairLine(settings))
    }
    process.exitCode = verdict.ok ? 0 : 1
  })
}

function repairLine(settings: Settings): string {
  const kafka =
    settings.brokers.length > 0 ? ` ${kafkaFlags(settings)} ${streamFlags(settings)}` : ''
  return `repair  ${overLake('siskin repair', settings)}${kafka}`.trimEnd()
}

function night(text: string): number {
  if (!/^\d{8}$/.test(text)) throw new InvalidArgumentError('a night is YYYYMMDD, as 20260110.')
  return Number(text)
}

function since(text: string): 'last' | number {
  if (text === 'last') return text
  const time = Date.parse(text)
  if (Number.isNaN(time))
    throw new InvalidArgumentError('say "last", or a time as 2026-01-10T12:00Z.')
  return time
}

const EVERYTHING: Reach = { night: null, since: null }

export async function verifyLake(
  lake: string,
  deep: boolean,
  lookAtKafka: LookAtKafka = null,
  reach = EVERYTHING,
  onFinding: OnFinding = () => {}
): Promise<LakeVerdict> {
  const store = openStore(lake)
  await expectLake(store)
  const line = new ProgressLine(process.stderr)
  const reconciler = (await lookAtKafka?.(store, (text) => line.update(() => text))) ?? null
  try {
    return await verifyBoth(store, { deep, reach, reconciler, line, onFinding })
  } finally {
    line.clear()
    await reconciler?.close()
  }
}

interface Look {
  readonly deep: boolean
  readonly reach: Reach
  readonly reconciler: Reconciler | null
  readonly line: ProgressLine
  readonly onFinding: OnFinding
}

async function verifyBoth(
  store: Store,
  { deep, reach, reconciler, line, onFinding }: Look
): Promise<LakeVerdict> {
  const at = new Date().toISOString()
  const changes = await changesOf(store)
  const isWhole = reach.night === null && reach.since === null
  const reached = new Map<string, number>()
  const own = isWhole ? await OwnState.open(store) : null
  let streamed = false
  const verdict = await verify(store, {
    ...reach,
    deep,
    isLive: reconciler?.isLive ?? false,
    knowsKafka: reconciler !== null,
    onFinding: (finding) => {
      own?.heard(finding)
      onFinding(finding)
    },
    onRecord: (record) => {
      streamed ||= record.stream !== undefined
      reconciler?.take(record)
      own?.take(record)
    },
    ...(own && { onDocument: (path, record) => own.document(path, record) }),
    onReached: (source, next) => reached.set(source, next),
    ...(reconciler && { onGap: (...gap) => reconciler.gap(...gap) }),
    onProgress: (done, total) =>
      line.update(
        () => `${bar(Math.min(1, done / total))} ${count(done)} of ${count(total)} packets`
      )
  })
  const kafka = streamed && reconciler && isWhole ? await reconciler.finish() : null
  const more = [...((await own?.findings(deep)) ?? []), ...(await asideFindings(store))]
  for (const finding of more) onFinding(finding)
  const told = (isDifference: boolean) =>
    more.flatMap((finding) => (finding.isDifference === isDifference ? [finding.text] : []))
  const differences = [...verdict.differences, ...(kafka?.differences ?? []), ...told(true)]
  const ok = differences.length === 0
  const canKeep = ok && (isWhole || reach.since === 'last')
  const unkept = canKeep ? await keepMarks(store, reached, { at, deep, changes }) : null
  const notes = [...verdict.notes, ...told(false), ...(unkept === null ? [] : [unkept])]
  return { ...verdict, ok, differences, notes, streamed, reach, kafka }
}
