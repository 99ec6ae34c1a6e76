import { constants, crc32, deflateRawSync } from 'node:zlib'

/** A piece of a packet; constant pieces are shared by many packets and carry their deflated form. */
export interface Segment {
  readonly bytes: Buffer
  /** A byte-aligned piece of a deflate stream that expands to `bytes`. */
  readonly deflated?: Buffer
}

/** A byte-aligned deflate fragment: it refers to nothing before it and ends with an empty block. */
export function fragment(bytes: Buffer): Buffer {
  return deflateRawSync(bytes, { level: 1, finishFlush: constants.Z_SYNC_FLUSH })
}

/** A piece that many packets share. */
export function constant(bytes: Buffer): Segment {
  return { bytes, deflated: fragment(bytes) }
}

const BLOCK = 65535

/** A piece that does not compress (gzipped stamps): stored blocks. */
export function stored(bytes: Buffer): Segment {
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const block = bytes.subarray(at, at + BLOCK)
    const head = Buffer.alloc(5)
    head.writeUInt16LE(block.length, 1)
    head.writeUInt16LE(~block.length & 0xffff, 3)
    parts.push(head, block)
  }
  return { bytes, deflated: Buffer.concat(parts) }
}

export function lengthOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, segment) => sum + segment.bytes.length, 0)
}

export function checksum(segments: readonly Segment[], start: number): number {
  return segments.reduce((sum, segment) => crc32(segment.bytes, sum), start)
}
