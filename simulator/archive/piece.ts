import { checksum, fragment, lengthOf, stored } from './segments.ts'
import type { Segment } from './segments.ts'
import { tarHeader, tarPadding } from './tar.ts'

/** A run of archive bytes, ready to be appended: the same whoever made it. */
export interface Piece {
  readonly parts: readonly Uint8Array[]
  /** Length and CRC-32 of what the parts expand to. */
  readonly rawLength: number
  readonly crc: number
}

/** Below this size a segment is stored, not deflated. */
const SMALL = 1024

/** Collects tar entries into one piece, deflated or plain. */
export class PieceBuilder {
  readonly gzip: boolean
  #parts: Buffer[] = []
  #rawLength = 0
  #crc = 0

  constructor(gzip: boolean) {
    this.gzip = gzip
  }

  /** Adds one file to the archive. */
  file(name: string, segments: readonly Segment[]): void {
    const size = lengthOf(segments)
    const padding = tarPadding(size)
    const all = [{ bytes: tarHeader(name, size) }, ...segments, { bytes: padding }]
    for (const segment of all) this.#append(segment)
    this.#rawLength += 512 + size + padding.length
    this.#crc = checksum(all, this.#crc)
  }

  #append(segment: Segment): void {
    if (segment.bytes.length === 0) return
    this.#parts.push(this.gzip ? deflated(segment) : segment.bytes)
  }

  take(): Piece {
    const piece = { parts: this.#parts, rawLength: this.#rawLength, crc: this.#crc }
    this.#parts = []
    this.#rawLength = 0
    this.#crc = 0
    return piece
  }
}

function deflated(segment: Segment): Buffer {
  if (segment.deflated) return segment.deflated
  if (segment.bytes.length >= SMALL) return fragment(segment.bytes)
  return stored(segment.bytes).deflated ?? segment.bytes
}

/** The same piece in one buffer of its own, to be sent to another thread. */
export function joined(piece: Piece): Piece {
  return { ...piece, parts: [Buffer.concat(piece.parts)] }
}
