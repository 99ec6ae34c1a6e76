import { RecordBatchStreamWriter, Table, tableToIPC } from 'apache-arrow'
import type { RecordBatch, Schema } from 'apache-arrow'
import {
  Compression,
  EnabledStatistics,
  Table as WasmTable,
  transformParquetStream,
  WriterPropertiesBuilder,
  writeParquet
} from 'parquet-wasm'

import { withoutArrowSchema } from './lean-footer.ts'

/**
 * The provenance of a file's rows, kept as JSON under the one key `siskin`: the writer puts several
 * keys in an order of chance, and the same alerts must make the same bytes.
 */
export type Metadata = Readonly<Record<string, string>>

/**
 * An Arrow table as the bytes of a Parquet file for people: zstd, statistics, one row group; the fields keep their metadata
 * (unit, UCD, description). Without dictionaries: measured on alerts, they cost 2.5 times the time and made the file larger.
 */
export function toParquet(table: Table, metadata: Metadata): Uint8Array {
  return writeParquet(WasmTable.fromIPCStream(ipcOf(table)), properties(metadata).build())
}

/** The same of a file of the lake: statistics of what queries look for, and in the footer nothing that readers do not need. */
export function toLakeParquet(table: Table, metadata: Metadata): Uint8Array {
  const own = sought(properties(metadata)).build()
  return withoutArrowSchema(writeParquet(WasmTable.fromIPCStream(ipcOf(table)), own))
}

function properties(metadata: Metadata): WriterPropertiesBuilder {
  return new WriterPropertiesBuilder()
    .setCompression(Compression.ZSTD)
    .setDictionaryEnabled(false)
    .setCreatedBy('siskin')
    .setKeyValueMetadata(new Map([['siskin', JSON.stringify(metadata)]]))
}

/** What a query looks for: only of these a footer has statistics, by row group and by page. */
const SOUGHT = ['healpix', 'ra', 'dec', 'mjd', 'alert_id', 'object_id']

function sought(properties: WriterPropertiesBuilder): WriterPropertiesBuilder {
  let own = properties.setStatisticsEnabled(EnabledStatistics.None)
  for (const name of SOUGHT) own = own.setColumnStatisticsEnabled(name, EnabledStatistics.Page)
  return own
}

/**
 * The same of batches that come one after the other, each a row group of at most `rows` rows; one row group is in memory at a
 * time. Ends when there is no batch left, or `isFull` of the bytes so far.
 * @param next a batch as Arrow's stream (`ipcOfBatch`); null: there is none left
 */
export async function* parquetOf(
  metadata: Metadata,
  rows: number,
  next: () => Promise<Uint8Array | null>,
  isFull: (bytes: number) => boolean
): AsyncGenerator<Uint8Array, void> {
  const own = sought(properties(metadata).setMaxRowGroupSize(rows))
  let bytes = 0
  const batches = new ReadableStream(
    {
      async pull(controller) {
        const ipc = isFull(bytes) ? null : await next()
        if (ipc === null) return controller.close()
        const table = WasmTable.fromIPCStream(ipc)
        controller.enqueue(table.recordBatch(0))
        table.free()
      }
    },
    { highWaterMark: 0 }
  )
  for await (const piece of await transformParquetStream(batches, own.build())) {
    bytes += (piece as Uint8Array).byteLength
    yield piece as Uint8Array
  }
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

/** A batch as Arrow's stream. */
export function ipcOfBatch(batch: RecordBatch): Uint8Array {
  return ipcOf(new Table([batch]))
}

/** As `tableToIPC` writes it, byte for byte. */
function ipcOf(table: Table): Uint8Array {
  const writer = new StreamWriter()
  writer.writeAll(table)
  return writer.toUint8Array(true)
}
