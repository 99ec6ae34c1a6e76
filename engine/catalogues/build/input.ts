import { open, readFile, stat } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import type { DuckDBConnection } from '@duckdb/node-api'
import { messageOf, unknownName, UsageError } from '../../errors.ts'
import type { CatalogueColumn } from '../place-columns.ts'
import { quote } from './sql.ts'
import { loadVotable } from './votable-input.ts'

const READERS: Readonly<Record<string, string>> = {
  csv: 'read_csv',
  ecsv: 'read_csv',
  tsv: 'read_csv',
  parquet: 'read_parquet'
}

const VOTABLE = ['vot', 'votable', 'xml']

/** No times: `0:42:44.3` is a right ascension. Lines that begin with # say something else than rows, as in ECSV. */
const AS_TEXT =
  ", header = true, comment = '#', sample_size = -1, auto_type_candidates = ['BOOLEAN', 'BIGINT', 'DOUBLE', 'VARCHAR']"

/** A table `input` of a file, its rows numbered in `siskin row` from 1 on. @returns what a file says of its columns that says more than names @throws UsageError for what cannot be read */
export async function loadInput(db: DuckDBConnection, input: string): Promise<CatalogueColumn[]> {
  const [, ending = ''] = /\.(\w+)(?:\.(?:gz|zst))?$/.exec(input.toLowerCase()) ?? []
  const reader = READERS[ending]
  if (!reader && !VOTABLE.includes(ending))
    throw unknownName('kind of catalogue file', ending, [...Object.keys(READERS), 'vot'])
  const { size } = await stat(input).catch((error: unknown) => {
    throw new UsageError(`${input} cannot be read: ${messageOf(error)}`, { cause: error })
  })
  if (size === 0) throw new UsageError(`${input} is empty`)
  try {
    if (!reader) {
      const bytes = await readFile(input)
      return await loadVotable(db, /\.gz$/i.test(input) ? gunzipSync(bytes) : bytes)
    }
    const between = ending === 'ecsv' ? `, delim = '${await delimiterOf(input)}', quote = '"'` : ''
    const more = reader === 'read_csv' ? AS_TEXT + between : ''
    await db.run(
      `CREATE TABLE input AS SELECT row_number() OVER () AS "siskin row", * FROM ${reader}('${quote(input)}'${more})`
    )
    return []
  } catch (error) {
    const [first = ''] = messageOf(error).split('\n')
    throw new UsageError(`${input} cannot be read: ${first}`, { cause: error })
  }
}

const HEAD_BYTES = 65_536

/** Of ECSV 1.0 (astropy APE 6): a blank, unless its head says otherwise. */
async function delimiterOf(path: string): Promise<string> {
  const file = await open(path)
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    return /^#\s*delimiter:\s*['"]?,/m.test(buffer.toString('utf8', 0, bytesRead)) ? ',' : ' '
  } finally {
    await file.close()
  }
}
