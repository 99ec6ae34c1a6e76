import type { ClosedAccount } from '../lake/closed.ts'
import type { PartRecord } from '../lake/ledger.ts'
import type { Reason } from '../reasons.ts'

/** The sum of the accounts of many parts. */
export class Tally {
  received = 0
  alerts = 0
  /** Of the alerts: those that were simulated and put among real ones; no night counts them. */
  injected = 0
  duplicates = 0
  /** Of the alerts: those whose id came before with other bytes. */
  revisions = 0
  /** Offsets that Kafka had deleted before they were read. */
  lost = 0
  /** Packets that were in quarantine and are alerts now: they are counted where they were received, once. */
  requeued = 0
  parts = 0
  /** Bytes written into the lake. */
  bytes = 0
  readonly quarantined: Partial<Record<Reason, number>> = {}
  readonly nights: Record<string, number> = {}
  readonly modules: Record<string, Record<string, number>> = {}
  readonly moduleMs: Record<string, number> = {}
  readonly topics: Record<string, number> = {}
  readonly filterFailures: Record<string, number> = {}
  readonly seconds: Record<string, number> = {}

  add(record: PartRecord): void {
    for (const file of record.files) this.bytes += file.bytes
    if (record.closes) return this.#closed(record.closes)
    this.parts++
    if (record.requeued) this.requeued += record.received
    else this.received += record.received
    this.alerts += record.alerts
    this.duplicates += record.duplicates
    this.revisions += record.revisions ?? 0
    this.lost += record.stream?.lost ?? 0
    addAll(this.quarantined, record.quarantined)
    for (const [reason, freed] of Object.entries(record.requeued?.reasons ?? {})) {
      addAll(this.quarantined, { [reason]: -freed })
    }
    addAll(this.nights, record.nights)
    for (const [night, own] of Object.entries(record.injected?.nights ?? {})) {
      this.injected += own
      addAll(this.nights, { [night]: -own })
    }
    addAll(this.seconds, record.seconds)
    for (const [name, { statuses, ms }] of Object.entries(record.modules)) {
      addAll((this.modules[name] ??= {}), statuses)
      addAll(this.moduleMs, { [name]: ms })
    }
    for (const [name, { topic, published, failed }] of Object.entries(record.filters)) {
      addAll(this.topics, { [topic]: published })
      if (failed > 0) addAll(this.filterFailures, { [name]: failed })
    }
  }

  /** Its alerts are counted where they came in, without the rows that are copies. */
  #closed({ night, copies }: ClosedAccount): void {
    this.alerts -= copies
    this.duplicates += copies
    if (copies > 0) addAll(this.nights, { [night]: -copies })
  }

  get quarantinedTotal(): number {
    return Object.values(this.quarantined).reduce((sum, count) => sum + count, 0)
  }
}

function addAll(to: Record<string, number>, from: Readonly<Record<string, number>>): void {
  for (const [key, count] of Object.entries(from)) to[key] = (to[key] ?? 0) + count
}
