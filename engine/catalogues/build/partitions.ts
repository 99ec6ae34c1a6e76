import type { Pixel } from '../hats/pixels.ts'

/** As fine as partitions get, however many rows one has. */
const FINEST = 14

/** A partition: its pixel, and which of the rows in the order of the sky it has. */
export interface Partition extends Pixel {
  readonly from: number
  readonly to: number
}

/** Pixels with at most `most` rows, as large as they can be. @param pixels of order 29, ascending */
export function partitionsOf(pixels: BigInt64Array, most: number): Partition[] {
  const found: Partition[] = []
  const divide = (order: number, pixel: number, from: number, to: number): void => {
    if (from === to) return
    if (to - from <= most || order === FINEST) {
      found.push({ order, pixel, from, to })
      return
    }
    for (let child = 0, start = from; child < 4; child++) {
      const next = pixel * 4 + child
      const end = firstBehind(pixels, start, to, order + 1, next)
      divide(order + 1, next, start, end)
      start = end
    }
  }
  for (let face = 0, start = 0; face < 12; face++) {
    const end = firstBehind(pixels, start, pixels.length, 0, face)
    divide(0, face, start, end)
    start = end
  }
  return found
}

/** The first of [from, to) that lies behind a pixel. */
function firstBehind(
  pixels: BigInt64Array,
  from: number,
  to: number,
  order: number,
  pixel: number
): number {
  const end = BigInt(pixel + 1) << BigInt(2 * (29 - order))
  let [low, high] = [from, to]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (pixels[middle]! < end) low = middle + 1
    else high = middle
  }
  return low
}
