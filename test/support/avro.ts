import { crc32, deflateRawSync, zstdCompressSync } from 'node:zlib'
import avro from 'avsc'

/** What avsc decodes: the oracle's objects. */
export type Datum = Record<string, unknown>

/** avsc with longs as BigInt: ids exceed 2^53. */
const LONG = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint | number) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt(value))
    return bytes
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint' || Number.isSafeInteger(value),
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1)
})

/** The avsc type of a writer schema; defaults go first, since real ZTF schemas carry illegal ones; logical types too. */
export function typeOf(schema: unknown): avro.Type {
  const json = typeof schema === 'string' ? (JSON.parse(schema) as unknown) : schema
  return avro.Type.forSchema(withoutDefaults(json) as avro.Schema, { registry: { long: LONG } })
}

function withoutDefaults(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(withoutDefaults)
  if (typeof json !== 'object' || json === null) return json
  const kept = Object.entries(json).filter(([key]) => key !== 'default' && key !== 'logicalType')
  if (kept.length === 1 && 'type' in json) return withoutDefaults(json.type)
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutDefaults(value)]))
}

export interface OpenedContainer {
  readonly schema: string
  readonly codec: string
  readonly data: Datum[]
}

/** Reads an object container with avsc. */
export function openContainer(bytes: Uint8Array): Promise<OpenedContainer> {
  return new Promise((resolve, reject) => {
    const data: Datum[] = []
    let text = ''
    let codec = ''
    const decoder = new avro.streams.BlockDecoder({
      parseHook: (schema: unknown) => {
        text = JSON.stringify(schema)
        return typeOf(schema)
      }
    })
    decoder.on('metadata', (_type, name, header: { meta: Record<string, Buffer> }) => {
      codec = String(name)
      text = header.meta['avro.schema']?.toString() ?? text
    })
    decoder.on('data', (datum: Datum) => data.push(datum))
    decoder.on('error', reject)
    decoder.on('end', () => resolve({ schema: text, codec, data }))
    decoder.end(Buffer.from(bytes))
  })
}

type Codec = 'null' | 'deflate' | 'snappy' | 'zstandard'

/** Writes an object container: `perBlock` data in each block. */
export function writeContainer(
  schema: string,
  data: readonly Uint8Array[],
  codec: string = 'null',
  perBlock = data.length
): Buffer {
  const sync = Buffer.alloc(16, 0xa5)
  const meta = [text('avro.schema'), text(schema), text('avro.codec'), text(codec)]
  const parts: Uint8Array[] = [Buffer.from('Obj\x01', 'latin1'), long(2), ...meta, long(0), sync]
  for (let at = 0; at < data.length; at += perBlock) {
    const own = data.slice(at, at + perBlock)
    const block = (COMPRESS[codec as Codec] ?? COMPRESS.null)(Buffer.concat(own))
    parts.push(long(own.length), long(block.length), block, sync)
  }
  return Buffer.concat(parts)
}

const COMPRESS: Record<Codec, (bytes: Buffer) => Uint8Array> = {
  null: (bytes) => bytes,
  deflate: (bytes) => deflateRawSync(bytes),
  zstandard: (bytes) => zstdCompressSync(bytes),
  snappy: (bytes) => {
    const checksum = Buffer.alloc(4)
    checksum.writeUInt32BE(crc32(bytes))
    return Buffer.concat([snappyLiterals(bytes), checksum])
  }
}

/** Legal snappy without any compression: literals of up to 64 KiB. */
function snappyLiterals(bytes: Buffer): Buffer {
  const parts: Uint8Array[] = []
  let length = bytes.length
  for (; length > 127; length = Math.floor(length / 128))
    parts.push(Buffer.of((length & 127) | 128))
  parts.push(Buffer.of(length))
  for (let at = 0; at < bytes.length; at += 65_536) {
    const literal = bytes.subarray(at, at + 65_536)
    const head = Buffer.of(61 << 2, 0, 0)
    head.writeUInt16LE(literal.length - 1, 1)
    parts.push(head, literal)
  }
  return Buffer.concat(parts)
}

/** A zigzag varint. */
function long(value: number): Buffer {
  return typeOf('"long"').toBuffer(BigInt(value))
}

function text(value: string): Buffer {
  return typeOf('"string"').toBuffer(value)
}

/** A packet on the wire of a Confluent-compatible Kafka: 0, schema id, datum. */
export function confluent(id: number, datum: Uint8Array): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(id, 1)
  return Buffer.concat([head, datum])
}
