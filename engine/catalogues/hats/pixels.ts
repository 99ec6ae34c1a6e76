/** The order at which stretches of the sky are compared: the finest whose numbers are exact. */
const FINEST = 24

/** A pixel of the sky with rows of its own: `Norder` and `Npix` of a partition. */
export interface Pixel {
  readonly order: number
  readonly pixel: number
}

/** Pixels that do not overlap, of any orders, as stretches of nested numbers. */
export class PixelSet {
  readonly pixels: readonly Pixel[]
  readonly #from: Float64Array
  readonly #to: Float64Array

  constructor(pixels: readonly Pixel[]) {
    this.pixels = [...pixels].sort((a, b) => startOf(a) - startOf(b))
    this.#from = Float64Array.from(this.pixels, startOf)
    this.#to = Float64Array.from(this.pixels, endOf)
  }

  /** Calls with the number of each own pixel that has something of a pixel. */
  overlapping(order: number, pixel: number, visit: (at: number) => void): void {
    const from = startOf({ order, pixel })
    const to = endOf({ order, pixel })
    for (let at = this.#first(from); at < this.#from.length && this.#from[at]! < to; at++) visit(at)
  }

  has(order: number, pixel: number): boolean {
    let found = false
    this.overlapping(order, pixel, () => (found = true))
    return found
  }

  /** The first that does not end before `from`. */
  #first(from: number): number {
    let [low, high] = [0, this.#to.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#to[middle]! <= from) low = middle + 1
      else high = middle
    }
    return low
  }
}

function startOf({ order, pixel }: Pixel): number {
  return pixel * 4 ** (FINEST - order)
}

function endOf({ order, pixel }: Pixel): number {
  return (pixel + 1) * 4 ** (FINEST - order)
}
