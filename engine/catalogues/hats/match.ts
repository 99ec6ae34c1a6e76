import type { LookupStatus } from '../../contract/index.ts'
import { healpixNested } from '../../table/healpix.ts'
import { pixelsAround, reachAround } from '../../table/healpix-neighbours.ts'
import type { Asked, Matches, Positions, Wanted } from '../asked.ts'
import { faultOf } from '../fault.ts'
import { asked } from '../kinds.ts'
import { extentColumns, searchOf } from '../search.ts'
import type { Found } from '../search.ts'
import type { Hats } from './hats.ts'
import { PieceCache } from './piece-cache.ts'
import type { Piece } from './pieces.ts'

/** The finest order in which positions are looked up: pixels of 0.2 arcsec. */
const FINEST = 20
/** Pixels of order 29 in one of order 24, in which stretches are compared. */
const IN_24 = 4 ** 5

export interface HatsOptions {
  /** Bytes of it that are held in memory. */
  readonly cacheBytes: number
  /** Hears of partitions that cannot be read, each once. */
  readonly warn: (message: string) => void
}

/** A catalogue on disk, of which the partitions are read that alerts fall into. */
export function askHats(hats: Hats, { cacheBytes, warn }: HatsOptions): Asked {
  const cache = new PieceCache(hats, cacheBytes)
  const told = new Set<number>()
  return {
    name: hats.name,
    version: hats.version,
    async nearest(positions, reach, wanted) {
      const { order, asking } = partitionsOf(hats, positions, reach.radius)
      const names = [...new Set([...wanted.keys(), ...extentColumns(reach)])]
      const matches = new Best(hats, positions, wanted)
      for (const [at, rows] of asking) {
        try {
          for (const piece of await cache.pieces(at)) {
            const own = rowsIn(piece, rows, positions, order)
            if (own.length === 0) continue
            const { index, columns } = await cache.load(at, piece, names)
            const search = searchOf(index, reach, columns)
            for (const row of own) {
              const found = search(positions.ra[row]!, positions.dec[row]!)
              if (found.at >= 0) matches.take(row, found, columns)
            }
          }
        } catch (error) {
          if (!told.has(at)) warn(`${faultOf(hats.name, error)}: who asks there gets "unavailable"`)
          told.add(at)
          matches.lose(rows)
        }
      }
      return matches
    }
  }
}

/** Which rows have something of a partition within reach, by the number of the partition. */
function partitionsOf({ partitions }: Hats, { ra, dec }: Positions, radius: number) {
  const order = orderFor(radius)
  const asking = new Map<number, number[]>()
  for (let row = 0; row < ra.length; row++) {
    if (Number.isNaN(ra[row]!) || Number.isNaN(dec[row]!)) continue
    for (const pixel of pixelsAround(ra[row]!, dec[row]!, order)) {
      partitions.overlapping(order, pixel, (at) => {
        const rows = asking.get(at)
        if (!rows) asking.set(at, [row])
        else if (rows.at(-1) !== row) rows.push(row)
      })
    }
  }
  return { order, asking: [...asking].sort(([a], [b]) => a - b) }
}

/** The finest order in which what is within `radius` arc seconds lies in the pixels around. */
export function orderFor(radius: number): number {
  let order = FINEST
  while (order > 0 && reachAround(order) * 3600 < radius) order--
  return order
}

/** Those of the rows that may have a neighbour in a row group. */
function rowsIn(
  { span }: Piece,
  rows: readonly number[],
  { ra, dec }: Positions,
  order: number
): readonly number[] {
  if (!span) return rows
  const [low, high] = [Number(span[0]) / IN_24, Number(span[1]) / IN_24]
  const scale = 4 ** (24 - order)
  return rows.filter((row) =>
    pixelsAround(ra[row]!, dec[row]!, order).some(
      (pixel) => pixel * scale <= high && (pixel + 1) * scale >= low
    )
  )
}

/** The nearest so far of each row, with what is wanted of it. */
class Best implements Matches {
  readonly #hats: Hats
  readonly #positions: Positions
  readonly #separation: Float64Array
  /** By which of two is nearer. */
  readonly #share: Float64Array
  readonly #lost: Uint8Array
  readonly #wanted: Wanted
  readonly #values: ReadonlyMap<string, unknown[]>

  constructor(hats: Hats, positions: Positions, wanted: Wanted) {
    const rows = positions.ra.length
    this.#hats = hats
    this.#positions = positions
    this.#separation = new Float64Array(rows).fill(Number.NaN)
    this.#share = new Float64Array(rows).fill(Number.POSITIVE_INFINITY)
    this.#lost = new Uint8Array(rows)
    this.#wanted = wanted
    this.#values = new Map([...wanted.keys()].map((column) => [column, Array(rows).fill(null)]))
  }

  take(
    row: number,
    { at, separation, share }: Found,
    columns: ReadonlyMap<string, ArrayLike<unknown>>
  ): void {
    if (this.#share[row]! <= share) return
    this.#share[row] = share
    for (const [column, kind] of this.#wanted) {
      this.#values.get(column)![row] = asked(column, kind, columns.get(column)![at])
    }
    this.#separation[row] = separation
  }

  /** Of these it cannot be said what is nearest. */
  lose(rows: readonly number[]): void {
    for (const row of rows) this.#lost[row] = 1
  }

  status(row: number): LookupStatus {
    if (this.#lost[row] === 1) return 'unavailable'
    if (!Number.isNaN(this.#separation[row]!)) return 'found'
    return this.#isCovered(row) ? 'none' : 'not-covered'
  }

  separation(row: number): number | null {
    return this.status(row) === 'found' ? this.#separation[row]! : null
  }

  value(column: string, row: number): unknown {
    return this.#lost[row] === 1 ? null : (this.#values.get(column)?.[row] ?? null)
  }

  /** An alert without a place is within nobody's reach. */
  #isCovered(row: number): boolean {
    const { footprint } = this.#hats
    const { ra, dec } = this.#positions
    if (!footprint || Number.isNaN(ra[row]!) || Number.isNaN(dec[row]!)) return true
    return footprint.has(24, healpixNested(ra[row]!, dec[row]!, 24))
  }
}
