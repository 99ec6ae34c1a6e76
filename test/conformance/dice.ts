/** Seeded chance: the same throws at every run, on every machine. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** Uniform in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next()
  }

  /** A whole number in [low, high]. */
  whole(low: number, high: number): number {
    return low + Math.floor((high - low + 1) * this.next())
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(from: readonly T[]): T {
    return from[this.whole(0, from.length - 1)]!
  }

  /** Nearly normal: the sum of twelve uniforms, free of the machine's logarithm. */
  normal(): number {
    let sum = -6
    for (let i = 0; i < 12; i++) sum += this.next()
    return sum
  }

  shuffled<T>(from: readonly T[]): T[] {
    const items = [...from]
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.whole(0, i)
      const item = items[i]!
      items[i] = items[j]!
      items[j] = item
    }
    return items
  }
}
