import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Command } from 'commander'
import { makePlan } from '../engine/enrich/plan.ts'
import { UsageError } from '../engine/errors.ts'
import { openStore } from '../engine/persist/open-store.ts'
import { Tally } from '../engine/run/tally.ts'
import { checkStream } from '../engine/stream/check.ts'
import type { StreamSettings } from '../engine/stream/settings.ts'
import { StreamSupervisor } from '../engine/stream/supervisor.ts'
import type { StreamStatus } from '../engine/stream/supervisor.ts'
import { pickFilters, pickModules } from './registries.ts'
import { addSettings, readSettings } from './settings.ts'
import type { Settings } from './settings.ts'
import { STREAM_SETTINGS } from './stream-settings.ts'
import type { StreamValues } from './stream-settings.ts'
import { count, duration, ProgressLine, size, table } from './terminal.ts'

export function addStream(program: Command): void {
  const command = program
    .command('stream')
    .description('take alerts from Kafka into the lake and topics, exactly once, for ever')
    .option('--json', 'print the account at the end as one JSON object')
    .addHelpText(
      'after',
      '\nExample:\n  siskin stream --brokers localhost:9092 --topics ztf_20260110_programid1 --lake lake\n  siskin stream --config stream.yaml --workers 4'
    )
  const own = Object.keys(STREAM_SETTINGS) as (keyof StreamValues)[]
  addSettings(command, ['lake', 'schemas', 'modules', 'filters', 'surveys', ...own])
  command.action(async (options: { json?: boolean }) => {
    const settings = readSettings(command)
    const { tally, seconds } = await stream(settings)
    if (options.json) console.log(JSON.stringify(streamJson(tally, seconds), null, 1))
    else console.log(streamSummary(tally, seconds, settings.lake))
  })
}

interface StreamResult {
  readonly tally: Tally
  readonly seconds: number
}

/** Runs members until they are told to stop, with one live line for all. */
async function stream(settings: Settings): Promise<StreamResult> {
  const live = streamSettings(settings)
  makePlan(pickModules(settings.modules), pickFilters(settings.filters)) // wrong use is told at once
  await checkStream(live)
  const line = new ProgressLine(process.stderr)
  const stop = new AbortController()
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(130)
    line.say('stopping after the micro-batches in work; once more to stop at once')
    stop.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  const tally = new Tally()
  const rate = new Rate()
  const started = performance.now()
  const supervisor = new StreamSupervisor({
    settings: live,
    store: openStore(settings.lake),
    workers: settings.workers,
    name: `${settings.group}-${hostname()}-${randomBytes(4).toString('hex')}`,
    program: new URL('./stream-member.ts', import.meta.url),
    progressSeconds: settings.progressSeconds,
    idleSeconds: settings.untilIdle,
    signal: stop.signal,
    onRecords: (records) => {
      for (const record of records) tally.add(record)
    },
    onProgress: (status) => {
      rate.at(tally.received)
      line.update(() => statusText(status, tally, rate.perSecond))
    },
    onLog: (level, message) => line.say(`${level}: ${message}`)
  })
  try {
    await supervisor.run()
    return { tally, seconds: (performance.now() - started) / 1000 }
  } finally {
    line.clear()
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}

function streamSettings(settings: Settings): StreamSettings {
  const { brokers, topics, lake, schemas, modules, filters, surveys, group, from } = settings
  if (brokers.length === 0) throw new UsageError('no brokers: say where Kafka is with --brokers')
  if (topics.length === 0) throw new UsageError('no topics: say what to take in with --topics')
  return {
    kafka: {
      brokers,
      user: settings.kafkaUser,
      password: settings.kafkaPassword,
      mechanism: settings.kafkaMechanism,
      tls: settings.kafkaCa !== null,
      ca: settings.kafkaCa === 'system' ? null : settings.kafkaCa
    },
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
    modules,
    filters,
    surveys,
    output: {
      prefix: settings.outPrefix,
      partitions: settings.outPartitions,
      replication: settings.outReplication,
      retentionDays: settings.outRetentionDays,
      registry: settings.outRegistry
    },
    sessionSeconds: settings.sessionSeconds,
    refreshSeconds: settings.refreshSeconds
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
    `${count(tally.alerts)} alerts · ${count(perSecond)}/s · lag ${count(status.lag)}` +
    ` · last commit ${duration(status.commitSeconds)} · ${count(tally.quarantinedTotal)} quarantined` +
    ` · ${status.joined} of ${status.members} members · ${size(status.memory)}`
  )
}

function streamJson(tally: Tally, seconds: number) {
  const { received, alerts, quarantined, duplicates, nights, topics, parts } = tally
  return { received, alerts, quarantined, duplicates, nights, topics, parts, seconds }
}

function streamSummary(tally: Tally, seconds: number, lake: string): string {
  return [
    `${duration(seconds)}, ${count(tally.parts)} parts, ${size(tally.bytes)} written`,
    table([
      ['received', count(tally.received)],
      ['alerts', count(tally.alerts)],
      ['quarantined', count(tally.quarantinedTotal)],
      ['duplicates', count(tally.duplicates)]
    ]),
    '',
    table([
      ['topic', 'alerts'],
      ...Object.entries(tally.topics).map(([topic, alerts]) => [topic, count(alerts)])
    ]),
    '',
    `lake    ${lake}`,
    `verify  siskin verify --lake ${lake}`
  ].join('\n')
}
