/** Ids that are remembered before the older half is let go. */
const MOST = 500_000

/**
 * Alert ids this member took in lately: a survey that sends an alert twice sends the copies close
 * to each other. Ids count when their part is committed; those of parts that were dropped never do.
 */
export class RecentIds {
  #young = new Set<bigint>()
  #old = new Set<bigint>()
  /** By part, in the order they were made; not committed yet. */
  readonly #pending = new Map<string, Set<bigint>>()
  readonly #words = new Int32Array(2)
  readonly #id = new BigInt64Array(this.#words.buffer)

  /** Claims ids for a part: the function says false for an id that was met before. */
  claims(part: string): (low: number, high: number) => boolean {
    const own = new Set<bigint>()
    this.#pending.delete(part)
    const before = [...this.#pending.values()]
    this.#pending.set(part, own)
    return (low, high) => {
      this.#words[0] = low
      this.#words[1] = high
      const id = this.#id[0]!
      const met = own.has(id) || this.#young.has(id) || this.#old.has(id)
      if (met || before.some((ids) => ids.has(id))) return false
      own.add(id)
      return true
    }
  }

  committed(part: string): void {
    for (const id of this.#pending.get(part) ?? []) this.#young.add(id)
    this.#pending.delete(part)
    if (this.#young.size < MOST) return
    this.#old = this.#young
    this.#young = new Set()
  }

  /** Forgets all parts that were not committed. */
  dropped(): void {
    this.#pending.clear()
  }
}
