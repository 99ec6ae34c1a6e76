import { amount } from '../amount.ts'
import type { ListGroup, TextColumn } from '../table/columns.ts'
import type { RangeSink } from './compile.ts'
import { MAX_PACKET_BYTES } from '../packets.ts'
import { PacketError } from '../reasons.ts'

const HIGH = 2 ** 32

/** Entries of one list of a packet: a year of LSST visits is some thousands. */
const MOST_ENTRIES = 100_000

/**
 * A position in the bytes of a segment and the reads of Avro's binary encoding from there.
 * Fixed-width reads may run past the packet into its neighbour: the decoder's caller checks that the
 * packet ended where it should. Lengths and counts are checked here, before anything is copied.
 */
export class Reader {
  readonly bytes: Uint8Array
  readonly view: DataView
  p = 0
  end = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** A zigzag varint as a number: exact to 2^53, enough for counts and lengths. */
  long(): number {
    const first = this.bytes[this.p]!
    if (first < 0x80) {
      this.p++
      return (first >>> 1) ^ -(first & 1)
    }
    this.#varint()
    const low = (this.#low >>> 1) | (this.#high << 31)
    const sign = -(this.#low & 1)
    return ((this.#high >>> 1) ^ sign) * HIGH + ((low ^ sign) >>> 0)
  }

  /** A zigzag varint into 64-bit memory: no BigInt is made. */
  id(words: Int32Array, row: number): void {
    this.#varint()
    const sign = -(this.#low & 1)
    words[row * 2] = ((this.#low >>> 1) | (this.#high << 31)) ^ sign
    words[row * 2 + 1] = (this.#high >>> 1) ^ sign
  }

  #low = 0
  #high = 0

  #varint(): void {
    let low = 0
    let middle = 0
    let high = 0
    let shift = 0
    let byte = 0
    do {
      byte = this.bytes[this.p++] ?? 0
      if (shift < 28) low |= (byte & 0x7f) << shift
      else if (shift < 56) middle |= (byte & 0x7f) << (shift - 28)
      else high |= (byte & 0x7f) << (shift - 56)
      shift += 7
    } while (byte >= 0x80 && shift < 70)
    if (byte >= 0x80) {
      if (this.p > this.end) this.overrun()
      throw new PacketError('bad-length', 'a number runs over ten bytes')
    }
    this.#low = low | (middle << 28)
    this.#high = (middle >>> 4) | (high << 24)
  }

  text(column: TextColumn, row: number): void {
    const length = this.#length()
    column.setBytes(row, this.bytes, this.p, this.p + length)
    this.p += length
  }

  symbol(symbols: string[], column: TextColumn, row: number): void {
    const symbol = symbols[this.long()]
    if (symbol === undefined) this.badUnion(this.p)
    column.set(row, symbol)
  }

  range(sink: RangeSink, row: number): void {
    const length = this.#length()
    sink.start[row] = this.p
    sink.length[row] = length
    this.p += length
  }

  skipBytes(): void {
    const length = this.#length()
    this.p += length
  }

  #length(): number {
    const length = this.long()
    if (length < 0 || length > this.end - this.p) this.#tooLong('length', length)
    return length
  }

  /** Items in the next block of an array, each of `least` bytes or more; 0 ends it. */
  blockCount(least: number): number {
    let count = this.long()
    if (count < 0) {
      count = -count
      this.long()
    }
    if (count * least > this.end - this.p) this.#tooLong('count', count)
    return count
  }

  /** Steps over an array whose items have no bytes, however many it says they are. */
  skipEmpty(): void {
    while (this.blockCount(0) !== 0) if (this.p > this.end) this.overrun()
  }

  /** Makes room in a list: of one packet, since the raw lists are emptied after each. */
  grow(list: ListGroup, entries: number): void {
    if (entries > MOST_ENTRIES) {
      throw new PacketError('oversized', `a list of ${entries} entries`)
    }
    list.ensure(entries)
  }

  /** A length that a packet could hold, but this one does not, is that of a packet cut short. */
  #tooLong(what: string, length: number): never {
    if (this.p > this.end) this.overrun()
    const reason = length >= 0 && length <= MAX_PACKET_BYTES ? 'truncated' : 'bad-length'
    const left = this.end - this.p
    throw new PacketError(reason, `a ${what} of ${length} with ${amount(left, 'byte')} left`)
  }

  /** Of a schema whose top is a union, another branch than the record. */
  noRecord(): never {
    throw new PacketError('missing-id', 'the packet is null: it holds no alert')
  }

  overrun(): never {
    throw new PacketError('truncated', 'the packet ends too early')
  }

  tooDeep(depth: number): never {
    throw new PacketError('oversized', `records inside each other, ${depth} deep`)
  }

  /** @param at the position behind what was read: past the end, anything may stand there. */
  badUnion(at: number): never {
    if (at > this.end) this.overrun()
    throw new PacketError('bad-union', 'a union branch that the schema does not have')
  }
}
