import { BLOCK, CONFLUENT, DAMAGED, MAX_PACKET_BYTES } from '../packets.ts'
import type { Fault, Header, PacketRange } from '../packets.ts'
import type { Reason } from '../reasons.ts'
import { SYNC_BYTES } from '../avro/heads.ts'

/**
 * When a range is full: packets, and bytes of the source from the end of the range before. Both are
 * the same at every run, and so are the cuts.
 */
export interface Cut {
  readonly packets: number
  readonly bytes: number
}

export const DEFAULT_CUT: Cut = { packets: 1000, bytes: 40 * 1024 * 1024 }

/**
 * A window on a stream of bytes that fills one range's buffer. Parsing happens in place; at a cut the
 * buffer leaves with its range, and only the bytes not yet parsed move to the next one.
 */
export class Scanner {
  bytes: Uint8Array
  /** Next byte to parse. */
  at = 0
  /** End of the bytes that are there. */
  filled = 0
  /** Byte offset in the source of `bytes[0]`. */
  base = 0
  readonly #source: string
  readonly #cut: Cut
  readonly #allocate: (size: number) => ArrayBufferLike
  /** Ordinal of the next packet. */
  position = 0
  #first = 0
  #count = 0
  /** End of the last packet's bytes. */
  #kept = 0
  /** Offset at which the last range ended. */
  #cutAt = 0
  #blocks: number[] = []
  #headers: Header[] = []
  #recent: Header[] = []
  #names: string[] = []
  #faults = new Map<number, Fault>()

  constructor(source: string, cut: Cut, allocate: (size: number) => ArrayBufferLike) {
    this.#source = source
    this.#cut = cut
    this.#allocate = allocate
    this.bytes = new Uint8Array(allocate(this.#capacity()))
  }

  #capacity(): number {
    return this.#cut.bytes + 4 * 1024 * 1024
  }

  get available(): number {
    return this.filled - this.at
  }

  get offset(): number {
    return this.base + this.at
  }

  /** Copies bytes behind what is there: the one copy on the way from a stream to a member. */
  append(chunk: Uint8Array): void {
    if (this.filled + chunk.length > this.bytes.length) this.#makeRoom(chunk.length)
    this.bytes.set(chunk, this.filled)
    this.filled += chunk.length
  }

  /** Steps over bytes. What is stepped over takes no room, however much it is. */
  skip(size: number): void {
    if (size < this.available) {
      this.at += size
      return
    }
    this.filled = this.at
    this.base += size
  }

  /** Takes back all that is not parsed yet, as a copy. */
  giveBack(): Uint8Array {
    const rest = this.bytes.slice(this.at, this.filled)
    this.filled = this.at
    return rest
  }

  /** What was stepped over since the last packet gives its room back, where that is worth the move. */
  #makeRoom(more: number): void {
    const passed = this.at - this.#kept
    if (passed > 0 && (this.#kept === 0 || passed >= this.available)) {
      this.bytes.copyWithin(this.#kept, this.at, this.filled)
      this.base += passed
      this.filled -= passed
      this.at = this.#kept
    }
    if (this.filled + more <= this.bytes.length) return
    const larger = new Uint8Array(
      new ArrayBuffer(Math.max(this.filled + more, this.bytes.length * 2))
    )
    larger.set(this.bytes.subarray(0, this.filled))
    this.bytes = larger
  }

  /** Says which file the next blocks lie in. */
  enter(name: string): void {
    if (this.#names.length > 0 && this.#blocks.length === 0) this.#names.pop()
    this.#names.push(name)
  }

  /** A header that outlives the buffer; the same object for equal headers met shortly after each other. */
  header(schema: Uint8Array, codec: string): Header {
    for (const header of this.#recent) {
      if (header.codec === codec && Buffer.compare(header.schema, schema) === 0) return header
    }
    const header = { schema: Uint8Array.from(schema), codec }
    this.#recent = [header, ...this.#recent.slice(0, 7)]
    return header
  }

  /** Takes `length` bytes from `start` as a block of `packets` packets. */
  block(start: number, length: number, header: Header, packets: number): void {
    let index = this.#headers.indexOf(header)
    if (index < 0) index = this.#headers.push(header) - 1
    this.#add(start, length, index, packets)
    this.#kept += SYNC_BYTES // a replay gives it on
  }

  #add(start: number, length: number, header: number, packets: number): void {
    if (this.#count === 0) this.#first = this.position
    this.#blocks.push(start, length, header, packets, this.base + start, this.#names.length - 1)
    this.#count += packets
    this.#kept = start + length
    this.position += packets
  }

  confluent(start: number, length: number): void {
    this.#add(start, length, CONFLUENT, 1)
  }

  /** Takes bytes that are no packet: they go to quarantine, `kept` of them. */
  damaged(start: number, kept: number, length: number, reason: Reason, detail: string): void {
    this.#faults.set(this.#blocks.length / BLOCK.size, { reason, detail, length })
    this.#add(start, Math.min(kept, MAX_PACKET_BYTES), DAMAGED, 1)
  }

  get full(): boolean {
    return this.#count >= this.#cut.packets || this.offset - this.#cutAt >= this.#cut.bytes
  }

  get pending(): number {
    return this.#count
  }

  /** Gives the range away with its buffer and goes on in a new one. */
  take(): PacketRange {
    const blocks = Float64Array.from(this.#blocks)
    const range: PacketRange = {
      source: this.#source,
      first: this.#first,
      count: this.#count,
      bytes: this.bytes.buffer,
      blocks,
      headers: this.#headers,
      names: this.#names,
      faults: this.#faults
    }
    const rest = this.bytes.subarray(this.at, this.filled)
    const next = new Uint8Array(this.#allocate(Math.max(this.#capacity(), rest.length)))
    next.set(rest)
    this.bytes = next
    this.base += this.at
    this.filled = rest.length
    this.at = 0
    this.drop()
    return range
  }

  /** Forgets the packets taken so far: they are in the lake already. */
  drop(): void {
    this.#count = 0
    this.#kept = 0
    this.#cutAt = this.offset
    this.#blocks = []
    this.#headers = []
    this.#names = this.#names.slice(-1)
    this.#faults = new Map()
  }
}
