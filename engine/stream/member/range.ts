import { Scanner } from '../../consume/scanner.ts'
import { walkFile } from '../../consume/walk.ts'
import { Window } from '../../consume/window.ts'
import { BLOCK } from '../../packets.ts'
import type { MessageMark, PacketRange } from '../../packets.ts'

/** Messages of one partition as they were fetched: the raw material of one part. */
export interface Fetched {
  /** `<topic>-<partition>` */
  readonly source: string
  /** Offset where the part before ended. */
  readonly first: number
  /** Offset of the last message. */
  readonly last: number
  /** The messages' values, one behind the other; the memory may reach farther. */
  readonly bytes: SharedArrayBuffer
  /** How far they reach. */
  readonly length: number
  readonly offsets: Float64Array
  readonly sizes: Uint32Array
  /** Offsets of it that Kafka had deleted before they were read. */
  readonly lost: number
  readonly begins: boolean
  readonly generation: number
  /** What its last message is known by. */
  readonly tail?: MessageMark
  /** What it did to its members, more than once and alone; null: nothing. */
  readonly poison: string | null
}

/** The packets in the messages. A message is a container of packets or one Confluent-wire packet. */
export async function rangeOf(fetched: Fetched): Promise<PacketRange> {
  const { source, bytes, length, offsets, sizes, first, last } = fetched
  const { lost, begins, generation, tail } = fetched
  const everything = { packets: Number.POSITIVE_INFINITY, bytes: length + 1 }
  const scanner = new Scanner(source, everything, () => bytes)
  scanner.filled = length
  scanner.enter(source)
  const window = new Window(scanner)
  const blocks: number[] = [] // blocks of each message: a walk yields once for each
  for (const size of sizes) {
    let own = 0
    for await (const _ of walkFile(window, size)) own++
    blocks.push(own)
  }
  const range = scanner.take()
  nameBlocks(range, offsets, blocks)
  const known = { last, count: offsets.length, lost, begins, generation }
  const messages = tail ? { ...known, tail } : known
  return { ...range, first, messages }
}

/** A block's place in its source is the offset of its message. */
function nameBlocks(range: PacketRange, offsets: Float64Array, counts: readonly number[]): void {
  let block = 0
  for (const [message, count] of counts.entries()) {
    for (let i = 0; i < count; i++, block++) {
      range.blocks[block * BLOCK.size + BLOCK.offset] = offsets[message]!
    }
  }
}
