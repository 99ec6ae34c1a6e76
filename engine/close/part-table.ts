import { tableFromIPC } from 'apache-arrow'
import type { RecordBatch, Schema } from 'apache-arrow'
import { readParquet, readSchema } from 'parquet-wasm'
import { messageOf } from '../errors.ts'
import type { PartFile } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'
import { readWhole } from './containers.ts'
import { DamagedFile } from './damaged.ts'

/** More rows than a file has: each row group is read as one batch. */
const WHOLE = 2 ** 30

export interface FileFacts {
  /** The names and types of the columns, as text that is the same for the same columns. */
  readonly schema: string
  /** The provenance that Siskin wrote. */
  readonly keys: Readonly<Record<string, string>>
}

/** A Parquet file of the lake in memory, checked against its checksum: read at once, as its columns are many and small. */
export class PartTable {
  readonly #path: string
  readonly #bytes: Uint8Array

  private constructor(path: string, bytes: Uint8Array) {
    this.#path = path
    this.#bytes = bytes
  }

  /** @throws DamagedFile */
  static async open(store: Store, file: PartFile): Promise<PartTable> {
    return new PartTable(file.path, await readWhole(store, file))
  }

  /** @param schema of all columns, where they were read. @throws DamagedFile */
  facts(schema?: Schema): FileFacts {
    return this.#told(() => {
      const all = schema ?? tableFromIPC(readSchema(this.#bytes).intoIPCStream()).schema
      const keys = JSON.parse(all.metadata.get('siskin') ?? '{}') as FileFacts['keys']
      return { schema: all.fields.map(String).join(), keys }
    })
  }

  /** All rows, of some columns or of all, a batch a row group. @throws DamagedFile */
  read(columns?: readonly string[]): RecordBatch[] {
    return this.#told(() => {
      const options = { batchSize: WHOLE, ...(columns && { columns: [...columns] }) }
      return tableFromIPC(readParquet(this.#bytes, options).intoIPCStream()).batches
    })
  }

  #told<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      const text = `${this.#path} cannot be read: ${messageOf(error)}; siskin repair mends it`
      throw new DamagedFile(this.#path, text, { cause: error })
    }
  }
}
