import { tableToIPC } from 'apache-arrow'
import type { Table } from 'apache-arrow'
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
  return writeParquet(WasmTable.fromIPCStream(tableToIPC(table, 'stream')), properties)
}
