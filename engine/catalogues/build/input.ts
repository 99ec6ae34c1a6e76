import type { DuckDBConnection } from '@duckdb/node-api'
import { messageOf, unknownName, UsageError } from '../../errors.ts'

const READERS: Readonly<Record<string, string>> = {
  csv: 'read_csv',
  tsv: 'read_csv',
  parquet: 'read_parquet'
}

/** No times: `0:42:44.3` is a right ascension. */
const CSV_TYPES =
  ", header = true, sample_size = -1, auto_type_candidates = ['BOOLEAN', 'BIGINT', 'DOUBLE', 'VARCHAR']"

/** A table `input` of a file, its rows numbered in `siskin row` from 1 on. @throws UsageError for what cannot be read */
export async function loadInput(db: DuckDBConnection, input: string): Promise<void> {
  const [, ending = ''] = /\.(\w+)(?:\.(?:gz|zst))?$/.exec(input.toLowerCase()) ?? []
  const reader = READERS[ending]
  if (!reader) throw unknownName('kind of catalogue file', ending, Object.keys(READERS))
  const more = reader === 'read_csv' ? CSV_TYPES : ''
  try {
    await db.run(
      `CREATE TABLE input AS SELECT row_number() OVER () AS "siskin row", * FROM ${reader}('${quote(input)}'${more})`
    )
  } catch (error) {
    const [first = ''] = messageOf(error).split('\n')
    throw new UsageError(`${input} cannot be read: ${first}`, { cause: error })
  }
}

/** For a text in SQL. */
export function quote(text: string): string {
  return text.replaceAll("'", "''")
}

/** A name in SQL. */
export function ident(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
