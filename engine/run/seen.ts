/** Slots of the table: 4 million alert ids at its fullest, 64 MiB, whatever the night brings. */
const SLOTS = 2 ** 22
const FULLEST = SLOTS * 0.75

/** The memory of a `SeenAlerts`, shared by the members of one process. */
export interface SeenMemory {
  readonly ids: SharedArrayBuffer
  readonly owners: SharedArrayBuffer
  readonly count: SharedArrayBuffer
}

export function seenMemory(): SeenMemory {
  return {
    ids: new SharedArrayBuffer(SLOTS * 8),
    owners: new SharedArrayBuffer(SLOTS * 4),
    count: new SharedArrayBuffer(4)
  }
}

/**
 * Which alert ids were met, and by which range. The first range to claim an id has it; a range that
 * is worked on again finds its own claims still its own. When the table is full, new ids are let
 * through unremembered: a copy may then stay in the lake, an alert is never lost.
 */
export class SeenAlerts {
  readonly #ids: BigInt64Array
  readonly #owners: Int32Array
  readonly #count: Int32Array
  readonly #words = new Int32Array(2)
  readonly #id = new BigInt64Array(this.#words.buffer)

  constructor(memory: SeenMemory) {
    this.#ids = new BigInt64Array(memory.ids)
    this.#owners = new Int32Array(memory.owners)
    this.#count = new Int32Array(memory.count)
  }

  /**
   * @param low @param high the two words of the id; @param range a number above 0 that tells this
   * range from all others; @param inRange ids this attempt has taken itself.
   */
  claim(low: number, high: number, range: number, inRange: Set<bigint>): boolean {
    this.#words[0] = low
    this.#words[1] = high
    const id = this.#id[0]!
    if (inRange.has(id)) return false
    inRange.add(id)
    let slot = (Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)) >>> 0
    for (let tries = 0; tries < 64; tries++, slot++) {
      const at = slot % SLOTS
      let held = Atomics.load(this.#ids, at)
      if (held === 0n) {
        if (Atomics.load(this.#count, 0) > FULLEST) return true
        held = Atomics.compareExchange(this.#ids, at, 0n, id)
        if (held === 0n) {
          Atomics.add(this.#count, 0, 1)
          Atomics.store(this.#owners, at, range)
          return true
        }
      }
      if (held === id) {
        const owner = Atomics.load(this.#owners, at)
        return owner === range || owner === 0
      }
    }
    return true
  }
}
