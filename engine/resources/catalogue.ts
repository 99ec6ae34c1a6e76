import { createHash } from 'node:crypto'
import type { Need } from '../contract/index.ts'
import { UsageError } from '../errors.ts'
import { openCatalogue } from '../catalogues/files/catalogue-file.ts'
import { asKind } from '../catalogues/kinds.ts'
import type { CatalogueColumn } from '../catalogues/place-columns.ts'
import { placeColumns } from '../catalogues/place-columns.ts'
import { expectDegrees } from '../catalogues/expect-degrees.ts'
import { SkyIndex } from '../catalogues/sky-index.ts'
import type { Asked } from '../catalogues/asked.ts'
import { searchOf } from '../catalogues/search.ts'

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
 * Reads `<folder>/<name>` as Parquet, CSV or VOTable, with a place (in degrees, ICRS; see `placeColumns`), and the columns that are
 * asked for. Rows without a place are nobody's neighbour. Null where there is no such file.
 * @throws UsageError that names what is wrong with it.
 */
export async function readCatalogue(
  folder: string,
  name: string,
  asked: readonly Need<unknown>[],
  warn: (message: string) => void
): Promise<Catalogue | null> {
  const file = await openCatalogue(folder.replace(/\/+$/, ''), name, warn)
  if (!file) return null
  const { path } = file
  const version = createHash('sha256').update(file.bytes).digest('hex').slice(0, 12)
  const place = placeColumns(name, file.columns)
  for (const need of asked) expectUnit(path, need, file.columns)
  const kinds = new Map(asked.map(({ column, kind }) => [column, kind]))
  const values = await file.read(new Map([...kinds, [place.ra, 'number'], [place.dec, 'number']]))
  const degrees = (column: string) =>
    Float64Array.from(
      asKind(path, column, 'number', values.get(column)!),
      (value) => (value as number | null) ?? Number.NaN
    )
  const [ra, dec] = [degrees(place.ra), degrees(place.dec)]
  const index = new SkyIndex(ra, dec)
  const without = ra.length - index.size
  if (index.size === 0)
    throw new UsageError(`catalogue ${path}: no row has a place (ra, dec in degrees)`)
  if (without > 0) {
    warn(
      `catalogue ${path}: ${without} of ${ra.length} rows have no place and are nobody's neighbour`
    )
  }
  expectDegrees(`catalogue ${path}`, { ra, dec }, warn)
  const columns = [...kinds].map(([column, kind]) => {
    return [column, asKind(path, column, kind, values.get(column)!)] as const
  })
  return { name, version, index, columns: new Map(columns) }
}

const SAME_UNITS: Readonly<Record<string, string>> = {
  degree: 'deg',
  degrees: 'deg',
  day: 'd',
  days: 'd',
  au: 'AU',
  'km.s-1': 'km/s',
  'km.s**-1': 'km/s'
}

/** @throws UsageError for a column in another unit than it is asked for, as far as the catalogue says so */
function expectUnit(
  path: string,
  { column, kind, unit }: Need<unknown>,
  columns: readonly CatalogueColumn[]
): void {
  const said = columns.find((own) => own.name === column)?.unit ?? ''
  const own = said.replaceAll(' ', '')
  if (kind !== 'number' || unit === 'survey' || own === '') return
  if ((SAME_UNITS[own] ?? own) === unit) return
  throw new UsageError(
    `catalogue ${path}: "${column}" is asked for in ${unit === '' ? 'no unit' : unit}, but is in ${said}: ask for it in 'survey' to have it as it is`
  )
}
