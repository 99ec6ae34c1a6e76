import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Command } from 'commander'
import type { Plan } from '../../engine/enrich/plan.ts'
import { UsageError } from '../../engine/errors.ts'
import { MetricsServer } from '../../engine/metrics/server.ts'
import type { Health, MetricsSource } from '../../engine/metrics/server.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { Tally } from '../../engine/run/tally.ts'
import type { StreamSettings } from '../../engine/stream/common/settings.ts'
import type { StreamStatus } from '../../engine/stream/supervisor/supervision.ts'
import { SISKIN_VERSION } from '../../engine/version.ts'
import { interruptible } from '../common/interrupt.ts'
import { kafkaAccess } from '../common/kafka-access.ts'
import { kafkaFlags, overLake, streamFlags } from '../common/next.ts'
import { openLog } from '../common/log.ts'
import type { Log } from '../common/log.ts'
import { planFor } from '../common/registries.ts'
import { addSettings, readSettings } from '../settings/settings.ts'
import type { Settings } from '../settings/settings.ts'
import { STREAM_SETTINGS } from '../settings/stream.ts'
import { listOf, revisionRows } from '../run/summary.ts'
import { amount, count, duration, size, table } from '../common/terminal.ts'

export function addStream(program: Command): void {
  const command = program
    .command('stream')
    .description('take alerts from Kafka into the lake and topics, exactly once, for ever')
    .option('--json', 'print the account at the end as one JSON object')
    .addHelpText(
      'after',
      '\nExample:\n  siskin stream --brokers localhost:9092 --topics ztf_20260110_programid1 --lake lake\n  siskin stream --config stream.yaml --members 4'
    )
  const own = Object.keys(STREAM_SETTINGS) as (keyof typeof STREAM_SETTINGS)[]
  addSettings(command, [
    'lake',
    'schemas',
    'catalogues',
    'modules',
    'filters',
    'surveys',
    'duplicateNights',
    'compressPackets',
    'withInjected',
    'members',
    ...own
  ])
  command.action(async (options: { json?: boolean }) => {
    const settings = readSettings(command)
    const { tally, seconds } = await stream(settings, openLog(settings))
    if (options.json) console.log(JSON.stringify(streamJson(tally, seconds), null, 1))
    else console.log(streamSummary(tally, seconds, settings))
    if (tally.lost > 0) process.exitCode = 1
  })
}

interface StreamResult {
  readonly tally: Tally
  readonly seconds: number
}

/** Runs members until they are told to stop, with one live line for all. */
async function stream(settings: Settings, log: Log): Promise<StreamResult> {
  const live = streamSettings(settings)
  const plan = planFor(settings, (text) => log.say(text))
  const asked = new Answers()
  const server = await answer(settings, asked)
  try {
    return await streamWatched(settings, live, plan, { asked, address: server?.address }, log)
  } finally {
    server?.close()
  }
}

/** What monitoring is told while there are no members to ask. */
class Answers implements MetricsSource {
  supervisor: MetricsSource | null = null

  families(): ReturnType<MetricsSource['families']> {
    return this.supervisor?.families() ?? []
  }

  live(): Health {
    return this.supervisor?.live() ?? { ok: true, reason: null }
  }

  ready(): Health {
    return this.supervisor?.ready() ?? { ok: false, reason: 'it is starting' }
  }
}

async function streamWatched(
  settings: Settings,
  live: StreamSettings,
  plan: Plan,
  { asked, address }: { readonly asked: Answers; readonly address: string | undefined },
  log: Log
): Promise<StreamResult> {
  const { checkStream, StreamSupervisor } = await import('../../engine/stream/index.ts')
  await checkStream(live, plan, (message) => log.event({ level: 'warn', message }))
  const stop = interruptible(() =>
    log.say('stopping after the micro-batches in work; once more to stop at once')
  )
  const tally = new Tally()
  const rate = new Rate()
  const strangers = new Strangers(settings, log)
  const started = performance.now()
  const supervisor = new StreamSupervisor({
    settings: live,
    store: openStore(settings.lake),
    members: settings.members ?? 1,
    name: `${settings.group}-${hostname()}-${randomBytes(4).toString('hex')}`,
    program: new URL('./member.ts', import.meta.url),
    progressSeconds: settings.progressSeconds,
    idleSeconds: settings.untilIdle,
    signal: stop.signal,
    onRecords: (records) => {
      for (const record of records) tally.add(record)
      strangers.at(tally)
    },
    onProgress: (status) => {
      rate.at(tally.received)
      log.progress(() => statusText(status, tally, rate.perSecond))
    },
    onLog: (event) => log.event(event),
    hushed: settings.logFormat === 'json'
  })
  asked.supervisor = supervisor
  if (address !== undefined) {
    log.event({ level: 'info', message: `metrics at ${address}/metrics`, fields: { address } })
  }
  try {
    startNews(settings, log)
    await supervisor.run()
    const { received, alerts, quarantinedTotal: quarantined, duplicates } = tally
    const fields = { received, alerts, quarantined, duplicates }
    log.event({ level: 'info', isRoutine: true, message: 'the stream has ended', fields })
    return { tally, seconds: (performance.now() - started) / 1000 }
  } finally {
    log.clear()
    stop.end()
  }
}

