import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { crc64 } from './crc64.ts'
import { Lzma } from './lzma.ts'
import type { Output } from './output.ts'

const MAGIC = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])
const LZMA2 = 0x21

/** Bytes of the checksum behind a block, by its kind: none, CRC32, CRC64, SHA-256. */
const CHECK_SIZE: Readonly<Record<number, number>> = { 0: 0, 1: 4, 4: 8, 10: 32 }

/**
 * Inflates one .xz stream (The .xz file format 1.2.1), blocks of plain LZMA2: what writers of Avro
 * make. Own code, because no package inflates xz without waiting and stops at a bound.
 * @throws Error that says what is damaged.
 */
export function inflateXz(input: Uint8Array, out: Output): void {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  if (bytes.length < 32 || !bytes.subarray(0, 6).equals(MAGIC)) throw new Error('no xz stream')
  if (bytes.readUInt32LE(8) !== crc32(bytes.subarray(6, 8))) throw new Error('a damaged xz header')
  const check = bytes[7]! & 15
  const checkSize = CHECK_SIZE[check]
  if (checkSize === undefined) throw new Error(`an xz checksum of kind ${check}`)
  let at = 12
  while (bytes[at] !== 0) {
    const from = out.at
    at = readLzma2(bytes, readBlockHeader(bytes, at), out)
    at += (4 - (at % 4)) % 4
    const stated = bytes.subarray(at, at + checkSize)
    const own = checksum(check, out.bytes.subarray(from, out.at))
    if (!own.equals(stated)) throw new Error('an xz block whose checksum does not match')
    at += checkSize
  }
  checkEnd(bytes, at)
}

function checksum(kind: number, bytes: Uint8Array): Buffer {
  if (kind === 10) return createHash('sha256').update(bytes).digest()
  const sum = Buffer.alloc(CHECK_SIZE[kind]!)
  if (kind === 1) sum.writeUInt32LE(crc32(bytes))
  if (kind === 4) sum.writeBigUInt64LE(crc64(bytes))
  return sum
}

/** Where the data of the block at `at` begin. */
function readBlockHeader(bytes: Buffer, at: number): number {
  const size = (bytes[at]! + 1) * 4
  const end = at + size
  if (end > bytes.length) throw new Error('an xz block that ends too early')
  if (bytes.readUInt32LE(end - 4) !== crc32(bytes.subarray(at, end - 4))) {
    throw new Error('a damaged xz block header')
  }
  const flags = bytes[at + 1]!
  let place = at + 2
  for (const bit of [0x40, 0x80]) {
    if ((flags & bit) === 0) continue
    while (bytes[place++]! >= 0x80); // a size: it is not needed
  }
  if ((flags & 3) !== 0 || bytes[place] !== LZMA2 || bytes[place + 1] !== 1) {
    throw new Error('an xz filter other than LZMA2')
  }
  return end
}

/** Decodes chunks up to the end mark; where that ended. */
function readLzma2(bytes: Buffer, from: number, out: Output): number {
  const lzma = new Lzma(bytes, out)
  let at = from
  let hasDictionary = false
  for (;;) {
    const control = bytes.readUInt8(at)
    if (control === 0) return at + 1
    if (control === 1 || control >= 0xe0) {
      lzma.start = out.at
      hasDictionary = true
    }
    if (!hasDictionary || (control > 2 && control < 0x80)) throw new Error('a damaged LZMA2 chunk')
    if (control < 0x80) {
      const size = bytes.readUInt16BE(at + 1) + 1
      at = takePlain(bytes, at + 3, size, out)
      continue
    }
    const size = (control & 0x1f) * 65536 + bytes.readUInt16BE(at + 1) + 1
    const packed = bytes.readUInt16BE(at + 3) + 1
    at += 5
    if (control >= 0xc0) lzma.properties(bytes.readUInt8(at++))
    if (!lzma.hasProperties) throw new Error('an LZMA2 chunk without properties')
    if (control >= 0xa0) lzma.reset()
    if (at + packed > bytes.length) throw new Error('an LZMA2 chunk that ends too early')
    lzma.chunk(at, at + packed, size)
    at += packed
  }
}

function takePlain(bytes: Buffer, at: number, size: number, out: Output): number {
  if (at + size > bytes.length) throw new Error('an LZMA2 chunk that ends too early')
  out.need(size)
  out.bytes.set(bytes.subarray(at, at + size), out.at)
  out.at += size
  return at + size
}

/** The index and the footer behind the blocks, to the last byte. */
function checkEnd(bytes: Buffer, index: number): void {
  const footer = bytes.length - 12
  const indexSize = footer >= index ? (bytes.readUInt32LE(footer + 4) + 1) * 4 : 0
  const isWhole =
    index + indexSize === footer &&
    bytes.readUInt32LE(footer - 4) === crc32(bytes.subarray(index, footer - 4)) &&
    bytes.readUInt32LE(footer) === crc32(bytes.subarray(footer + 4, footer + 10)) &&
    bytes.toString('latin1', footer + 10) === 'YZ'
  if (!isWhole) throw new Error('an xz stream that does not end as it should')
}
