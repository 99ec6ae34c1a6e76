import { faceOf, pixel } from './healpix.ts'

/** Steps to a pixel itself and to its eight neighbours. */
const STEPS = [0, -1, 1].flatMap((dx) => [0, -1, 1].map((dy) => [dx, dy] as const))

/**
 * The face behind an edge or a corner of a face, by how x and y leave it: `3 * (dy + 1) + (dx + 1)`; -1 where only three
 * pixels meet (Gorski et al. 2005, section 4).
 */
const BEHIND = [
  [8, 9, 10, 11, -1, -1, -1, -1, 10, 11, 8, 9],
  [5, 6, 7, 4, 8, 9, 10, 11, 9, 10, 11, 8],
  [-1, -1, -1, -1, 5, 6, 7, 4, -1, -1, -1, -1],
  [4, 5, 6, 7, 11, 8, 9, 10, 11, 8, 9, 10],
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  [1, 2, 3, 0, 0, 1, 2, 3, 5, 6, 7, 4],
  [-1, -1, -1, -1, 7, 4, 5, 6, -1, -1, -1, -1],
  [3, 0, 1, 2, 3, 0, 1, 2, 4, 5, 6, 7],
  [2, 3, 0, 1, -1, -1, -1, -1, 0, 1, 2, 3]
] as const

/** How x and y are turned there, for northern, equatorial and southern faces: 1 mirrors x, 2 mirrors y, 4 swaps them. */
const TURNED = [
  [0, 0, 3],
  [0, 0, 6],
  [0, 0, 0],
  [0, 0, 5],
  [0, 0, 0],
  [5, 0, 0],
  [0, 0, 0],
  [6, 0, 0],
  [3, 0, 0]
] as const

/**
 * The nested pixel of a position, first, and those that touch it: whatever is nearer than the smallest width of a pixel lies in one
 * of them.
 * @param ra degrees; @param dec degrees in [-90, 90]; @param order 0 to 24
 */
export function pixelsAround(ra: number, dec: number, order: number): number[] {
  const nside = 2 ** order
  const [face, x, y] = faceOf(ra, dec, nside)
  const found = new Set<number>()
  for (const [dx, dy] of STEPS) {
    const own = neighbour(face, x + dx, y + dy, nside)
    if (own >= 0) found.add(own)
  }
  return [...found]
}

function neighbour(face: number, x: number, y: number, nside: number): number {
  const [dx, dy] = [outside(x, nside), outside(y, nside)]
  if (dx === 0 && dy === 0) return pixel(face, x, y, nside)
  const way = 3 * (dy + 1) + dx + 1
  const behind = BEHIND[way]![face]!
  if (behind < 0) return -1
  let [u, v] = [x - dx * nside, y - dy * nside]
  const turned = TURNED[way]![Math.floor(face / 4)]!
  if (turned & 1) u = nside - u - 1
  if (turned & 2) v = nside - v - 1
  if (turned & 4) [u, v] = [v, u]
  return pixel(behind, u, v, nside)
}

function outside(at: number, nside: number): number {
  return at < 0 ? -1 : Number(at >= nside)
}

/** Degrees: what lies nearer to a position than this is in the pixels around it; 0.74 widths of a square at worst, measured. */
export function reachAround(order: number): number {
  return (0.5 * 58.632) / 2 ** order
}
