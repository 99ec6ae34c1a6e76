import { tableFromIPC } from 'apache-arrow'
import type { RecordBatch } from 'apache-arrow'
import { ParquetFile, readParquet } from 'parquet-wasm'
import { messageOf } from '../errors.ts'
import type { PartFile } from '../lake/ledger.ts'
import { oneOf } from '../reread/gather.ts'
import type { Store } from '../store/store.ts'
import { readWhole } from './containers.ts'
import { DamagedFile } from './damaged.ts'

/** More rows than a file has: each row group is read as one batch. */
const WHOLE = 2 ** 30

/** Rows of a file, and its whole schema where they are of some columns only; both as Arrow's stream. */
export interface RawTable {
  readonly rows: Uint8Array
  readonly schema: Uint8Array | null
}

/**
 * A file of alerts, checked against its checksum: read at once, as its columns are many and small. Columns that nobody asks
 * for are not unpacked.
 * @param columns null: all
 * @throws DamagedFile
 */
export async function readRaw(
  store: Store,
  file: PartFile,
  columns: readonly string[] | null
): Promise<RawTable> {
  const bytes = await readWhole(store, file)
  try {
    if (columns === null) {
      return { rows: readParquet(bytes, { batchSize: WHOLE }).intoIPCStream(), schema: null }
    }
    // readParquet of bytes reads all columns, whatever it is asked for
    const parquet = await ParquetFile.fromFile(new Blob([Uint8Array.from(bytes)]))
    const rows = await parquet.read({ batchSize: WHOLE, columns: [...columns] })
    const raw = { rows: rows.intoIPCStream(), schema: parquet.schema().intoIPCStream() }
    parquet.free()
    return raw
  } catch (error) {
    const text = `${file.path} cannot be read: ${messageOf(error)}; siskin repair mends it`
    throw new DamagedFile(file.path, text, { cause: error })
  }
}

/** Reads some columns of a file, or all of them. @throws DamagedFile */
export type ReadTable = (file: PartFile, columns?: readonly string[]) => Promise<PartTable>

/** What was read of a file of alerts. */
export class PartTable {
  /** Its rows, of all row groups. */
  readonly batch: RecordBatch
  /** The names and types of all columns, as text that is the same for the same columns. */
  readonly schema: string
  /** The provenance that Siskin wrote. */
  readonly keys: Readonly<Record<string, string>>

  constructor({ rows, schema }: RawTable) {
    const table = tableFromIPC(rows)
    const all = schema ? tableFromIPC(schema).schema : table.schema
    this.batch = oneOf(table.batches)
    this.schema = all.fields.map(String).join()
    this.keys = JSON.parse(all.metadata.get('siskin') ?? '{}') as PartTable['keys']
  }
}
