import type { DuckDBConnection } from '@duckdb/node-api'
import { messageOf, UsageError } from '../../errors.ts'
import { healpix29 } from '../../table/healpix29.ts'
import { decOf, raOf } from './coordinates.ts'
import type { RaUnit } from './coordinates.ts'
import { ident } from './sql.ts'

/** Where rows lie; of one row at the same number in each. */
export interface Places {
  /** Numbers of the rows in the input, from 1 on. */
  readonly rows: readonly number[]
  /** Degrees. */
  readonly ra: Float64Array
  readonly dec: Float64Array
  /** Nested pixels of order 29, ascending: not in the order of the others. */
  readonly pixels: BigInt64Array
}

interface Columns {
  readonly input: string
  readonly ra: string
  readonly dec: string
  readonly raUnit: RaUnit
}

/**
 * A table `rows` of `input` in the order of the sky, with degrees and pixels.
 * @returns also the numbers of rows without a place, which are left out
 * @throws UsageError that names the row whose coordinates are none
 */
export async function addPlaces(
  db: DuckDBConnection,
  columns: Columns
): Promise<{ readonly places: Places; readonly without: number[] }> {
  const { rows, ra, dec, without } = await read(db, columns)
  const pixels = healpix29(ra, dec)
  await db.run('CREATE TABLE places (row BIGINT, pixel BIGINT, ra DOUBLE, dec DOUBLE)')
  const appender = await db.createAppender('places')
  for (const [at, row] of rows.entries()) {
    appender.appendBigInt(BigInt(row))
    appender.appendBigInt(pixels[at]!)
    appender.appendDouble(ra[at]!)
    appender.appendDouble(dec[at]!)
    appender.endRow()
  }
  appender.closeSync()
  await db.run(
    'CREATE TABLE rows AS SELECT places.pixel, places.ra AS "siskin ra", places.dec AS "siskin dec", input.* FROM places JOIN input ON places.row = input."siskin row" ORDER BY pixel, row'
  )
  return { places: { rows, ra, dec, pixels: pixels.sort() }, without }
}

async function read(db: DuckDBConnection, columns: Columns) {
  const { input, raUnit } = columns
  const names = `${ident(columns.ra)}, ${ident(columns.dec)}`
  const reader = await db.runAndReadAll(`SELECT ${names} FROM input ORDER BY "siskin row"`)
  const [ras = [], decs = []] = reader.getColumnsJS() as unknown[][]
  const [ra, dec] = [new Float64Array(ras.length), new Float64Array(ras.length)]
  const rows: number[] = []
  const without: number[] = []
  for (let i = 0; i < ras.length; i++) {
    const at = rows.length
    try {
      ra[at] = raOf(ras[i], raUnit)
      dec[at] = decOf(decs[i])
    } catch (error) {
      throw new UsageError(`${input}, row ${i + 1}: ${messageOf(error)}`, { cause: error })
    }
    if (Number.isNaN(ra[at]) || Number.isNaN(dec[at])) without.push(i + 1)
    else rows.push(i + 1)
  }
  return { rows, without, ra: ra.subarray(0, rows.length), dec: dec.subarray(0, rows.length) }
}
