import { codeOf } from '../errors.ts'
import { columnDocument, QUARANTINE_DOCUMENT } from '../table/describe.ts'
import type { ColumnDocument } from '../table/describe.ts'
import type { ColumnDef } from '../table/schema.ts'
import { OWN } from './ledger.ts'
import type { Store } from '../store/store.ts'

const pathOf = ({ fingerprint }: ColumnDocument) => `${OWN}/columns/${fingerprint}.json`

/**
 * Where the lake says what its columns are. A footer that said it for 657 columns would be twice as
 * large, and is in every file; so it names this document, of which there is one for every set of columns.
 */
export function columnsPath(moduleColumns: readonly ColumnDef[]): string {
  return pathOf(columnDocument(moduleColumns))
}

/** The same for the columns of quarantine files. */
export const QUARANTINE_COLUMNS_PATH = pathOf(QUARANTINE_DOCUMENT)

/** Puts the documents into the lake before the first file that names them. */
export async function keepColumns(
  store: Store,
  moduleColumns: readonly ColumnDef[]
): Promise<void> {
  const documents = [columnDocument(moduleColumns), QUARANTINE_DOCUMENT]
  const isNew = await Promise.all(documents.map((document) => keep(store, document)))
  if (isNew.includes(true)) await store.sync([`${OWN}/columns`])
}

/** One that broke off is made anew. Whether there is anything to sync. */
async function keep(store: Store, document: ColumnDocument): Promise<boolean> {
  const path = pathOf(document)
  const text = Buffer.from(document.text)
  const size = await store.size(path)
  if (size === text.length) return false
  if (size !== null) await store.remove(path)
  await store.write(path, [text]).catch((error: unknown) => {
    if (codeOf((error as Error).cause) !== 'EEXIST') throw error // else another writer was quicker
  })
  return true
}

/** The text of a document of this path, if it is about one of these sets of columns. */
export function documentOf(path: string, sets: readonly (readonly ColumnDef[])[]): string | null {
  const set = sets.find((columns) => columnsPath(columns) === path)
  return set ? columnDocument(set).text : null
}
