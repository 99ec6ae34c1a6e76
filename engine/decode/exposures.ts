import { isPlausible } from '../table/time.ts'

/**
 * Times nearer to each other than this (days; 0.09 s) are of one exposure: surveys round them, to
 * 1e-7 d and finer, and take no two exposures within ten seconds.
 */
const SAME_EXPOSURE = 1e-6

/** What is asked of two entries of one exposure and rank, by their place in the packet's list. */
export interface Tie {
  readonly idOf: (at: number) => bigint
  /** From the alert, in any unit; NaN where there is none. */
  readonly distanceOf?: (at: number) => number
}

/**
 * The epochs of one list of one packet, each exposure once and in order of time, however the survey
 * sent them. Kept between packets: no memory is taken per packet.
 */
export class Exposures {
  #count = 0
  #mjd = new Float64Array(64)
  #band = new Uint8Array(64)
  #rank = new Uint8Array(64)
  #at = new Int32Array(64)
  #inOrder = true

  clear(): void {
    this.#count = 0
    this.#inOrder = true
  }

  /**
   * Takes entry `at` of the packet's list; one without a usable time is left out. `rank` says which
   * of two entries of one exposure (one time and band) counts: the higher.
   */
  add(mjd: number, band: number, rank: number, at: number): void {
    if (!isPlausible(mjd)) return
    const i = this.#count
    if (i === this.#mjd.length) this.#grow()
    if (i > 0 && !(mjd - this.#mjd[i - 1]! > SAME_EXPOSURE)) this.#inOrder = false
    this.#mjd[i] = mjd
    this.#band[i] = band
    this.#rank[i] = rank
    this.#at[i] = at
    this.#count++
  }

  /**
   * Puts the exposures in order; how many there are. Of two entries of one exposure and rank the one
   * nearest to the alert counts, then that with the lower id, so that the order they were sent in
   * does not matter.
   */
  sortOnce(tie: Tie): number {
    if (!this.#inOrder) this.#sortOnce(tie)
    this.#inOrder = true
    return this.#count
  }

  mjd(i: number): number {
    return this.#mjd[i]!
  }

  /** Which entry of the packet's list exposure `i` is. */
  at(i: number): number {
    return this.#at[i]!
  }

  #sortOnce(tie: Tie): void {
    const times = this.#mjd
    const order = Array.from({ length: this.#count }, (_, i) => i)
    order.sort((a, b) => times[a]! - times[b]! || a - b)
    const entries = order.map((i) => ({
      mjd: times[i]!,
      band: this.#band[i]!,
      rank: this.#rank[i]!,
      at: this.#at[i]!
    }))
    const isTwice = entries.some((entry, i) => i > 0 && isSameTime(entry.mjd, entries[i - 1]!.mjd))
    this.#count = 0
    for (const { mjd, band, rank, at } of isTwice ? onceEach(entries, tie) : entries) {
      this.add(mjd, band, rank, at)
    }
  }

  #grow(): void {
    const size = this.#mjd.length * 2
    const copy = <A extends Float64Array | Uint8Array | Int32Array>(from: A, to: A): A => {
      to.set(from)
      return to
    }
    this.#mjd = copy(this.#mjd, new Float64Array(size))
    this.#band = copy(this.#band, new Uint8Array(size))
    this.#rank = copy(this.#rank, new Uint8Array(size))
    this.#at = copy(this.#at, new Int32Array(size))
  }
}

interface Entry {
  readonly mjd: number
  readonly band: number
  readonly rank: number
  readonly at: number
}

/** Of entries in order of time, one of each exposure; in order of time too. */
function onceEach(entries: readonly Entry[], tie: Tie): Entry[] {
  const kept: Entry[] = []
  for (const entry of entries) {
    let same = kept.length - 1
    while (same >= 0 && isSameTime(kept[same]!.mjd, entry.mjd) && kept[same]!.band !== entry.band) {
      same--
    }
    const before = kept[same]
    if (!before || !isSameTime(before.mjd, entry.mjd)) kept.push(entry)
    else if (counts(entry, before, tie)) kept[same] = entry
  }
  return kept.sort((a, b) => a.mjd - b.mjd)
}

function counts(entry: Entry, before: Entry, { idOf, distanceOf }: Tie): boolean {
  if (entry.rank !== before.rank) return entry.rank > before.rank
  const nearer = (distanceOf?.(before.at) ?? 0) - (distanceOf?.(entry.at) ?? 0)
  return nearer === 0 || Number.isNaN(nearer) ? idOf(entry.at) < idOf(before.at) : nearer > 0
}

/** Whether two times (MJD) are of one exposure. */
export function isSameTime(a: number, b: number): boolean {
  return Math.abs(a - b) <= SAME_EXPOSURE
}
