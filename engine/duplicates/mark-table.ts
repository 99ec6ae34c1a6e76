import type { Survey } from '../contract/index.ts'
import type { Met } from './marks.ts'

const CODES: Readonly<Record<Survey, number>> = { ztf: 1, lsst: 2 }
const LEAST_SLOTS = 1024
const FULLEST = 0.6

/** Marks of alerts, to be met and forgotten one by one: 13 bytes a slot. */
export class MarkTable {
  #slots: Slots = slots(LEAST_SLOTS)
  size = 0

  get byteLength(): number {
    return this.#slots.codes.length * 13
  }

  /** How the alert stands to those in the table. */
  meet(survey: Survey, low: number, high: number, digest: number): Met {
    const { codes, lows, highs, digests } = this.#slots
    let met: Met = 'new'
    for (let at = this.#home(low, high); codes[at] !== 0; at = this.#next(at)) {
      if (lows[at] !== low >>> 0 || highs[at] !== high >>> 0) continue
      if (codes[at] !== CODES[survey]) continue
      if (digests[at] === digest >>> 0) return 'copy'
      met = 'revision'
    }
    return met
  }

  add(survey: Survey, low: number, high: number, digest: number): void {
    const { codes, lows, highs, digests } = this.#slots
    const at = this.#find(survey, low, high, digest)
    if (codes[at] !== 0) return
    codes[at] = CODES[survey]
    lows[at] = low
    highs[at] = high
    digests[at] = digest
    if (++this.size > codes.length * FULLEST) this.#resize(codes.length * 2)
  }

  /** Forgets a mark; that it is not there is no error. */
  remove(survey: Survey, low: number, high: number, digest: number): void {
    const { codes, lows, highs, digests } = this.#slots
    let hole = this.#find(survey, low, high, digest)
    if (codes[hole] === 0) return
    this.size--
    codes[hole] = 0
    // What lies behind the hole moves into it, unless it is at home between the hole and its place.
    for (let at = this.#next(hole); codes[at] !== 0; at = this.#next(at)) {
      const home = this.#home(lows[at]!, highs[at]!)
      const distance = (from: number) => (at - from + codes.length) % codes.length
      if (distance(home) < distance(hole)) continue
      codes[hole] = codes[at]!
      lows[hole] = lows[at]!
      highs[hole] = highs[at]!
      digests[hole] = digests[at]!
      codes[at] = 0
      hole = at
    }
    const { length } = codes
    if (length > LEAST_SLOTS && this.size < length * 0.1) this.#resize(length / 2)
  }

  clear(): void {
    this.#slots = slots(LEAST_SLOTS)
    this.size = 0
  }

  /** The slot of a mark, or the free one where it would be. */
  #find(survey: Survey, low: number, high: number, digest: number): number {
    const { codes, lows, highs, digests } = this.#slots
    let at = this.#home(low, high)
    for (; codes[at] !== 0; at = this.#next(at)) {
      const isIt = lows[at] === low >>> 0 && highs[at] === high >>> 0
      if (isIt && digests[at] === digest >>> 0 && codes[at] === CODES[survey]) return at
    }
    return at
  }

  #home(low: number, high: number): number {
    let mixed = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
    return ((mixed ^ (mixed >>> 13)) >>> 0) & (this.#slots.codes.length - 1)
  }

  #next(at: number): number {
    return (at + 1) & (this.#slots.codes.length - 1)
  }

  #resize(count: number): void {
    const old = this.#slots
    this.#slots = slots(count)
    const { codes, lows, highs, digests } = this.#slots
    for (let from = 0; from < old.codes.length; from++) {
      if (old.codes[from] === 0) continue
      let at = this.#home(old.lows[from]!, old.highs[from]!)
      while (codes[at] !== 0) at = this.#next(at)
      codes[at] = old.codes[from]!
      lows[at] = old.lows[from]!
      highs[at] = old.highs[from]!
      digests[at] = old.digests[from]!
    }
  }
}

interface Slots {
  /** 0: free. */
  readonly codes: Uint8Array
  readonly lows: Uint32Array
  readonly highs: Uint32Array
  readonly digests: Uint32Array
}

/** `count` is a power of two. */
function slots(count: number): Slots {
  return {
    codes: new Uint8Array(count),
    lows: new Uint32Array(count),
    highs: new Uint32Array(count),
    digests: new Uint32Array(count)
  }
}
