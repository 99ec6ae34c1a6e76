import { crc32 } from 'node:zlib'
import { layContainer } from '../avro/container.ts'
import { combineCrc } from '../crc.ts'
import type { Quarantined } from '../packets.ts'
import type { Enriched } from '../table/enriched.ts'
import type { ColumnDef } from '../table/schema.ts'
import { layerToArrow, toArrow } from './files/arrow.ts'
import type { Staged } from './two-phase-commit.ts'
import type { PartFile } from './ledger.ts'
import { layPlaces } from './files/places.ts'
import type { InputPlace } from './files/places.ts'
import { toLakeParquet } from './files/parquet.ts'
import type { Metadata } from './files/parquet.ts'
import { QUARANTINE_COLUMNS_PATH } from './kept-columns.ts'
import { quarantineTable } from './files/quarantine.ts'

/** A file of a part, laid out and ready to be staged. */
export interface LaidFile extends Staged {
  readonly account: PartFile
}

/** The packet of each row, to be kept verbatim, and the schema it was written with. */
export interface PacketBytes {
  schemaOf(row: number): { readonly fingerprint: string; readonly text: Uint8Array }
  bytesOf(row: number): Uint8Array
  /** CRC-32 of those bytes, where it is known. */
  readonly digestOf?: (row: number) => number
  /** They are kept as zstd makes them, each for itself. */
  readonly isCompressed?: boolean
  /** Of packets from Kafka: the message that it came in, its offset from the part's first. */
  readonly placeOf?: (row: number) => InputPlace
}

function laid(
  path: string,
  kind: PartFile['kind'],
  rows: number,
  pieces: readonly Uint8Array[],
  digests: ReadonlyMap<Uint8Array, number> = new Map()
): LaidFile {
  const bytes = pieces.reduce((sum, piece) => sum + piece.byteLength, 0)
  return { path, pieces, account: { path, kind, rows, bytes, crc32: checksum(pieces, digests) } }
}

/** CRC-32 of the pieces one after the other, as `PartFile` keeps it; `digests` of those that are known. */
function checksum(pieces: Iterable<Uint8Array>, digests: ReadonlyMap<Uint8Array, number>): string {
  let sum = 0
  for (const piece of pieces) {
    const digest = digests.get(piece)
    sum = digest === undefined ? crc32(piece, sum) : combineCrc(sum, digest, piece.byteLength)
  }
  return sum.toString(16).padStart(8, '0')
}

/** Rows by night, each night sorted by sky pixel, then id: near on the sky is near in the file. */
export function nightsOf(batch: Enriched): Map<number, Int32Array> {
  const { table } = batch
  const night = table.fixed('night').values as Int32Array
  const healpix = table.fixed('healpix').values as BigInt64Array
  const id = table.fixed('alert_id').values as BigInt64Array
  const byNight = new Map<number, number[]>()
  for (let row = 0; row < table.rows; row++) {
    const rows = byNight.get(night[row]!)
    if (rows) rows.push(row)
    else byNight.set(night[row]!, [row])
  }
  const compare = (a: number, b: number) =>
    Number(healpix[a]! - healpix[b]!) || (id[a]! < id[b]! ? -1 : 1)
  const sorted = [...byNight].sort(([a], [b]) => a - b)
  return new Map(sorted.map(([key, rows]) => [key, Int32Array.from(rows.sort(compare))]))
}

/**
 * Lays out one survey's alerts of a part (`part` is its path below a night): the packets verbatim, one container per night and writer
 * schema, and the Parquet files that point into them.
 */
export function layAlerts(
  part: string,
  batch: Enriched,
  nights: ReadonlyMap<number, Int32Array>,
  packets: PacketBytes,
  metadata: Metadata
): LaidFile[] {
  const { survey } = batch.table
  const files: LaidFile[] = []
  for (const [night, rows] of nights) {
    files.push(...layPackets(part, batch, night, rows, packets))
    const path = `${survey}/alerts/night=${night}/${part}.parquet`
    const table = toArrow(batch, rows)
    const bytes = toLakeParquet(table, {
      ...metadata,
      'siskin.survey': survey,
      'siskin.night': String(night),
      'siskin.rows': String(rows.length)
    })
    files.push(laid(path, 'alerts', rows.length, [bytes]))
  }
  return files
}

/** In the order they came; sets the columns that point to each packet. */
function layPackets(
  part: string,
  batch: Enriched,
  night: number,
  rows: Int32Array,
  packets: PacketBytes
): LaidFile[] {
  const { table } = batch
  const bySchema = new Map<string, number[]>()
  for (const row of rows.toSorted()) {
    const { fingerprint } = packets.schemaOf(row)
    const list = bySchema.get(fingerprint)
    if (list) list.push(row)
    else bySchema.set(fingerprint, [row])
  }
  const { placeOf, digestOf, isCompressed = false } = packets
  const codec = isCompressed ? 'zstandard' : 'null'
  const files: LaidFile[] = []
  for (const [fingerprint, own] of bySchema) {
    const suffix = bySchema.size > 1 ? `-${fingerprint}` : ''
    const path = `${table.survey}/packets/night=${night}/${part}${suffix}.avro`
    const data = own.map((row) => packets.bytesOf(row))
    const layout = layContainer(path, packets.schemaOf(own[0]!).text, {}, data, codec)
    own.forEach((row, i) => {
      table.text('packet_file').set(row, path)
      table.fixed('packet_offset').set(row, BigInt(layout.offsets[i]!))
      table.fixed('packet_length').set(row, layout.lengths[i]!)
    })
    const digests = new Map(digestOf && own.map((row, i) => [data[i]!, digestOf(row)]))
    const file = laid(path, 'packets', own.length, layout.pieces, digests)
    const places = placeOf && { places: layPlaces(own.map((row) => placeOf(row))) }
    const kept = isCompressed ? { codec } : {}
    files.push({ ...file, account: { ...file.account, ...kept, ...places } })
  }
  return files
}

export function layQuarantine(
  part: string,
  source: string,
  quarantined: readonly Quarantined[],
  metadata: Metadata
): LaidFile[] {
  if (quarantined.length === 0) return []
  const bytes = toLakeParquet(quarantineTable(source, quarantined), {
    ...metadata,
    'siskin.columns': QUARANTINE_COLUMNS_PATH,
    'siskin.rows': String(quarantined.length)
  })
  return [laid(`quarantine/${part}.parquet`, 'quarantine', quarantined.length, [bytes])]
}

/** One topic's messages of one night. */
export function layTopic(
  part: string,
  topic: string,
  night: number,
  schema: string,
  metadata: Metadata,
  messages: readonly Uint8Array[]
): LaidFile {
  const path = `topics/${topic}/night=${night}/${part}.avro`
  const { pieces } = layContainer(path, Buffer.from(schema), metadata, messages)
  return laid(path, 'topic', messages.length, pieces)
}

/** A module's columns for all rows of a file of alerts, in their order. */
export function layLayer(
  path: string,
  batch: Enriched,
  columns: readonly ColumnDef[],
  metadata: Metadata
): LaidFile {
  const { rows } = batch.table
  const table = layerToArrow(
    batch,
    Int32Array.from({ length: rows }, (_, row) => row),
    columns
  )
  const bytes = toLakeParquet(table, { ...metadata, 'siskin.rows': String(rows) })
  return laid(path, 'layer', rows, [bytes])
}
