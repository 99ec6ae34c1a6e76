import { DuckDBInstance } from '@duckdb/node-api'
import { loadInput } from '../build/input.ts'
import { pixelsAround } from '../../table/healpix-neighbours.ts'
import type { Hats } from '../hats/hats.ts'
import { orderFor } from '../hats/match.ts'
import { loadPiece, piecesOf } from '../hats/pieces.ts'
import { placeColumns, unsaid } from '../place-columns.ts'
import { SkyIndex } from '../sky-index.ts'

export interface Cone {
  /** Degrees. */
  readonly ra: number
  readonly dec: number
  /** Arc seconds. */
  readonly radius: number
}

/** A row of a catalogue with how far it lies from where was asked. */
export type Near = { readonly separation: number } & Readonly<Record<string, unknown>>

/** All of a HATS catalogue within a cone, the nearest first. */
export async function coneOfHats(hats: Hats, cone: Cone): Promise<Near[]> {
  const asked = new Set<number>()
  const order = orderFor(cone.radius)
  for (const pixel of pixelsAround(cone.ra, cone.dec, order)) {
    hats.partitions.overlapping(order, pixel, (at) => asked.add(at))
  }
  const found: Near[] = []
  for (const at of asked) {
    for (const piece of await piecesOf(hats, hats.partitions.pixels[at]!)) {
      const names = piece.file.metadata.schema.slice(1).map((own) => own.name)
      const { index, columns } = await loadPiece(hats, piece, names)
      found.push(...nearIn(index, cone, names, (name, row) => columns.get(name)![row]))
    }
  }
  return found.sort(bySeparation)
}

/** The same of a CSV or Parquet file on this machine. */
export async function coneOfFile(path: string, cone: Cone): Promise<Near[]> {
  const instance = await DuckDBInstance.create(':memory:')
  const db = await instance.connect()
  try {
    await loadInput(db, path)
    const reader = await db.runAndReadAll('SELECT * EXCLUDE ("siskin row") FROM input')
    const names = reader.columnNames()
    const columns = reader.getColumnsJS() as unknown[][]
    const place = placeColumns(path, names.map(unsaid))
    const numbers = (name: string) =>
      Float64Array.from(columns[names.indexOf(name)]!, (value) =>
        value === null ? Number.NaN : Number(value)
      )
    const index = new SkyIndex(numbers(place.ra), numbers(place.dec))
    return nearIn(index, cone, names, (name, row) => columns[names.indexOf(name)]![row]).sort(
      bySeparation
    )
  } finally {
    db.closeSync()
    instance.closeSync()
  }
}

function nearIn(
  index: SkyIndex,
  { ra, dec, radius }: Cone,
  names: readonly string[],
  valueOf: (name: string, row: number) => unknown
): Near[] {
  const found: Near[] = []
  index.within(ra, dec, radius, (at, separation) => {
    const values = names.map((name) => [name, valueOf(name, at)] as const)
    found.push({ separation, ...Object.fromEntries(values) })
  })
  return found
}

function bySeparation(a: Near, b: Near): number {
  return a.separation - b.separation
}
