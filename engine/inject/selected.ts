import { spansFrom } from '../lake/ledger.ts'
import { recordsAt } from '../lake/records.ts'
import type { Store } from '../store/store.ts'

/** What the ledger says of the injected alerts of a source. */
export interface Landed {
  /** How many are in the lake. */
  readonly alerts: number
  /** By topic: ids of those that belong to it, whether it got them or not; topics that take none too. */
  readonly topics: ReadonlyMap<string, ReadonlySet<string>>
}

export async function landed(store: Store, source: string): Promise<Landed> {
  let alerts = 0
  const topics = new Map<string, Set<string>>()
  for await (const record of recordsAt(store, source, await spansFrom(store, source, 0))) {
    const { nights = {}, topics: own = {} } = record.injected ?? {}
    alerts += Object.values(nights).reduce((sum, count) => sum + count, 0)
    for (const { topic } of Object.values(record.filters)) {
      const ids = topics.get(topic) ?? new Set()
      topics.set(topic, ids)
      for (const id of own[topic] ?? []) ids.add(id)
    }
  }
  return { alerts, topics }
}
