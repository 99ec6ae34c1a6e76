import { tableFromIPC } from 'apache-arrow'
import type { RecordBatch } from 'apache-arrow'
import { ParquetFile } from 'parquet-wasm'
import { messageOf } from '../errors.ts'
import type { PartFile } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'
import { readWhole } from './containers.ts'
import { DamagedFile } from './damaged.ts'

/** More rows than a file has: each row group is read as one batch. */
const WHOLE = 2 ** 30

export interface FileFacts {
  /** The Arrow schema, as text that is the same for the same schema. */
  readonly schema: string
  /** The provenance that Siskin wrote. */
  readonly keys: Readonly<Record<string, string>>
}

/** A Parquet file of the lake in memory, checked against its checksum. */
export class PartTable {
  readonly #path: string
  readonly #file: ParquetFile

  private constructor(path: string, file: ParquetFile) {
    this.#path = path
    this.#file = file
  }

  /** @throws DamagedFile for one that is damaged. */
  static async open(store: Store, file: PartFile): Promise<PartTable> {
    const bytes = await readWhole(store, file)
    try {
      const blob = new Blob([Uint8Array.from(bytes)])
      return new PartTable(file.path, await ParquetFile.fromFile(blob))
    } catch (error) {
      throw unreadable(file.path, error)
    }
  }

  facts(): FileFacts {
    const metadata = this.#file.metadata()
    const own = metadata.fileMetadata()
    const keys = own.keyValueMetadata() as Map<string, string>
    own.free()
    metadata.free()
    const schema = keys.get('ARROW:schema') ?? this.#columns()
    return { schema, keys: JSON.parse(keys.get('siskin') ?? '{}') }
  }

  /** The names and types of the columns, where the file does not say them in one word. */
  #columns(): string {
    return tableFromIPC(this.#file.schema().intoIPCStream()).schema.fields.map(String).join()
  }

  /** All rows, of some columns or of all, a batch a row group. */
  async read(columns?: readonly string[]): Promise<RecordBatch[]> {
    try {
      const options = { batchSize: WHOLE, ...(columns && { columns: [...columns] }) }
      return tableFromIPC((await this.#file.read(options)).intoIPCStream()).batches
    } catch (error) {
      throw unreadable(this.#path, error)
    }
  }

  close(): void {
    this.#file.free()
  }
}

function unreadable(path: string, error: unknown): DamagedFile {
  const text = `${path} cannot be read: ${messageOf(error)}; siskin repair mends it`
  return new DamagedFile(path, text, { cause: error })
}
