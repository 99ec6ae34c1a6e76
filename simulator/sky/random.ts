const GOLDEN = 0x9e3779b9

/** Mixes two 32-bit integers into one; the root of every random stream. */
export function mix(a: number, b: number): number {
  let h = Math.imul(a ^ (b + GOLDEN + (a << 6) + (a >>> 2)), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39)
  return (h ^ (h >>> 15)) >>> 0
}

/** A key from words and numbers: the same everywhere, whoever computes it and in whatever order. */
export function keyOf(seed: number, ...parts: (number | string)[]): number {
  let key = mix(seed, 0x51a5)
  for (const part of parts) {
    if (typeof part === 'number') {
      key = mix(key, Math.floor(part) | 0)
    } else {
      for (let i = 0; i < part.length; i++) key = mix(key, part.charCodeAt(i))
    }
  }
  return key
}

/** A key from a word alone. */
export function keyOfText(text: string): number {
  return keyOf(0, text)
}

/** One uniform number in [0, 1) that belongs to a pair of keys. */
export function uniformAt(key: number, index: number): number {
  return mix(key, index) / 4294967296
}

/** One standard normal number that belongs to a pair of keys. */
export function normalAt(key: number, index: number): number {
  const u = (mix(key, index) + 0.5) / 4294967296
  const v = mix(key ^ 0x6d2b79f5, index) / 4294967296
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v)
}

/** A stream of random numbers that depends on its key alone (counter based: splittable). */
export class Rng {
  #key: number
  #count = 0

  constructor(key: number) {
    this.#key = key >>> 0
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return mix(this.#key, this.#count++) / 4294967296
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.uniform()
  }

  chance(probability: number): boolean {
    return this.uniform() < probability
  }

  int(below: number): number {
    return Math.floor(this.uniform() * below)
  }

  normal(mean = 0, sigma = 1): number {
    const u = 1 - this.uniform()
    return mean + sigma * Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * this.uniform())
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.uniform())
  }

  rayleigh(sigma: number): number {
    return sigma * Math.sqrt(-2 * Math.log(1 - this.uniform()))
  }

  poisson(mean: number): number {
    if (mean <= 0) return 0
    if (mean > 60) return Math.max(0, Math.round(this.normal(mean, Math.sqrt(mean))))
    const limit = Math.exp(-mean)
    let product = this.uniform()
    let count = 0
    while (product > limit) {
      product *= this.uniform()
      count++
    }
    return count
  }

  /** Gamma of unit scale (Marsaglia and Tsang 2000). */
  gamma(shape: number): number {
    if (shape < 1) return this.gamma(shape + 1) * Math.pow(1 - this.uniform(), 1 / shape)
    const d = shape - 1 / 3
    const c = 1 / Math.sqrt(9 * d)
    for (;;) {
      const x = this.normal()
      const v = Math.pow(1 + c * x, 3)
      if (v > 0 && Math.log(1 - this.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) {
        return d * v
      }
    }
  }

  beta(a: number, b: number): number {
    const x = this.gamma(a)
    return x / (x + this.gamma(b))
  }

  /** Student's t. */
  student(freedom: number): number {
    return this.normal() / Math.sqrt((2 * this.gamma(freedom / 2)) / freedom)
  }

  /** A magnitude from dN/dm proportional to 10^(slope m). */
  powerLaw(low: number, high: number, slope: number): number {
    const a = Math.pow(10, slope * low)
    const b = Math.pow(10, slope * high)
    return Math.log10(a + (b - a) * this.uniform()) / slope
  }

  pick<T>(list: readonly T[]): T {
    const item = list[this.int(list.length)]
    if (item === undefined) throw new Error('pick from an empty list')
    return item
  }
}
