import { tableToIPC } from 'apache-arrow'
import type { Table } from 'apache-arrow'
import {
  Compression,
  Table as WasmTable,
  WriterPropertiesBuilder,
  writeParquet
} from 'parquet-wasm'

/** Key-value metadata of the file: the provenance of its rows. */
export type Metadata = Readonly<Record<string, string>>

/** An Arrow table as the bytes of a Parquet file: zstd, statistics, one row group. */
export function toParquet(table: Table, metadata: Metadata): Uint8Array {
  const properties = new WriterPropertiesBuilder()
    .setCompression(Compression.ZSTD)
    .setCreatedBy('siskin')
    .setKeyValueMetadata(new Map(Object.entries(metadata)))
    .build()
  return writeParquet(WasmTable.fromIPCStream(tableToIPC(table, 'stream')), properties)
}