/** Answers what monitoring asks, if that is wanted. */
async function answer(
  { metricsHost, metricsPort }: Settings,
  source: MetricsSource
): Promise<MetricsServer | null> {
  return metricsPort === null ? null : MetricsServer.listen(metricsHost, metricsPort, source)
}

function startNews({ topics, group, lake, members }: Settings, log: Log): void {
  const message = `siskin ${SISKIN_VERSION} begins`
  const fields = { version: SISKIN_VERSION, topics, group, lake, members: members ?? 1 }
  log.event({ level: 'info', isRoutine: true, message, fields })
}

function streamSettings(settings: Settings): StreamSettings {
  const { topics, lake, schemas, catalogues, modules, filters, surveys, group, from } = settings
  if (topics.length === 0) throw new UsageError('no topics: say what to take in with --topics')
  return {
    kafka: kafkaAccess(settings),
    topics,
    group,
    from,
    trigger: {
      seconds: settings.triggerSeconds,
      rows: settings.triggerRows,
      bytes: settings.triggerMegabytes * 1024 * 1024
    },
    lake,
    schemas,
    catalogues,
    modules,
    filters,
    surveys,
    compressPackets: settings.compressPackets,
    withInjected: settings.withInjected,
    duplicateNights: settings.duplicateNights,
    output: {
      prefix: settings.outPrefix,
      partitions: settings.outPartitions,
      replication: settings.outReplication,
      retentionDays: settings.outRetentionDays,
      registry: settings.outRegistry,
      finkPrefix: settings.finkCompat ? settings.finkPrefix : null
    },
    takeOver: settings.takeOver,
    sessionSeconds: settings.sessionSeconds,
    refreshSeconds: settings.refreshSeconds
  }
}

/** Says once that packets come whose writer schemas nobody named a place for. */
class Strangers {
  readonly #log: Log
  readonly #requeue: string
  #isTold: boolean

  constructor(settings: Settings, log: Log) {
    this.#log = log
    this.#requeue = overLake('siskin requeue', settings)
    this.#isTold = settings.schemas !== null
  }

  at({ quarantined }: Tally): void {
    const packets = quarantined['unknown-schema'] ?? 0
    if (this.#isTold || packets === 0) return
    this.#isTold = true
    const message = `packets come without their writer schema and go to quarantine: start the stream again with --schemas (a folder of <id>.avsc, or a registry), then ${this.#requeue}, with --schemas too`
    this.#log.event({ level: 'warn', message, fields: { packets } })
  }
}

const RATE_MS = 15_000

/** Packets a second over the last quarter of a minute. */
class Rate {
  readonly #seen: [at: number, count: number][] = []

  at(received: number): void {
    const now = performance.now()
    this.#seen.push([now, received])
    while (this.#seen.length > 2 && now - this.#seen[0]![0] > RATE_MS) this.#seen.shift()
  }

  get perSecond(): number {
    const first = this.#seen[0]
    const last = this.#seen.at(-1)
    if (!first || !last || last[0] === first[0]) return 0
    return ((last[1] - first[1]) / (last[0] - first[0])) * 1000
  }
}

function statusText(status: StreamStatus, tally: Tally, perSecond: number): string {
  return (
    `${amount(tally.alerts, 'alert')} · ${count(perSecond)}/s · lag ${count(status.lag)}` +
    ` · last commit ${duration(status.commitSeconds)} · ${count(tally.quarantinedTotal)} quarantined` +
    ` · ${status.joined} of ${status.members} members · ${size(status.memory)}`
  )
}

function streamJson(tally: Tally, seconds: number) {
  const { received, alerts, quarantined, duplicates, revisions, lost } = tally
  const { nights, topics, parts } = tally
  const sums = { received, alerts, quarantined, duplicates, revisions, lost }
  return { ...sums, nights, topics, parts, seconds }
}

function streamSummary(tally: Tally, seconds: number, settings: Settings): string {
  return [
    `${duration(seconds)}, ${amount(tally.parts, 'part')}, ${size(tally.bytes)} written`,
    table([
      ['received', count(tally.received)],
      ['alerts', count(tally.alerts)],
      ['quarantined', count(tally.quarantinedTotal), listOf(tally.quarantined)],
      ['duplicates', count(tally.duplicates)],
      ...revisionRows(tally),
      ...(tally.lost > 0
        ? [['lost', count(tally.lost), 'deleted by Kafka before they were read']]
        : []),
      ['nights', count(Object.keys(tally.nights).length), listOf(tally.nights)]
    ]),
    '',
    ...topicTable(tally),
    `lake    ${settings.lake}`,
    `verify  ${overLake('siskin verify', settings)} ${kafkaFlags(settings)} ${streamFlags(settings)}`.trimEnd()
  ].join('\n')
}

function topicTable({ topics }: Tally): string[] {
  const rows = Object.entries(topics).map(([topic, alerts]) => [topic, count(alerts)])
  return rows.length === 0 ? [] : [table([['topic', 'alerts'], ...rows]), '']
}
