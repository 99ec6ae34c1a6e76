import { createHash } from 'node:crypto'

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

/** Where each datum of a container lies: it is its own block, so one range read gets it. */
export interface ContainerLayout {
  readonly pieces: Uint8Array[]
  readonly size: number
  /** First byte of each datum. */
  readonly offsets: number[]
}

/**
 * An Avro object container (codec null, one datum a block) as pieces to write: the data are not
 * copied. The sync marker comes from `name`, so that the same data make the same bytes.
 */
export function layContainer(
  name: string,
  schema: Uint8Array,
  metadata: Readonly<Record<string, string>>,
  data: readonly Uint8Array[]
): ContainerLayout {
  const sync = createHash('md5').update(name).digest()
  const head = header(schema, metadata, sync)
  const pieces: Uint8Array[] = []
  const offsets: number[] = []
  let size = 0
  let before: Uint8Array = head
  for (const datum of data) {
    const between = Buffer.concat([
      before,
      Uint8Array.from([...varint(1), ...varint(datum.length)])
    ])
    pieces.push(between, datum)
    offsets.push(size + between.length)
    size += between.length + datum.length
    before = sync
  }
  pieces.push(before)
  return { pieces, size: size + before.length, offsets }
}

function header(
  schema: Uint8Array,
  metadata: Readonly<Record<string, string>>,
  sync: Uint8Array
): Uint8Array {
  const entries: [string, Uint8Array][] = [
    ['avro.schema', schema],
    ['avro.codec', Buffer.from('null')],
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
  parts.push(Uint8Array.of(0), sync)
  return Buffer.concat(parts)
}
