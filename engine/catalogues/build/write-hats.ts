import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { SISKIN_VERSION } from '../../version.ts'
import { pathOf } from '../hats/hats.ts'
import type { Pixel } from '../hats/pixels.ts'
import { quote } from './sql.ts'

const ROW_GROUP = 65_536

/** The rows of a pixel: how many, and where they come from, in SQL. */
export interface TableOfPixel extends Pixel {
  readonly rows: number
  readonly where: string
}

interface HatsTable {
  readonly name: string
  readonly ra: string
  readonly dec: string
  /** In SQL. */
  readonly columns: string
  readonly tables: readonly TableOfPixel[]
  readonly facts: Readonly<Record<string, string | number>>
}

/** Writes one table in HATS form into a folder. */
export async function writeHats(
  db: DuckDBConnection,
  out: string,
  { name, ra, dec, columns, tables, facts }: HatsTable
): Promise<void> {
  for (const { order, pixel, where } of tables) {
    const path = join(out, 'dataset', `${pathOf({ order, pixel })}.parquet`)
    await mkdir(dirname(path), { recursive: true })
    const rows = `SELECT ${columns} ${where} ORDER BY pixel, "siskin row"`
    await db.run(
      `COPY (${rows}) TO '${quote(path)}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP})`
    )
  }
  const schema = quote(join(out, 'dataset/_common_metadata'))
  await db.run(`COPY (SELECT ${columns} FROM rows LIMIT 0) TO '${schema}' (FORMAT parquet)`)
  const info = tables.map(({ order, pixel }) => `${order},${pixel}\n`)
  await writeFile(join(out, 'partition_info.csv'), `Norder,Npix\n${info.join('')}`)
  const text = propertiesText('catalog', {
    obs_collection: name,
    ...facts,
    hats_nrows: tables.reduce((sum, { rows }) => sum + rows, 0),
    hats_col_ra: ra,
    hats_col_dec: dec,
    hats_col_healpix: '_healpix_29',
    hats_col_healpix_order: 29,
    hats_npix_suffix: '.parquet',
    hats_max_rows: Math.max(...tables.map(({ rows }) => rows)),
    hats_order: Math.max(...tables.map(({ order }) => order))
  })
  for (const file of ['hats.properties', 'properties']) await writeFile(join(out, file), text)
}

export function propertiesText(
  kind: string,
  facts: Readonly<Record<string, string | number>>
): string {
  const made = {
    ...facts,
    hats_builder: `siskin ${SISKIN_VERSION}`,
    hats_creation_date: `${new Date().toISOString().slice(0, 16)}UTC`,
    hats_version: 'v1.0'
  }
  const lines = Object.entries(made).map(([key, value]) => `${key}=${value}\n`)
  return `#HATS ${kind}\n${lines.join('')}`
}
