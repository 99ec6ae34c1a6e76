import { createHash } from 'node:crypto'
import { zstandard } from './codecs.ts'

const MAGIC = Uint8Array.of(0x4f, 0x62, 0x6a, 1)

/** A zigzag varint. */
export function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value >= 0 ? value * 2 : -value * 2 - 1
  while (rest > 127) {
    bytes.push((rest % 128) | 0x80)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return bytes
}

/** The marker between the blocks of a container of this name, and at its end. */
export function syncOf(name: string): Buffer {
  return createHash('md5').update(name).digest()
}

/** True of bytes that begin as a container does. */
export function isContainerHead(bytes: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(0, MAGIC.length), MAGIC) === 0
}

/** Where each datum of a container lies: it is its own block, so one range read gets it. */
export interface ContainerLayout {
  readonly pieces: Uint8Array[]
  readonly size: number
  /** First byte of each block's data, and how many they are. */
  readonly offsets: number[]
  readonly lengths: number[]
}

/**
 * An Avro object container of one datum a block as pieces to write: with codec null the data are not
 * copied. The sync marker comes from `name`, so that the same data make the same bytes.
 */
export function layContainer(
  name: string,
  schema: Uint8Array,
  metadata: Readonly<Record<string, string>>,
  data: readonly Uint8Array[],
  codec: 'null' | 'zstandard' = 'null'
): ContainerLayout {
  const sync = syncOf(name)
  const head = layHead(name, schema, codec, metadata)
  const pieces: Uint8Array[] = []
  const offsets: number[] = []
  const lengths: number[] = []
  let size = 0
  let before: Uint8Array = head
  for (const datum of data) {
    const block = codec === 'null' ? datum : zstandard(datum)
    const between = Buffer.concat([
      before,
      Uint8Array.from([...varint(1), ...varint(block.length)])
    ])
    pieces.push(between, block)
    offsets.push(size + between.length)
    lengths.push(block.length)
    size += between.length + block.length
    before = sync
  }
  pieces.push(before)
  return { pieces, size: size + before.length, offsets, lengths }
}

/** What such a container begins with. */
export function layHead(
  name: string,
  schema: Uint8Array,
  codec: string,
  metadata: Readonly<Record<string, string>>
): Uint8Array {
  const entries: [string, Uint8Array][] = [
    ['avro.schema', schema],
    ['avro.codec', Buffer.from(codec)],
    ...Object.entries(metadata).map(([key, value]): [string, Uint8Array] => [
      key,
      Buffer.from(value)
    ])
  ]
  const parts: Uint8Array[] = [MAGIC, Uint8Array.from(varint(entries.length))]
  for (const [key, value] of entries) {
    const name = Buffer.from(key)
    parts.push(Uint8Array.from(varint(name.length)), name)
    parts.push(Uint8Array.from(varint(value.length)), value)
  }
  parts.push(Uint8Array.of(0), syncOf(name))
  return Buffer.concat(parts)
}

/** Visits the data of a container of one datum a block or more. @throws where a block does not end in its sync marker. */
export function eachBlock(
  bytes: Uint8Array,
  visit: (packets: number, start: number, end: number) => void
): void {
  const cursor = new Cursor(bytes, 4)
  for (let entries = cursor.long(); entries !== 0n; entries = cursor.long()) {
    for (let i = 0n; i < entries * 2n; i++) cursor.skip(Number(cursor.long()))
  }
  const sync = bytes.subarray(cursor.at, cursor.at + 16)
  cursor.skip(16)
  while (cursor.at < bytes.length) {
    const packets = Number(cursor.long())
    const size = Number(cursor.long())
    visit(packets, cursor.at, cursor.at + size)
    cursor.skip(size)
    if (Buffer.compare(bytes.subarray(cursor.at, cursor.at + 16), sync) !== 0) {
      throw new Error(`no sync marker at byte ${cursor.at}`)
    }
    cursor.skip(16)
  }
}

/** The first field of every datum, a nullable long; data that begin with null are left out. */
export function readFirstLong(bytes: Uint8Array): bigint[] {
  const values: bigint[] = []
  eachBlock(bytes, (_, start) => {
    if (bytes[start] === 2) values.push(new Cursor(bytes, start + 1).long())
  })
  return values
}

class Cursor {
  at: number
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes
    this.at = at
  }

  skip(size: number): void {
    this.at += size
  }

  long(): bigint {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#bytes[this.at++]
      if (byte === undefined) throw new Error('it ends too early')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return (value >> 1n) ^ -(value & 1n)
    }
  }
}
