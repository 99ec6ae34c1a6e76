import { healpixCentre } from '../../table/healpix.ts'
import { pixelsAround } from '../../table/healpix-neighbours.ts'

const FINEST = 8
/** Rows that a pixel has on average where there are any: one without is then a gap of the catalogue and no chance. */
const ENOUGH = 20

/**
 * Where a catalogue of these rows can have something, as a MOC: the pixels with rows and those that touch them, of the finest
 * order in which such pixels have many.
 * @param pixels of order 29, ascending
 */
export function footprintOf(pixels: BigInt64Array): Record<string, number[]> {
  let order = FINEST
  let own = occupied(pixels, order)
  while (order > 0 && pixels.length / own.length < ENOUGH) own = occupied(pixels, --order)
  const covered = new Set<number>()
  for (const pixel of own) {
    const [ra, dec] = healpixCentre(pixel, order)
    for (const near of pixelsAround(ra, dec, order)) covered.add(near)
  }
  return mocOf(covered, order)
}

function occupied(pixels: BigInt64Array, order: number): number[] {
  const shift = BigInt(2 * (29 - order))
  const found: number[] = []
  let end = -1n
  for (const pixel of pixels) {
    if (pixel < end) continue
    const own = pixel >> shift
    found.push(Number(own))
    end = (own + 1n) << shift
  }
  return found
}

/** Four pixels of one parent become that. */
function mocOf(pixels: ReadonlySet<number>, finest: number): Record<string, number[]> {
  const moc: Record<string, number[]> = {}
  let now = pixels
  for (let order = finest; now.size > 0; order--) {
    const groups = Map.groupBy(
      [...now].sort((a, b) => a - b),
      (pixel) => Math.floor(pixel / 4)
    )
    const isFull = (group: readonly number[]) => order > 0 && group.length === 4
    const kept = [...groups.values()].filter((group) => !isFull(group)).flat()
    if (kept.length > 0) moc[order] = kept
    now = new Set([...groups].filter(([, group]) => isFull(group)).map(([parent]) => parent))
  }
  return moc
}
