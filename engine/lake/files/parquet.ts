import { RecordBatchStreamWriter, Table, tableToIPC } from 'apache-arrow'
import type { Schema } from 'apache-arrow'
import {
  Compression,
  Table as WasmTable,
  WriterPropertiesBuilder,
  writeParquet
} from 'parquet-wasm'

/**
 * The provenance of a file's rows, kept as JSON under the one key `siskin`: the writer puts several
 * keys in an order of chance, and the same alerts must make the same bytes.
 */
export type Metadata = Readonly<Record<string, string>>

/**
 * An Arrow table as the bytes of a Parquet file: zstd, statistics, one row group. Without
 * dictionaries: measured on alerts, they cost 2.5 times the time and made the file larger.
 */
export function toParquet(table: Table, metadata: Metadata): Uint8Array {
  const properties = new WriterPropertiesBuilder()
    .setCompression(Compression.ZSTD)
    .setDictionaryEnabled(false)
    .setCreatedBy('siskin')
    .setKeyValueMetadata(new Map([['siskin', JSON.stringify(metadata)]]))
    .build()
  return writeParquet(WasmTable.fromIPCStream(ipcOf(table)), properties)
}

/** The schema's part of a stream: with hundreds of columns as dear as the rows of a small part. */
const schemas = new WeakMap<Schema, Uint8Array>()
const END_BYTES = 8

class StreamWriter extends RecordBatchStreamWriter {
  protected override _writeSchema(schema: Schema): this {
    const known =
      schemas.get(schema) ?? tableToIPC(new Table(schema), 'stream').slice(0, -END_BYTES)
    schemas.set(schema, known)
    return this._write(known)
  }
}

/** As `tableToIPC` writes it, byte for byte. */
function ipcOf(table: Table): Uint8Array {
  const writer = new StreamWriter()
  writer.writeAll(table)
  return writer.toUint8Array(true)
}
