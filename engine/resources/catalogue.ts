import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import type { Need } from '../contract/index.ts'
import { messageOf, unknownName, UsageError } from '../errors.ts'
import { openParquet } from '../lake/files/parquet-file.ts'
import type { Row } from '../lake/files/parquet-file.ts'
import { filesAt, readWhole } from '../store/files.ts'
import { openStore } from '../store/open-store.ts'
import { csvRows, csvTable } from './csv-rows.ts'
import { placeColumns } from '../catalogues/place-columns.ts'
import type { Asked } from '../catalogues/asked.ts'
import { searchOf } from '../catalogues/search.ts'
import { SkyIndex } from '../catalogues/sky-index.ts'

/** A catalogue in memory: places, and the columns that somebody asked for. */
export interface Catalogue {
  readonly name: string
  /** The first 12 hex digits of the SHA-256 of its file. */
  readonly version: string
  readonly index: SkyIndex
  /** Values by column, in the order of the file. */
  readonly columns: ReadonlyMap<string, readonly unknown[]>
}

/** To be asked as any. */
export function inMemory({ name, version, index, columns }: Catalogue): Asked {
  return {
    name,
    version,
    async nearest({ ra, dec }, reach) {
      const search = searchOf(index, reach, columns)
      const at = new Int32Array(ra.length)
      const separation = new Float64Array(ra.length)
      for (let row = 0; row < ra.length; row++) {
        const nearest = search(ra[row]!, dec[row]!)
        at[row] = nearest.at
        separation[row] = nearest.separation
      }
      return {
        status: (row) => (at[row]! >= 0 ? 'found' : 'none'),
        separation: (row) => (at[row]! >= 0 ? separation[row]! : null),
        value: (column, row) => columns.get(column)?.[at[row]!] ?? null
      }
    }
  }
}

/**
 * Reads `<folder>/<name>.parquet`, or `.csv`, with a place (`ra` and `dec` in degrees, ICRS, or one of their usual names),
 * and the columns that are asked for. Rows without a place are nobody's neighbour. Null where there is no such file.
 * @throws UsageError that names what is wrong with it.
 */
export async function readCatalogue(
  folder: string,
  name: string,
  asked: readonly Need<unknown>[],
  warn: (message: string) => void
): Promise<Catalogue | null> {
  const file = await findFile(folder.replace(/\/+$/, ''), name)
  if (!file) return null
  const bytes = await readWhole(file.path, file.size)
  const version = createHash('sha256').update(bytes).digest('hex').slice(0, 12)
  const { rows, place } = await readRows(folder, name, file, bytes, asked)
  const ra = numbersOf(file.path, rows, place.ra)
  const dec = numbersOf(file.path, rows, place.dec)
  for (const need of asked) expectKind(file.path, rows, need)
  const index = new SkyIndex(ra, dec)
  expectPlaces(file.path, index, { ra, dec }, warn)
  const wanted = [...new Set(asked.map(({ column }) => column))]
  const columns = wanted.map((column) => [column, rows.map((row) => said(row[column]))] as const)
  return { name, version, index, columns: new Map(columns) }
}

interface File {
  readonly path: string
  readonly size: number
}

/** @throws UsageError where it is there in both forms */
async function findFile(folder: string, name: string): Promise<File | null> {
  const found: File[] = []
  for (const ending of ['parquet', 'csv']) {
    const path = `${folder}/${name}.${ending}`
    const info = await filesAt(path).info(path)
    if (info?.kind === 'file') found.push({ path, size: info.size })
  }
  const [file = null, other] = found
  if (!other) return file
  throw new UsageError(
    `catalogue ${name} is there twice: ${found.map(({ path }) => path).join(' and ')}`
  )
}

/** A text without what it was padded with; one of nothing else says nothing. */
function said(value: unknown): unknown {
  return typeof value === 'string' ? value.trim() || null : (value ?? null)
}

async function readRows(
  folder: string,
  name: string,
  { path, size }: File,
  bytes: Uint8Array,
  asked: readonly Need<unknown>[]
): Promise<{ rows: readonly Row[]; place: { ra: string; dec: string } }> {
  try {
    if (path.endsWith('.csv')) {
      const table = csvTable(bytes)
      const place = placeColumns(name, table.names)
      const kinds = new Map(asked.map(({ column, kind }) => [column, kind]))
      for (const own of [place.ra, place.dec]) kinds.set(own, 'number')
      return { rows: csvRows(name, table, kinds), place }
    }
    const file = await openParquet(openStore(folder), `${name}.parquet`, size)
    const known = file.metadata.schema.slice(1).map((column) => column.name)
    const place = placeColumns(name, known)
    const columns = [...new Set([place.ra, place.dec, ...asked.map(({ column }) => column)])]
    const missing = columns.find((column) => !known.includes(column))
    if (missing !== undefined) throw unknownName(`column of catalogue ${name}`, missing, known)
    return { rows: await file.read({ columns }), place }
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`catalogue ${path}: ${messageOf(error)}`, { cause: error })
  }
}

function numbersOf(path: string, rows: readonly Row[], column: string): Float64Array {
  return Float64Array.from(rows, ({ [column]: value }, i) => {
    if (value === null || value === undefined) return Number.NaN
    if (typeof value === 'number') return value
    throw new UsageError(
      `catalogue ${path}: row ${i + 1} has ${column} ${inspect(value)}, which is no number of degrees`
    )
  })
}

const FEW = 100
const WIDE = 90

/** Hours are told, not refused: a part of the sky may be such. @throws UsageError for a catalogue in radians, or without any place */
function expectPlaces(
  path: string,
  { size }: SkyIndex,
  { ra, dec }: { readonly ra: Float64Array; readonly dec: Float64Array },
  warn: (message: string) => void
): void {
  if (size === 0) throw new UsageError(`catalogue ${path}: no row has a place (ra, dec in degrees)`)
  const without = ra.length - size
  if (without > 0) {
    warn(
      `catalogue ${path}: ${without} of ${ra.length} rows have no place and are nobody's neighbour`
    )
  }
  const isIn = (values: Float64Array, most: number) =>
    values.every((value) => !(Math.abs(value) > most))
  if (size >= FEW && isIn(ra, 2 * Math.PI) && isIn(dec, Math.PI / 2)) {
    throw new UsageError(
      `catalogue ${path}: all places are within ra 6.3 and dec 1.6: is it in radians? Degrees are wanted`
    )
  }
  if (size >= FEW && isIn(ra, 24) && spanOf(ra) > 12 && spanOf(dec) > WIDE) {
    warn(
      `catalogue ${path}: no ra is above 24, on all of the sky: are these hours? Degrees are wanted`
    )
  }
}

function spanOf(values: Float64Array): number {
  const known = values.filter((value) => !Number.isNaN(value)).sort()
  return known.at(-1)! - known[0]!
}

const TYPES: Partial<Record<Need<unknown>['kind'], string>> = {
  number: 'number',
  text: 'string',
  flag: 'boolean',
  id: 'bigint'
}

function expectKind(path: string, rows: readonly Row[], { kind, column }: Need<unknown>): void {
  const value = rows.map((row) => row[column]).find((one) => one !== null && one !== undefined)
  if (value === undefined || typeof value === TYPES[kind]) return
  throw new UsageError(
    `catalogue ${path}: "${column}" is asked for as ${kind}, but holds ${inspect(value)} (${typeof value})`
  )
}
