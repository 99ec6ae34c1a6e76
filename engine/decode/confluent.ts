import { amount } from '../amount.ts'
import { BLOCK, CONFLUENT } from '../packets.ts'
import type { PacketRange, Registered } from '../packets.ts'
import { PacketError } from '../reasons.ts'

/** A zero byte and four of the schema's id go before a packet of Confluent's form. */
const HEAD = 5

/** The schema ids of the range's Confluent-wire packets. */
export function schemaIds(range: PacketRange): Set<number> {
  const ids = new Set<number>()
  const view = new DataView(range.bytes)
  for (let at = 0; at < range.blocks.length; at += BLOCK.size) {
    if (range.blocks[at + BLOCK.header] !== CONFLUENT) continue
    if (range.blocks[at + BLOCK.length]! >= HEAD) {
      ids.add(view.getUint32(range.blocks[at + BLOCK.start]! + 1))
    }
  }
  return ids
}

/** The text of the schema that a Confluent-wire packet names. @throws PacketError where nobody has it */
export function schemaText(packet: Uint8Array, registered: Registered): Uint8Array {
  if (packet.length <= HEAD) {
    throw new PacketError('truncated', `${amount(packet.length, 'byte')} in all`)
  }
  const id = new DataView(packet.buffer, packet.byteOffset).getUint32(1)
  const text = registered.get(id)
  if (text) return text
  const why = registered.unknown?.get(id)
  throw new PacketError('unknown-schema', `schema id ${id}${why === undefined ? '' : `: ${why}`}`)
}
