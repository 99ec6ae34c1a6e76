import type { Reason } from './reasons.ts'

/** What packets were written with: the header of their container, or a registered schema. */
export interface Header {
  /** The writer schema as the survey sent it: JSON text. */
  readonly schema: Uint8Array
  readonly codec: string
}

/** Stands for the codec of a packet that a magic byte and the id of its schema come before. */
export const WIRE = 'confluent'

/** Bytes of those two. */
export const WIRE_BYTES = 5

/** Kinds of block besides an index into `headers`. */
export const CONFLUENT = -1
export const DAMAGED = -2

/** Numbers per block in `PacketRange.blocks`. */
export const BLOCK = {
  start: 0,
  length: 1,
  header: 2,
  packets: 3,
  offset: 4,
  name: 5,
  size: 6
} as const

/**
 * A run of packets of one source, as they came: the unit of work, of commit and of naming.
 * Positions are ordinals in the source, counted from 0; the range is [first, first + count).
 */
export interface PacketRange {
  /** Name of the source, unique in a lake and the same at every run. */
  readonly source: string
  readonly first: number
  readonly count: number
  /** The bytes; shared between the reader and a member, never copied. */
  readonly bytes: ArrayBufferLike
  /**
   * Six numbers a block: start and length in `bytes`, header (index, CONFLUENT or DAMAGED), packets
   * in the block, byte offset in the source (inflated), index into `names`.
   */
  readonly blocks: Float64Array
  readonly headers: readonly Header[]
  /** Files that the packets lay in, for messages and quarantine. */
  readonly names: readonly string[]
  /** Why blocks marked DAMAGED are, by block number. */
  readonly faults: ReadonlyMap<number, Fault>
  /** Set where packets came as messages of a Kafka partition; positions are offsets then. */
  readonly messages?: MessageSpan
}

/** Texts of writer schemas by Confluent id, each whole. */
export interface Registered extends ReadonlyMap<number, Uint8Array> {
  /** Of ids that it does not have: what is known of why. */
  readonly unknown?: ReadonlyMap<number, string>
}

/** Offsets of a partition may be missing, so how far a range reaches does not follow from its count. */
export interface MessageSpan {
  /** Offset of the last message. */
  readonly last: number
  /** Messages from `first` to `last`; the other offsets between hold none. */
  readonly count: number
  /** Offsets of it that Kafka had deleted before they were read. */
  readonly lost: number
  /** The lake holds nothing of this partition before `first`. */
  readonly begins: boolean
  /** Generation of the consumer group in which they were fetched. */
  readonly generation: number
  /** What the last message is known by. */
  readonly tail?: MessageMark
}

/** What a message of Kafka is known by, beside its offset. */
export interface MessageMark {
  /** Its time stamp, ms since 1970. */
  readonly time: number
  /** CRC-32 of its value, as 8 hex digits. */
  readonly crc32: string
}

/** Position of the last packet of a range. */
export function lastOf({ first, count, messages }: PacketRange): number {
  return messages ? messages.last : first + count - 1
}

export interface Fault {
  readonly reason: Reason
  readonly detail: string
  /** Full length in bytes, where only the beginning was kept. */
  readonly length: number
}

/** A packet that could not become an alert: its bytes, where it was, and why. */
export interface Quarantined {
  readonly position: number
  readonly name: string
  /** Byte offset in the source, after inflating; null of a partition, which has none. */
  readonly offset: number | null
  readonly reason: Reason
  readonly detail: string
  readonly bytes: Uint8Array
  /** What it was written with, and how its bytes are compressed; null where that is not known. */
  readonly writer: Header | null
}

/** The largest packet that is taken for one; larger ones go to quarantine. */
export const MAX_PACKET_BYTES = 8 * 1024 * 1024

/** The most that quarantine keeps of one packet, or of a block whose packets cannot be told apart: a packet is kept whole. */
const MAX_KEPT_BYTES = MAX_PACKET_BYTES

/**
 * What quarantine keeps of bytes as they came, and why they are there: with a note where they are
 * cut, here or before (`sent` bytes came).
 */
export function keptOf(
  bytes: Uint8Array,
  detail: string,
  sent = bytes.length
): { readonly bytes: Uint8Array; readonly detail: string } {
  const kept = bytes.subarray(0, MAX_KEPT_BYTES)
  if (kept.length >= sent) return { bytes: kept, detail }
  return { bytes: kept, detail: `${detail}; the first ${kept.length} of ${sent} bytes are kept` }
}
