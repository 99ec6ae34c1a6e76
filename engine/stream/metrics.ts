import { Family } from '../metrics/family.ts'
import type { ModuleAccount, PartRecord } from '../persist/ledger.ts'
import { REASONS } from '../reasons.ts'
import { SISKIN_VERSION } from '../version.ts'
import type { BatchAccount } from './batch-account.ts'
import type { PartitionLag } from './messages.ts'
import { METRICS } from './metric-defs.ts'
import { partitionOf } from './partition.ts'
import type { Aside } from './aside.ts'

/** Why a member ended unasked. */
export type DeathCause = 'failed' | 'crashed' | 'stalled'

/** What is as it is now, not counted. */
export interface Gauges {
  readonly members: number
  readonly alive: number
  readonly joined: number
  readonly waiting: number
  readonly lags: readonly PartitionLag[]
  /** Partitions that are left alone. */
  readonly aside: readonly Aside[]
  /** Resident memory by member, bytes. */
  readonly memory: Readonly<Record<string, number>>
  readonly ready: boolean
}

type MetricName = keyof typeof METRICS

/** A night's topic that nothing was heard of for so long is left out: there is a new one every night. */
const FORGET_MS = 48 * 3600 * 1000

const FAILURES = ['threw', 'timeout', 'rows', 'type', 'nan', 'off'].map((code) => `failed:${code}`)

/** Counts what the members of a supervisor tell it. */
export class StreamMetrics {
  readonly #families = Object.fromEntries(
    Object.entries(METRICS).map(([key, def]) => [key, new Family(def)])
  ) as Record<MetricName, Family>
  readonly #heard = new Map<string, number>()
  readonly #modules = new Set<string>()

  constructor() {
    const { info, startTime, parts, lastCommit, batches, deaths, ...rest } = this.#families
    info.set(1, SISKIN_VERSION, process.versions.node)
    startTime.set(Math.round(Date.now() - process.uptime() * 1000) / 1000)
    for (const outcome of ['landed', 'fenced']) batches.add(0, outcome)
    for (const cause of ['failed', 'crashed', 'stalled']) deaths.add(0, cause)
    for (const kind of ['alerts', 'packets', 'quarantine']) rest.written.add(0, kind)
    for (const counter of [parts, rest.restarts, rest.assignments]) counter.add(0)
    lastCommit.set(0)
  }

  committed(records: readonly PartRecord[], batch: BatchAccount | null): void {
    for (const record of records) this.#part(record)
    if (!batch) return
    const { receivedBytes, latency, stageSeconds, batches, lastCommit } = this.#families
    for (const [topic, bytes] of Object.entries(batch.bytes)) receivedBytes.add(bytes, topic)
    for (const [topic, spread] of Object.entries(batch.latency)) latency.merge(spread, topic)
    for (const [stage, seconds] of Object.entries(batch.seconds)) {
      stageSeconds.observe(seconds, stage)
    }
    batches.add(1, 'landed')
    lastCommit.set(Date.now() / 1000)
  }

  fenced(): void {
    this.#families.batches.add(1, 'fenced')
  }

  assigned(): void {
    this.#families.assignments.add(1)
  }

  died(cause: DeathCause): void {
    this.#families.deaths.add(1, cause)
  }

  restarted(): void {
    this.#families.restarts.add(1)
  }

  /** To be told once a second. */
  lags(lags: readonly PartitionLag[]): void {
    const { lagSpread } = this.#families
    for (const [topic, own] of Map.groupBy(lags, ({ topic }) => topic)) {
      this.#hear(topic)
      const sum = own.reduce((total, { lag }) => total + lag, 0)
      lagSpread.observe(sum, topic)
    }
    this.#forget()
  }

  /** All metrics, with the gauges as they are now. */
  families(gauges: Gauges): Iterable<Family> {
    const { lag, memberMemory, aside, ...rest } = this.#families
    rest.members.set(gauges.members)
    rest.membersAlive.set(gauges.alive)
    rest.membersJoined.set(gauges.joined)
    rest.waiting.set(gauges.waiting)
    rest.ready.set(gauges.ready ? 1 : 0)
    rest.memory.set(process.memoryUsage.rss())
    lag.clear()
    for (const { topic, partition, lag: n } of gauges.lags) lag.set(n, topic, String(partition))
    aside.clear()
    for (const { topic, partition, reason } of gauges.aside) {
      aside.set(1, topic, String(partition), reason)
    }
    memberMemory.clear()
    for (const [member, bytes] of Object.entries(gauges.memory)) memberMemory.set(bytes, member)
    return Object.values(this.#families)
  }

  #part(record: PartRecord): void {
    const { parts, received, duplicates, alerts, written, quarantined, lost } = this.#families
    const topic = partitionOf(record.source).topic
    this.#hear(topic)
    parts.add(1)
    received.add(record.received, topic)
    duplicates.add(record.duplicates, topic)
    lost.add(record.stream?.lost ?? 0, topic)
    for (const [key, count] of Object.entries(record.nights)) {
      alerts.add(count, key.slice(0, key.indexOf('/')), topic)
    }
    for (const [reason, count] of Object.entries(record.quarantined)) {
      quarantined.add(count, topic, reason)
    }
    for (const { kind, bytes } of record.files) written.add(bytes, kind)
    for (const [name, account] of Object.entries(record.modules)) this.#module(name, account)
    const { selected, filterFailures } = this.#families
    for (const [name, { topic: output, published, failed }] of Object.entries(record.filters)) {
      selected.add(published, name, output)
      filterFailures.add(failed, name)
    }
  }

  #module(name: string, { statuses, ms }: ModuleAccount): void {
    const { modules, moduleSeconds } = this.#families
    if (!this.#modules.has(name)) {
      for (const status of ['ok', ...FAILURES]) modules.add(0, name, status)
      this.#modules.add(name)
    }
    for (const [status, count] of Object.entries(statuses)) modules.add(count, name, status)
    moduleSeconds.observe(ms / 1000, name)
  }

  /** A counter that begins above 0 has no rate: what may come is there with 0 from the start. */
  #hear(topic: string): void {
    if (!this.#heard.has(topic)) {
      const { received, receivedBytes, duplicates, quarantined, lost } = this.#families
      for (const counter of [received, receivedBytes, duplicates, lost]) counter.add(0, topic)
      for (const reason of Object.keys(REASONS)) quarantined.add(0, topic, reason)
    }
    this.#heard.set(topic, performance.now())
  }

  #forget(): void {
    const now = performance.now()
    for (const [topic, at] of this.#heard) {
      if (now - at < FORGET_MS) continue
      for (const family of Object.values(this.#families)) family.forget('topic', topic)
      this.#heard.delete(topic)
    }
  }
}
