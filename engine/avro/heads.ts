import { amount } from '../amount.ts'

/** Avro object container headers and block heads, read in place. All return null where bytes are missing. */

export interface ContainerHeader {
  readonly schema: Uint8Array
  readonly codec: string
  readonly sync: Uint8Array
  /** First byte after the header. */
  readonly end: number
}

export interface BlockHead {
  /** 0 in a block that a writer closed without having put anything in. */
  readonly packets: number
  readonly size: number
  /** First byte of the block's data. */
  readonly start: number
}

export const SYNC_BYTES = 16

export class ContainerError extends Error {
  override readonly name = 'ContainerError'
}

/** Far more than alerts fit into a block: each has its entry in quarantine if the block is damaged. */
const MAX_PACKETS = 100_000
const MAX_METADATA = 4 * 1024 * 1024
const MAX_ENTRIES = 4096
const text = new TextDecoder()

/** `Obj` and the version. */
export const MAGIC_BYTES = 4

export function isContainer(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === 0x4f && bytes[at + 1] === 0x62 && bytes[at + 2] === 0x6a && bytes[at + 3] === 1
  )
}

/** Reads the header at `at`; null if it goes on behind `end`. @throws ContainerError if it is none. */
export function readHeader(bytes: Uint8Array, at: number, end: number): ContainerHeader | null {
  const cursor = new Cursor(bytes, at + MAGIC_BYTES, end)
  let schema: Uint8Array | null = null
  let codec = 'null'
  let all = 0
  for (;;) {
    let entries = cursor.long()
    if (entries === null) return null
    if (entries === 0) break
    if (entries < 0) {
      entries = -entries
      if (cursor.long() === null) return null
    }
    all += entries
    if (all > MAX_ENTRIES) throw new ContainerError(`a header of ${all} entries`)
    for (let i = 0; i < entries; i++) {
      const key = cursor.bytes()
      const value = key && cursor.bytes()
      if (!key || !value) return null
      const name = text.decode(key)
      if (name === 'avro.schema') schema = value
      else if (name === 'avro.codec') codec = text.decode(value) || 'null'
    }
  }
  if (!schema) throw new ContainerError('the header has no avro.schema')
  if (cursor.at + SYNC_BYTES > end) return null
  const sync = bytes.slice(cursor.at, cursor.at + SYNC_BYTES)
  return { schema, codec, sync, end: cursor.at + SYNC_BYTES }
}

/** An entry of the header at the begin of a file; null where it has none, or bytes are missing. */
export function headerEntry(bytes: Uint8Array, key: string): Uint8Array | null {
  const cursor = new Cursor(bytes, 4, bytes.length)
  for (let entries = cursor.long(); entries; entries = cursor.long()) {
    if (entries < 0) cursor.long()
    for (let i = 0; i < Math.abs(entries); i++) {
      const own = cursor.bytes()
      const value = own && cursor.bytes()
      if (!own || !value) return null
      if (text.decode(own) === key) return value
    }
  }
  return null
}

export function readBlockHead(bytes: Uint8Array, at: number, end: number): BlockHead | null {
  const cursor = new Cursor(bytes, at, end)
  const packets = cursor.long()
  const size = packets === null ? null : cursor.long()
  if (packets === null || size === null) return null
  if (packets < 0 || size < 0 || packets > Math.min(size + 1, MAX_PACKETS)) {
    throw new ContainerError(`a block of ${amount(packets, 'packet')} in ${amount(size, 'byte')}`)
  }
  return { packets, size, start: cursor.at }
}

class Cursor {
  at: number
  readonly #bytes: Uint8Array
  readonly #end: number

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes
    this.at = at
    this.#end = end
  }

  long(): number | null {
    let value = 0
    let scale = 1
    for (let i = 0; i < 10; i++) {
      if (this.at >= this.#end) return null
      const byte = this.#bytes[this.at++]!
      value += (byte & 0x7f) * scale
      scale *= 128
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
    throw new ContainerError('a number runs over ten bytes')
  }

  bytes(): Uint8Array | null {
    const length = this.long()
    if (length === null) return null
    if (length < 0 || length > MAX_METADATA)
      throw new ContainerError(`a header field of ${length} bytes`)
    if (this.at + length > this.#end) return null
    this.at += length
    return this.#bytes.subarray(this.at - length, this.at)
  }
}
