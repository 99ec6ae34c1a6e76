import { eachTaken } from '../lake/closed.ts'
import type { Moved } from '../lake/closed.ts'
import type { PartRecord } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'

/** A packet of the lake: the file it is kept in, and which of the alerts that point into that file is its. */
export interface Packet {
  readonly file: string
  readonly nth: number
}

/** Parts as they were before their nights were closed, and where their packets are since. */
export class ClosedPackets {
  readonly #parts = new Map<string, PartRecord>()
  readonly #moved = new Map<string, Moved>()
  /** By file, packets whose alerts are copies and have no row. */
  readonly #copies = new Map<string, number[]>()

  static async read(store: Store, records: readonly PartRecord[]): Promise<ClosedPackets> {
    const closed = new ClosedPackets()
    for (const record of records) {
      if (!record.closes) continue
      for await (const { record: own, moved } of eachTaken(store, record)) closed.#add(own, moved)
    }
    return closed
  }

  /** Of a part that two nights were closed of, each knows the files that it took. */
  #add(record: PartRecord, moved: readonly Moved[]): void {
    const name = `${record.source} ${record.first}`
    const before = this.#parts.get(name)
    const files = [...(before?.files ?? []), ...record.files]
    const once = [...new Map(files.map((file) => [file.path, file])).values()]
    this.#parts.set(name, { ...record, files: once })
    for (const own of moved) {
      this.#moved.set(own.from, own)
      if (!own.copies) continue
      const all = this.#copies.get(own.to) ?? []
      this.#copies.set(own.to, [...all, ...own.copies.map((nth) => own.nth + nth)])
    }
  }

  before(record: PartRecord): PartRecord {
    return this.#parts.get(`${record.source} ${record.first}`) ?? record
  }

  /** Undefined for a copy that has no row any more. */
  now({ file, nth }: Packet): Packet | undefined {
    const moved = this.#moved.get(file)
    if (!moved) return { file, nth }
    const at = moved.nth + nth
    const copies = this.#copies.get(moved.to) ?? []
    if (copies.includes(at)) return undefined
    return { file: moved.to, nth: at - copies.filter((copy) => copy < at).length }
  }
}
