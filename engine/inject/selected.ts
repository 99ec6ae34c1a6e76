import { readMarks } from '../duplicates/marks.ts'
import { spansFrom } from '../lake/ledger.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { blocksOf, ledgerSources, readBlock } from '../lake/ledger-walk.ts'
import { recordsAt } from '../lake/records.ts'
import type { Store } from '../store/store.ts'

/** What the ledger says of the injected alerts of a source. */
export interface Landed {
  /** How many are in the lake, by way of this source or as copies of what another brought. */
  readonly alerts: number
  /** By topic: ids of those that belong to it, whether it got them or not; topics that take none too. */
  readonly topics: ReadonlyMap<string, ReadonlySet<string>>
  /** Versions of each filter that were asked, by its name: null among them where some alerts were not asked of it. */
  readonly versions: ReadonlyMap<string, ReadonlySet<string | null>>
}

export async function landed(
  store: Store,
  source: string,
  filters: readonly string[]
): Promise<Landed> {
  const sum = new Sum(filters)
  for await (const record of recordsAt(store, source, await spansFrom(store, source, 0))) {
    sum.own(record)
  }
  if (sum.isWhole) return sum
  for (const other of await ledgerSources(store)) {
    if (other === source) continue
    for await (const block of blocksOf(store, other)) {
      for (const record of (await readBlock(store, block)).records) sum.other(record)
      if (sum.isWhole) return sum
    }
  }
  return sum
}

class Sum implements Landed {
  #taken = 0
  readonly topics = new Map<string, Set<string>>()
  readonly versions = new Map<string, Set<string | null>>()
  readonly #filters: readonly string[]
  /** Copies whose originals another source brought: what topics say of them is in its parts. */
  readonly #elsewhere = new Set<string>()

  constructor(filters: readonly string[]) {
    this.#filters = filters
  }

  get alerts(): number {
    return this.#taken - this.#elsewhere.size
  }

  get isWhole(): boolean {
    return this.#elsewhere.size === 0
  }

  own(record: PartRecord): void {
    const { injected, alerts, duplicates, copies = {} } = record
    const counts = Object.values(injected?.nights ?? {})
    this.#taken += counts.reduce((sum, count) => sum + count, 0) + duplicates
    for (const mark of marksOf(copies)) this.#elsewhere.add(mark)
    if (alerts > 0) this.#ask(record)
  }

  other(record: PartRecord): void {
    if (!record.injected) return
    let isAsked = false
    for (const mark of marksOf(record.marks ?? {})) {
      if (this.#elsewhere.delete(mark)) isAsked = true
    }
    if (isAsked) this.#ask(record)
  }

  #ask({ filters, injected }: PartRecord): void {
    for (const { topic } of Object.values(filters)) {
      const ids = this.topics.get(topic) ?? new Set()
      this.topics.set(topic, ids)
      for (const id of injected?.topics[topic] ?? []) ids.add(id)
    }
    for (const name of this.#filters) {
      const asked = this.versions.get(name) ?? new Set()
      this.versions.set(name, asked.add(filters[name]?.version ?? null))
    }
  }
}

function* marksOf(texts: Readonly<Record<string, string>>): Generator<string> {
  for (const [night, marks] of readMarks(texts)) {
    for (const mark of marks) yield `${night} ${mark.join(' ')}`
  }
}
