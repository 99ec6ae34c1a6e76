import type { Command } from 'commander'
import { noLake, OWN } from '../engine/persist/ledger.ts'
import { openStore } from '../engine/persist/open-store.ts'
import type { Store } from '../engine/persist/store.ts'
import { verify } from '../engine/persist/verify.ts'
import type { Reconciler } from '../engine/reconcile/reconcile.ts'
import { addSettings, readSettings } from './settings.ts'
import { bar, ProgressLine } from './terminal.ts'
import { verdictText } from './verify-text.ts'
import type { LakeVerdict } from './verify-text.ts'

/** How to look at Kafka too; null: not at all. */
export type LookAtKafka =
  | ((store: Store, say: (text: string) => void) => Promise<Reconciler>)
  | null

export function addVerify(program: Command): void {
  const command = program
    .command('verify')
    .description('prove that the lake is whole: every packet once, every account adds up')
    .option('--deep', 'read every packet and message too, with --brokers also those of the input')
    .option('--json', 'print the verdict as one JSON object')
    .addHelpText(
      'after',
      '\nWith --brokers, a lake that a stream fills is held against the group’s positions and the messages in its topics.\n\nExamples:\n  siskin verify --lake lake\n  siskin verify --lake hdfs://namenode:9870/siskin --brokers localhost:9092 --group siskin'
    )
  addSettings(command, [
    'lake',
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
  ])
  command.action(async (options: { deep?: boolean; json?: boolean }) => {
    const settings = readSettings(command)
    const { lake, brokers } = settings
    const deep = options.deep === true
    const kafka = brokers.length > 0 ? await import('./verify-kafka.ts') : null
    const verdict = await verifyLake(lake, deep, kafka?.lookAt(settings, deep))
    if (options.json) console.log(JSON.stringify(verdict, null, 1))
    else console.log(verdictText(verdict, lake))
    process.exitCode = verdict.ok ? 0 : 1
  })
}

export async function verifyLake(
  lake: string,
  deep: boolean,
  lookAtKafka: LookAtKafka = null
): Promise<LakeVerdict> {
  const store = openStore(lake)
  const known = await Promise.all([store.list(`${OWN}/ledger`), store.list(`${OWN}/sources`)])
  if (known.flat().length === 0) throw noLake(lake)
  const line = new ProgressLine(process.stderr)
  const reconciler = (await lookAtKafka?.(store, (text) => line.update(() => text))) ?? null
  try {
    return await verifyBoth(store, deep, reconciler, line)
  } finally {
    line.clear()
    await reconciler?.close()
  }
}

async function verifyBoth(
  store: Store,
  deep: boolean,
  reconciler: Reconciler | null,
  line: ProgressLine
): Promise<LakeVerdict> {
  let streamed = false
  const verdict = await verify(store, {
    deep,
    isLive: reconciler?.isLive ?? false,
    onRecord: (record) => {
      streamed ||= record.stream !== undefined
      reconciler?.take(record)
    },
    ...(reconciler && { onGap: (...gap) => reconciler.gap(...gap) }),
    onProgress: (done, total) => line.update(() => `${bar(done / total)} ${done} of ${total} parts`)
  })
  const kafka = streamed && reconciler ? await reconciler.finish() : null
  const differences = [...verdict.differences, ...(kafka?.differences ?? [])]
  return { ...verdict, ok: differences.length === 0, differences, streamed, kafka }
}
