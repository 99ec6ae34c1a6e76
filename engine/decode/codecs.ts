import { inflateRawSync, zstdDecompressSync } from 'node:zlib'
import { compressors } from 'hyparquet-compressors'
import { MAX_PACKET_BYTES } from '../packets.ts'
import { PacketError } from '../reasons.ts'

/** A block may hold many packets: bounded all the same, so that a bomb cannot take the memory. */
const MAX_BLOCK_BYTES = 32 * MAX_PACKET_BYTES

/** Inflates a block of an Avro object container. @throws PacketError for a codec or data that does not work. */
export function inflate(codec: string, bytes: Uint8Array): Uint8Array {
  const options = { maxOutputLength: MAX_BLOCK_BYTES }
  try {
    if (codec === 'deflate') return inflateRawSync(bytes, options)
    if (codec === 'zstandard') return zstdDecompressSync(bytes, options)
    if (codec === 'snappy') return snappy(bytes)
  } catch (error) {
    throw new PacketError('bad-codec', `${codec}: ${(error as Error).message}`)
  }
  throw new PacketError('bad-codec', `codec "${codec}" (known: null, deflate, snappy, zstandard)`)
}

/** Avro's snappy block ends in four bytes of CRC; the length stands in front as a varint. */
function snappy(bytes: Uint8Array): Uint8Array {
  let length = 0
  for (let i = 0, scale = 1; i < 5; i++, scale *= 128) {
    length += (bytes[i]! & 0x7f) * scale
    if (bytes[i]! < 0x80) break
  }
  if (length > MAX_BLOCK_BYTES) throw new Error(`${length} bytes in one block`)
  return compressors.SNAPPY!(bytes.subarray(0, -4), length)
}
