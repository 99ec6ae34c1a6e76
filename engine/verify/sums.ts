import type { Reason } from '../reasons.ts'
import type { OnFinding } from './finding.ts'
import type { ClosedAccount } from '../lake/closed.ts'
import type { PartRecord } from '../lake/ledger.ts'
import type { AcknowledgedLoss } from './proof-notes.ts'

/** The account of all parts that are looked at. */
export class Sums {
  readonly #acknowledged: ReadonlyMap<string, readonly AcknowledgedLoss[]>
  readonly #onFinding: OnFinding
  readonly #sums = {
    received: 0,
    alerts: 0,
    duplicates: 0,
    lost: 0,
    requeued: 0,
    quarantined: {} as Partial<Record<Reason, number>>,
    nights: {} as Record<string, number>,
    topics: {} as Record<string, number>
  }

  constructor(
    acknowledged: ReadonlyMap<string, readonly AcknowledgedLoss[]>,
    onFinding: OnFinding
  ) {
    this.#acknowledged = acknowledged
    this.#onFinding = onFinding
  }

  /** @param night `night=YYYYMMDD`: of the alerts only those of it; null: all. */
  add(record: PartRecord, night: string | null): void {
    const sums = this.#sums
    const { requeued, stream, closes } = record
    if (closes) return this.#closed(closes, night)
    const { nights } = record
    const isOwn = ([key]: [string, number]) =>
      night === null || `night=${key.split('/')[1]}` === night
    const own = Object.fromEntries(Object.entries(nights).filter(isOwn))
    sums.alerts += Object.values(own).reduce((sum, count) => sum + count, 0)
    sums.duplicates += record.duplicates
    addTo(sums.nights, own)
    for (const { topic, published } of Object.values(record.filters)) {
      addTo(sums.topics, { [topic]: published })
    }
    if (requeued) {
      sums.requeued += record.received
      for (const [reason, count] of Object.entries(requeued.reasons)) {
        addTo(sums.quarantined, { [reason]: -count })
      }
    } else {
      sums.received += record.received
      addTo(sums.quarantined, record.quarantined)
    }
    if (stream && stream.lost > 0) this.#lost(record, stream.lost)
  }

  /** Its alerts are counted where they came in; of copies that lie there once all others are duplicates. */
  #closed({ night: key, copies }: ClosedAccount, night: string | null): void {
    if (night !== null && `night=${key.split('/')[1]}` !== night) return
    this.#sums.alerts -= copies
    this.#sums.duplicates += copies
    if (copies > 0) addTo(this.#sums.nights, { [key]: -copies })
  }

  #lost(record: PartRecord, lost: number): void {
    this.#sums.lost += lost
    const { source, first, last } = record
    const known = this.#acknowledged.get(source)?.find((part) => part.first === first)
    if (known && known.lost >= lost) return
    const text = `source ${source}: ${lost} of the offsets ${first} to ${last} were deleted by Kafka before they were read: they are lost (siskin repair takes note of it)`
    this.#onFinding({ kind: 'lost', record, text, isDifference: true })
  }

  totals() {
    const quarantined = Object.entries(this.#sums.quarantined).filter(([, count]) => count > 0)
    const acknowledged = [...this.#acknowledged.values()].flat()
    return {
      ...this.#sums,
      quarantined: Object.fromEntries(quarantined) as Partial<Record<Reason, number>>,
      acknowledged: acknowledged.reduce((sum, { lost }) => sum + lost, 0)
    }
  }
}

function addTo<K extends string>(
  to: Partial<Record<K, number>>,
  from: Readonly<Partial<Record<K, number>>>
): void {
  for (const key of Object.keys(from) as K[]) to[key] = (to[key] ?? 0) + (from[key] ?? 0)
}
