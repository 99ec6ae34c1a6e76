import { constants, crc32, inflateRawSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { compressors } from 'hyparquet-compressors'
import bunzip from 'seek-bzip'
import { amount } from '../amount.ts'
import { MAX_PACKET_BYTES } from '../packets.ts'
import { PacketError } from '../reasons.ts'
import { Output } from './output.ts'
import { inflateXz } from './xz.ts'

/** A block may hold many packets: as much as one that came without compression may have. */
const MAX_BLOCK_BYTES = 8 * MAX_PACKET_BYTES

/** The lowest level of zstd that still finds matches by more than luck: see "Speed" in ARCHITECTURE.md. */
const ZSTD_LEVEL = 1

/** What zlib asks for at once: a packet of LSST fits into one. */
const PIECE = 128 * 1024

/** No snappy stream makes more of its bytes: three of them copy 64. */
const MOST_OF_SNAPPY = 22

type Inflate = (bytes: Uint8Array, most: number) => Uint8Array

/** The codecs of the Avro specification 1.12. Each stops at `most` bytes, without having taken more. */
const CODECS: Readonly<Record<string, Inflate>> = {
  deflate: (bytes, most) => inflateRawSync(bytes, { maxOutputLength: most }),
  zstandard: (bytes, most) =>
    zstdDecompressSync(bytes, { maxOutputLength: most, chunkSize: PIECE }),
  snappy,
  bzip2,
  xz: (bytes, most) => {
    const out = new Output(bytes.length * 2, most)
    inflateXz(bytes, out)
    return out.done()
  }
}

/** A block as codec `zstandard` has it; the same bytes always make the same. */
export function zstandard(bytes: Uint8Array): Uint8Array {
  const params = { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL }
  return zstdCompressSync(bytes, { params, chunkSize: PIECE })
}

/**
 * Inflates a block of an Avro object container that says it holds `packets` packets.
 * @throws PacketError `bad-codec` for a codec that is not known, data that does not inflate, or more
 * bytes than so many packets can have.
 */
export function inflate(codec: string, bytes: Uint8Array, packets: number): Uint8Array {
  const inflateBlock = Object.hasOwn(CODECS, codec) ? CODECS[codec] : undefined
  if (!inflateBlock) {
    const known = ['null', ...Object.keys(CODECS)].join(', ')
    throw new PacketError('bad-codec', `codec "${codec}" (known: ${known})`)
  }
  const most = Math.min(MAX_BLOCK_BYTES, packets * MAX_PACKET_BYTES)
  try {
    return inflateBlock(bytes, most)
  } catch (error) {
    throw new PacketError('bad-codec', `${codec}: ${(error as Error).message}`)
  }
}

/** Avro's snappy block ends in four bytes of CRC32, big-endian; the length stands in front as a varint. */
function snappy(bytes: Uint8Array, most: number): Uint8Array {
  if (bytes.length < 5) throw new Error(`${amount(bytes.length, 'byte')} in all`)
  let length = 0
  for (let i = 0, scale = 1; i < 5; i++, scale *= 128) {
    length += (bytes[i]! & 0x7f) * scale
    if (bytes[i]! < 0x80) break
  }
  if (length > most || length > bytes.length * MOST_OF_SNAPPY) {
    throw new Error(`${length} bytes of ${bytes.length}, and at most ${most} in one block`)
  }
  const inflated = compressors.SNAPPY!(bytes.subarray(0, -4), length)
  const stated = new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4)
  const own = crc32(inflated)
  if (own !== stated) throw new Error(`its checksum is ${own}, and the block says ${stated}`)
  return inflated
}

function bzip2(bytes: Uint8Array, most: number): Uint8Array {
  const out = new Output(bytes.length * 4, most)
  let at = 0
  const readByte = () => {
    if (at === bytes.length) throw new Error('the compressed data ends too early')
    return bytes[at++]!
  }
  const read = (to: Uint8Array, from: number, length: number) => {
    for (let i = 0; i < length; i++) to[from + i] = readByte()
    return length
  }
  const writeByte = (byte: number) => {
    if (out.at === out.bytes.length) out.need(1)
    out.bytes[out.at++] = byte
  }
  bunzip.decode({ readByte, read }, { writeByte })
  if (at < bytes.length) throw new Error(`${amount(bytes.length - at, 'byte')} left over`)
  return out.done()
}
