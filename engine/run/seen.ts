import type { Survey } from '../contract/index.ts'
import type { Met } from '../duplicates/marks.ts'

/** Slots of the table: 3 million alerts at its fullest, 64 MiB, whatever the night brings. */
const SLOTS = 2 ** 22
const FULLEST = SLOTS * 0.75
const TRIES = 64

/** The memory of a `SeenAlerts`, shared by the members of one process. */
export interface SeenMemory {
  readonly ids: SharedArrayBuffer
  readonly tags: SharedArrayBuffer
  readonly count: SharedArrayBuffer
}

export function seenMemory(): SeenMemory {
  return {
    ids: new SharedArrayBuffer(SLOTS * 8),
    tags: new SharedArrayBuffer(SLOTS * 8),
    count: new SharedArrayBuffer(4)
  }
}

/** The range that alerts of earlier runs belong to. */
const EARLIER = 0x7fffffff
const LSST = 1n << 63n

/**
 * Which alerts were met (survey, id and digest of the packet), and by which range. The first range to
 * claim an alert has it; a range that is worked on again finds its own claims still its own. When the table is
 * full, alerts are let through unremembered: a copy is then found by the index (`duplicates/`) once that has its
 * original, or stays in the lake; an alert is never lost.
 *
 * A slot is an id and a tag: survey (1 bit), range (31), digest (32). Who writes the tag has the slot, so
 * that a member that dies between the two leaves a slot that is free for the same id.
 */
export class SeenAlerts {
  readonly #ids: BigInt64Array
  readonly #tags: BigInt64Array
  readonly #count: Int32Array
  readonly #words = new Int32Array(2)
  readonly #id = new BigInt64Array(this.#words.buffer)

  constructor(memory: SeenMemory) {
    this.#ids = new BigInt64Array(memory.ids)
    this.#tags = new BigInt64Array(memory.tags)
    this.#count = new Int32Array(memory.count)
  }

  /** Alerts that an earlier run took in. */
  remember(survey: Survey, low: number, high: number, digest: number): void {
    this.claim(survey, low, high, digest, EARLIER)
  }

  /**
   * @param low @param high the two words of the id; @param digest CRC-32 of the packet; @param range a
   * number from 1 to 2^31 - 2 that tells this range from all others.
   */
  claim(survey: Survey, low: number, high: number, digest: number, range: number): Met {
    this.#words[0] = low
    this.#words[1] = high
    const id = this.#id[0]!
    const tag = tagOf(survey, range, digest)
    let slot = (Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)) >>> 0
    let met: Met = 'new'
    for (let tries = 0; tries < TRIES; tries++, slot++) {
      const at = slot % SLOTS
      const held = this.#hold(at, id)
      if (held === null) return met
      if (held !== id) continue
      const other = Atomics.compareExchange(this.#tags, at, 0n, tag)
      if (other === 0n) Atomics.add(this.#count, 0, 1)
      if (other === 0n || other === tag) return met
      if (isCopy(tag, other)) return 'copy'
      if (isOfSurvey(tag, other)) met = 'revision'
    }
    return met
  }

  /** The id that has a slot: this one if it was free. Null when the table is full. */
  #hold(at: number, id: bigint): bigint | null {
    const held = Atomics.load(this.#ids, at)
    if (held !== 0n) return held
    if (Atomics.load(this.#count, 0) > FULLEST) return null
    const before = Atomics.compareExchange(this.#ids, at, 0n, id)
    return before === 0n ? id : before
  }
}

function tagOf(survey: Survey, range: number, digest: number): bigint {
  const tag = (BigInt(range) << 32n) | BigInt(digest >>> 0)
  return BigInt.asIntN(64, survey === 'lsst' ? tag | LSST : tag)
}

function isOfSurvey(tag: bigint, other: bigint): boolean {
  return tag < 0n === other < 0n
}

function isCopy(tag: bigint, other: bigint): boolean {
  return isOfSurvey(tag, other) && BigInt.asUintN(32, tag) === BigInt.asUintN(32, other)
}
