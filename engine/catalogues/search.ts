import type { Extent } from '../contract/index.ts'
import type { Reach } from './asked.ts'
import type { SkyIndex } from './sky-index.ts'

const RAD = Math.PI / 180

export interface Found {
  /** Which place; -1 for none. */
  readonly at: number
  /** Arc seconds, NaN for none. */
  readonly separation: number
  /** The same, or the share of the object's radius in this direction: of two the smaller one is nearer. */
  readonly share: number
}

const NONE: Found = { at: -1, separation: Number.NaN, share: Number.POSITIVE_INFINITY }

/** Columns of a catalogue that a search reads besides those that are wanted. */
export function extentColumns({ extent }: Reach): string[] {
  const { semimajor, semiminor, angle } = extent ?? {}
  return [semimajor, semiminor, angle].filter((column) => column !== undefined)
}

/** Finds the nearest place to a position, of those within reach; of equally near ones the first. */
export function searchOf(
  index: SkyIndex,
  { radius, extent }: Reach,
  columns: ReadonlyMap<string, ArrayLike<unknown>>
): (ra: number, dec: number) => Found {
  const shareOf = extent
    ? extentShare(extent, columns)
    : (_: number, separation: number) => separation
  return (ra, dec) => {
    let best = NONE
    index.within(ra, dec, radius, (at, separation, objectRa, objectDec) => {
      const share = shareOf(at, separation, () => angleTo(objectRa, objectDec, ra, dec))
      if (Number.isNaN(share) || (extent && share > 1)) return
      if (share < best.share || (share === best.share && at < best.at))
        best = { at, separation, share }
    })
    return best
  }
}

/** The separation as a share of the radius of an ellipse in that direction; NaN for an object without one. */
function extentShare(
  { semimajor, semiminor, angle, times }: Extent,
  columns: ReadonlyMap<string, ArrayLike<unknown>>
) {
  const valueOf = (column: string | undefined, at: number) => {
    const value = column === undefined ? null : columns.get(column)![at]
    return value === null || value === undefined ? Number.NaN : Number(value)
  }
  return (at: number, separation: number, direction: () => number): number => {
    const a = valueOf(semimajor, at) * times
    const b = valueOf(semiminor, at) * times
    const turned = valueOf(angle, at)
    if (!(a > 0)) return Number.NaN
    if (!(b > 0) || Number.isNaN(turned)) return separation / a
    const theta = direction() - turned * RAD
    return (separation * Math.hypot(a * Math.sin(theta), b * Math.cos(theta))) / (a * b)
  }
}

/** The position angle from one place to another: radians from north through east. */
function angleTo(ra1: number, dec1: number, ra2: number, dec2: number): number {
  const turn = (ra2 - ra1) * RAD
  const [from, to] = [dec1 * RAD, dec2 * RAD]
  return Math.atan2(
    Math.sin(turn) * Math.cos(to),
    Math.cos(from) * Math.sin(to) - Math.sin(from) * Math.cos(to) * Math.cos(turn)
  )
}
