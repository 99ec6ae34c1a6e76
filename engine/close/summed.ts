import { crc32 } from 'node:zlib'

/** Counts what is written, and its CRC-32 as the ledger keeps it. */
export class Summed {
  bytes = 0
  #sum = 0

  restart(): void {
    this.bytes = this.#sum = 0
  }

  add(piece: Uint8Array): Uint8Array {
    this.bytes += piece.byteLength
    this.#sum = crc32(piece, this.#sum)
    return piece
  }

  get crc(): string {
    return this.#sum.toString(16).padStart(8, '0')
  }
}
