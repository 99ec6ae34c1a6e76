import { faceOf } from './healpix.ts'

/** The order in which catalogues of HATS number their rows: pixels of 0.4 milliarcseconds. */
const NSIDE = 2 ** 29

/**
 * The nested pixels of order 29 of positions, as 64-bit integers, the form of `_healpix_29`.
 * @param ra degrees; @param dec degrees in [-90, 90], both finite
 */
export function healpix29(ra: ArrayLike<number>, dec: ArrayLike<number>): BigInt64Array {
  const pixels = new BigInt64Array(ra.length)
  const words = new Uint32Array(pixels.buffer)
  for (let i = 0; i < ra.length; i++) {
    const [face, x, y] = faceOf(ra[i]!, dec[i]!, NSIDE)
    words[i * 2] = spread(x & 0xffff) | (spread(y & 0xffff) << 1)
    words[i * 2 + 1] = (face << 26) | spread(x >>> 16) | (spread(y >>> 16) << 1)
  }
  return pixels
}

/** Puts a zero bit between the bits of a number below 2^16. */
function spread(value: number): number {
  let bits = value
  bits = (bits | (bits << 8)) & 0x00ff00ff
  bits = (bits | (bits << 4)) & 0x0f0f0f0f
  bits = (bits | (bits << 2)) & 0x33333333
  bits = (bits | (bits << 1)) & 0x55555555
  return bits
}
