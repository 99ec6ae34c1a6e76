import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import { unknownName, UsageError } from '../../errors.ts'
import type { Store } from '../../store/store.ts'
import { expectDegrees } from '../expect-degrees.ts'
import { FOOTPRINT } from '../hats/hats.ts'
import { placeColumns, unsaid } from '../place-columns.ts'
import type { CatalogueColumn } from '../place-columns.ts'
import type { RaUnit } from './coordinates.ts'
import { footprintOf } from './footprint.ts'
import { loadInput } from './input.ts'
import { ident } from './sql.ts'
import { addMargin } from './margin.ts'
import { partitionsOf } from './partitions.ts'
import { addPlaces } from './places.ts'
import { propertiesText, writeHats } from './write-hats.ts'

export interface BuildOptions {
  /** Where catalogues lie; this one becomes the folder of its name. */
  readonly store: Store
  readonly name: string
  /** A table on this machine. */
  readonly input: string
  /** Columns of the place; null: found by their usual names. */
  readonly ra: string | null
  readonly dec: string | null
  readonly raUnit: RaUnit
  /** Columns that are kept besides; null: all. */
  readonly columns: readonly string[] | null
  /** Rows of a partition, at most. */
  readonly rows: number
  /** All of the sky was searched for it. */
  readonly isAllSky: boolean
  /** Takes the place of one that is there. */
  readonly isReplacing: boolean
  /** Hears of what may be wrong with it. */
  readonly warn?: (message: string) => void
}

export interface Built {
  readonly rows: number
  readonly partitions: number
  /** Rows without a place, which are left out, by their numbers from 1 on. */
  readonly without: readonly number[]
  readonly bytes: number
  /** Of the sky that it covers. */
  readonly share: number
}

/**
 * Writes a catalogue as a HATS collection: the rows, and for readers that look at one partition at a time the margin around
 * each. What is there under its name stays until the new one is whole.
 * @throws UsageError for a file that cannot be read, columns that are missing, coordinates that are none
 */
export async function buildCatalogue(options: BuildOptions): Promise<Built> {
  const { store, name, isReplacing } = options
  if (!isReplacing && (await store.entries(name)).length > 0) {
    throw new UsageError(`catalogue ${name} is there already: --replace writes it anew`)
  }
  const folder = await mkdtemp(join(tmpdir(), 'siskin-catalogue-'))
  try {
    const instance = await DuckDBInstance.create(join(folder, 'rows.duckdb'))
    const db = await instance.connect()
    const out = join(folder, 'catalogue')
    try {
      const built = await write(db, out, options)
      return { ...built, bytes: await land(store, name, out) }
    } finally {
      db.closeSync()
      instance.closeSync()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Arc seconds: as wide as most matches are. */
const MARGIN = 10

async function write(
  db: DuckDBConnection,
  out: string,
  options: BuildOptions
): Promise<Omit<Built, 'bytes'>> {
  const { name, input, isAllSky } = options
  const said = await loadInput(db, input)
  const { ra, dec, kept } = await columnsOf(db, said, options)
  const { places, without } = await addPlaces(db, { ...options, ra, dec })
  if (places.pixels.length === 0)
    throw new UsageError(`${input}: no row has a place (${ra}, ${dec})`)
  if (options.raUnit === 'degrees') expectDegrees(input, places, options.warn ?? (() => {}))
  const partitions = partitionsOf(places.pixels, options.rows)
  const columns = [
    'pixel AS _healpix_29',
    `"siskin ra" AS ${ident(ra)}`,
    `"siskin dec" AS ${ident(dec)}`,
    ...kept.map(ident)
  ].join(', ')
  const moc = isAllSky
    ? { 0: Array.from({ length: 12 }, (_, face) => face) }
    : footprintOf(places.pixels)
  const share = shareOf(moc)
  const own = { ra, dec, columns }
  const primary = partitions.map(({ order, pixel, from, to }) => {
    const where = `FROM rows WHERE pixel BETWEEN ${places.pixels[from]} AND ${places.pixels[to - 1]}`
    return { order, pixel, rows: to - from, where }
  })
  const facts = { dataproduct_type: 'object', moc_sky_fraction: share }
  await writeHats(db, join(out, name), { ...own, name, tables: primary, facts })
  await writeFile(join(out, name, FOOTPRINT), `${JSON.stringify(moc)}\n`)
  const margin = await addMargin(db, places, partitions, MARGIN)
  const near = `${name}_${MARGIN}arcs`
  if (margin.length > 0) {
    const more = {
      dataproduct_type: 'margin',
      hats_primary_table_url: name,
      hats_margin_threshold: MARGIN
    }
    await writeHats(db, join(out, near), { ...own, name: near, tables: margin, facts: more })
  }
  const margins = margin.length > 0 ? { all_margins: near, default_margin: near } : {}
  const text = propertiesText('Collection', {
    obs_collection: name,
    hats_primary_table_url: name,
    ...margins
  })
  await mkdir(out, { recursive: true })
  await writeFile(join(out, 'collection.properties'), text)
  return { rows: places.pixels.length, partitions: partitions.length, without, share }
}

async function columnsOf(
  db: DuckDBConnection,
  said: readonly CatalogueColumn[],
  { input, ra, dec, columns }: BuildOptions
) {
  const reader = await db.runAndReadAll('DESCRIBE input')
  const known = reader
    .getRowObjectsJS()
    .map((row) => row['column_name'] as string)
    .slice(1)
  const expect = (column: string) => {
    if (!known.includes(column)) throw unknownName(`column of ${input}`, column, known)
    return column
  }
  const found =
    ra === null || dec === null
      ? placeColumns(input, said.length > 0 ? said : known.map(unsaid))
      : { ra, dec }
  const own = { ra: expect(ra ?? found.ra), dec: expect(dec ?? found.dec) }
  const taken = new Set([own.ra, own.dec, '_healpix_29'])
  return { ...own, kept: (columns ?? known).map(expect).filter((column) => !taken.has(column)) }
}

/** Of the sky. */
function shareOf(moc: Readonly<Record<string, readonly number[]>>): number {
  return Object.entries(moc).reduce(
    (sum, [order, pixels]) => sum + pixels.length / (12 * 4 ** Number(order)),
    0
  )
}

/** Brings a catalogue into its place, whole; what was there goes then. */
async function land(store: Store, name: string, out: string): Promise<number> {
  const [fresh, old] = [`${name}.new`, `${name}.old`]
  await store.remove(fresh)
  let bytes = 0
  for (const entry of await readdir(out, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    bytes += await store.write(`${fresh}/${path.slice(out.length + 1)}`, [await readFile(path)])
  }
  await store.remove(old)
  if ((await store.entries(name)).length > 0) await store.rename(name, old)
  await store.rename(fresh, name)
  await store.remove(old)
  return bytes
}
