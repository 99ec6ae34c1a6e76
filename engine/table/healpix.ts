const HALF_PI = Math.PI / 2
const FACE_ROW = [2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4]
const FACE_COLUMN = [1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7]

/** The order of the `healpix` column: pixels of 6.4 arcsec, 1.3e10 of them. */
export const HEALPIX_ORDER = 15

/**
 * The nested HEALPix pixel of a position (Gorski et al. 2005, ApJ 622, 759).
 * @param ra degrees, any turn; @param dec degrees in [-90, 90]; @param order 0 to 24.
 * @returns a number, exact: orders up to 24 stay below 2^53.
 */
export function healpixNested(ra: number, dec: number, order: number): number {
  const nside = 2 ** order
  const [face, x, y] = faceOf(ra, dec, nside)
  return pixel(face, x, y, nside)
}

/** Which of the twelve faces a position lies on, and where on it, in pixels. */
export function faceOf(ra: number, dec: number, nside: number): [number, number, number] {
  // By way of the angle from the pole, as healpy has it: a corner then falls to the same pixel.
  const z = Math.cos(HALF_PI - (dec * Math.PI) / 180)
  const absZ = Math.abs(z)
  const turn = (((ra / 90) % 4) + 4) % 4
  const tt = turn === 4 ? 0 : turn
  if (absZ <= 2 / 3) {
    const a = nside * (0.5 + tt)
    const b = nside * z * 0.75
    const ascending = Math.floor(a - b)
    const descending = Math.floor(a + b)
    const up = Math.floor(ascending / nside)
    const down = Math.floor(descending / nside)
    const face = up === down ? (up & 3) + 4 : up < down ? up & 3 : (down & 3) + 8
    return [face, mod(descending, nside), nside - mod(ascending, nside) - 1]
  }
  const quarter = Math.min(3, Math.floor(tt))
  const tp = tt - quarter
  // Near a pole 1 - |sin(dec)| cancels: from the angle to the pole it does not.
  const fromPole = HALF_PI - Math.abs((dec * Math.PI) / 180)
  const scale = nside * Math.sqrt(6) * Math.sin(fromPole / 2)
  const jp = Math.min(nside - 1, Math.floor(tp * scale))
  const jm = Math.min(nside - 1, Math.floor((1 - tp) * scale))
  return z >= 0 ? [quarter, nside - jm - 1, nside - jp - 1] : [quarter + 8, jp, jm]
}

function mod(value: number, n: number): number {
  const rest = value % n
  return rest < 0 ? rest + n : rest
}

/** The nested pixel at a place on a face. */
export function pixel(face: number, x: number, y: number, nside: number): number {
  return face * nside * nside + spread(x) + 2 * spread(y)
}

/** Puts a zero bit between the bits of a number below 2^24. */
function spread(value: number): number {
  const low = spread12(value & 0xfff)
  const high = spread12((value >>> 12) & 0xfff)
  return high * 2 ** 24 + low
}

function spread12(value: number): number {
  let bits = value
  bits = (bits | (bits << 8)) & 0x00ff00ff
  bits = (bits | (bits << 4)) & 0x0f0f0f0f
  bits = (bits | (bits << 2)) & 0x33333333
  bits = (bits | (bits << 1)) & 0x55555555
  return bits
}

/** The centre of a nested pixel: [ra, dec] in degrees. */
export function healpixCentre(pixelIndex: number, order: number): [number, number] {
  const nside = 2 ** order
  const inFace = nside * nside
  const face = Math.floor(pixelIndex / inFace)
  const rest = pixelIndex - face * inFace
  const x = squeeze(rest)
  const y = squeeze(Math.floor(rest / 2))
  const row = FACE_ROW[face]! * nside - x - y - 1
  let z = 0
  let inRing = nside
  let shift = 0
  if (row < nside) {
    inRing = row
    z = 1 - (row * row) / (3 * inFace)
  } else if (row > 3 * nside) {
    inRing = 4 * nside - row
    z = (inRing * inRing) / (3 * inFace) - 1
  } else {
    z = ((2 * nside - row) * 2) / (3 * nside)
    shift = (row - nside) & 1
  }
  let column = (FACE_COLUMN[face]! * inRing + x - y + 1 + shift) / 2
  if (column > 4 * nside) column -= 4 * nside
  if (column < 1) column += 4 * nside
  const ra = (column - (shift + 1) / 2) * (90 / inRing)
  return [mod(ra, 360), (Math.asin(z) * 180) / Math.PI]
}

function squeeze(value: number): number {
  let bits = 0
  let left = value
  for (let bit = 1; left > 0; bit *= 2) {
    if (left % 2 === 1) bits += bit
    left = Math.floor(left / 4)
  }
  return bits
}
