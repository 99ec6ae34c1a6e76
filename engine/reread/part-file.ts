import { DataType, Table, tableFromIPC } from 'apache-arrow'
import type { Schema } from 'apache-arrow'
import { ParquetFile } from 'parquet-wasm'
import { oneOf } from './gather.ts'
import type { Store } from '../store/store.ts'

/** More rows than a row group ever has: each is read as one batch. */
const WHOLE = 2 ** 30

/** A Parquet file of the lake, read column by column, by ranges. */
export class PartFile {
  readonly path: string
  readonly rowGroups: number
  /** Types of its columns, a field of a struct under its dotted name. */
  readonly types: ReadonlyMap<string, DataType>
  readonly #file: ParquetFile

  private constructor(path: string, file: ParquetFile) {
    this.path = path
    this.#file = file
    const metadata = file.metadata()
    this.rowGroups = metadata.numRowGroups()
    metadata.free()
    this.types = typesOf(tableFromIPC(file.schema().intoIPCStream()).schema)
  }

  /** @throws what the store says of a file that is not there; an Error for one that is no Parquet. */
  static async open(store: Store, path: string): Promise<PartFile> {
    const size = await store.size(path)
    if (size === null) throw new Error(`there is no ${path}`)
    // the reader asks no more of a Blob than its size and its ranges
    const ranges = new Ranges(store, path, 0, size) as unknown as Blob
    return new PartFile(path, await ParquetFile.fromFile(ranges))
  }

  /** Some columns of a row group, or of all, by dotted names; those that the file does not have are left out. */
  async read(rowGroup: number | 'all', names: readonly string[]): Promise<Table> {
    const columns = names.filter((name) => this.types.has(name))
    const some = rowGroup === 'all' ? {} : { rowGroups: [rowGroup] }
    const read = await this.#file.read({ ...some, columns, batchSize: WHOLE })
    const table = tableFromIPC(read.intoIPCStream())
    return table.batches.length > 1 ? new Table([oneOf(table.batches)]) : table
  }

  close(): void {
    this.#file.free()
  }
}

/** A file of a store, or a range of it, as the Parquet reader wants it: like a Blob. */
class Ranges {
  readonly #store: Store
  readonly #path: string
  readonly #from: number
  readonly size: number

  constructor(store: Store, path: string, from: number, size: number) {
    this.#store = store
    this.#path = path
    this.#from = from
    this.size = size
  }

  slice(from = 0, to = this.size): Ranges {
    return new Ranges(this.#store, this.#path, this.#from + from, to - from)
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.#store.read(this.#path, this.#from, this.size)
    return Uint8Array.from(bytes).buffer
  }
}

function typesOf(schema: Schema): Map<string, DataType> {
  const types = new Map<string, DataType>()
  const walk = (fields: Schema['fields'], prefix: string) => {
    for (const { name, type } of fields) {
      const path = prefix + name
      if (DataType.isStruct(type)) walk(type.children, `${path}.`)
      else types.set(path, type)
    }
  }
  walk(schema.fields, '')
  return types
}
