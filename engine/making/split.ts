import { BLOCK } from '../packets.ts'
import type { PacketRange } from '../packets.ts'

/** Halves a range between two blocks; a range of one block stays whole. The bytes are shared. */
export function split(range: PacketRange): PacketRange[] {
  const blocks = range.blocks.length / BLOCK.size
  if (blocks < 2) return [range]
  const middle = blocks >> 1
  return [part(range, 0, middle), part(range, middle, blocks)]
}

function part(range: PacketRange, from: number, to: number): PacketRange {
  const blocks = range.blocks.slice(from * BLOCK.size, to * BLOCK.size)
  const faults = new Map(
    [...range.faults]
      .filter(([block]) => block >= from && block < to)
      .map(([block, fault]) => [block - from, fault])
  )
  return {
    ...range,
    first: range.first + packetsIn(range, 0, from),
    count: packetsIn(range, from, to),
    blocks,
    faults
  }
}

function packetsIn(range: PacketRange, from: number, to: number): number {
  let packets = 0
  for (let block = from; block < to; block++) {
    packets += range.blocks[block * BLOCK.size + BLOCK.packets]!
  }
  return packets
}
