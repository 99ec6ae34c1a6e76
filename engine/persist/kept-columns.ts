import { dirname } from 'node:path/posix'
import { codeOf } from '../errors.ts'
import { columnDocument } from '../table/describe.ts'
import type { ColumnDef } from '../table/schema.ts'
import { OWN } from './ledger.ts'
import type { Store } from './store.ts'

/**
 * Where the lake says what its columns are. A footer that said it for 657 columns would be twice as
 * large, and is in every file; so it names this document, of which there is one for every set of columns.
 */
export function columnsPath(moduleColumns: readonly ColumnDef[]): string {
  return `${OWN}/columns/${columnDocument(moduleColumns).fingerprint}.json`
}

/** Puts the document into the lake before the first file that names it; one that broke off is made anew. */
export async function keepColumns(
  store: Store,
  moduleColumns: readonly ColumnDef[]
): Promise<void> {
  const path = columnsPath(moduleColumns)
  const text = Buffer.from(columnDocument(moduleColumns).text)
  const size = await store.size(path)
  if (size === text.length) return
  if (size !== null) await store.remove(path)
  await store.write(path, [text]).catch((error: unknown) => {
    if (codeOf((error as Error).cause) !== 'EEXIST') throw error // else another writer was quicker
  })
  await store.settle([dirname(path)])
}

/** The text of a document of this path, if it is about one of these sets of columns. */
export function documentOf(path: string, sets: readonly (readonly ColumnDef[])[]): string | null {
  const set = sets.find((columns) => columnsPath(columns) === path)
  return set ? columnDocument(set).text : null
}
