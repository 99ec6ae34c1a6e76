import { BLOCK, keptOf } from '../packets.ts'
import type { PacketRange, Quarantined } from '../packets.ts'
import type { OnceDecoded } from './decode-once.ts'

const MOST_NAMED = 10

/** Says which alerts came again with other bytes. */
export function tellRevisions({ revisions }: OnceDecoded, warn: (message: string) => void): void {
  if (revisions.length === 0) return
  const named = revisions.slice(0, MOST_NAMED).map(({ survey, id }) => `${survey} ${id}`)
  const more = revisions.length > MOST_NAMED ? `, … ${revisions.length - MOST_NAMED} more` : ''
  warn(`alerts came again with other bytes, and are kept as revisions: ${named.join(', ')}${more}`)
}

/** A block that is never to be read again: its first packet keeps the bytes of all. */
export function quarantineAll(range: PacketRange, reason: string): OnceDecoded {
  const sent = new Uint8Array(range.bytes, range.blocks[BLOCK.start], range.blocks[BLOCK.length])
  const { bytes, detail } = keptOf(sent, reason)
  const quarantined = Array.from({ length: range.count }, (_, i): Quarantined => ({
    position: range.first + i,
    name: range.names[0] ?? '',
    offset: range.blocks[BLOCK.offset] ?? 0,
    reason: 'poison',
    detail,
    bytes: i === 0 ? bytes : new Uint8Array(0),
    writer: range.headers[range.blocks[BLOCK.header] ?? -1] ?? null
  }))
  const nothing = { alerts: [], duplicates: 0, copies: new Map(), marks: new Map(), revisions: [] }
  return { ...nothing, quarantined }
}

/** What is put into quarantine, with its positions: blocks of messages carry their offset, which is the position. */
export function placed(
  { messages }: PacketRange,
  packets: readonly Quarantined[]
): readonly Quarantined[] {
  if (!messages) return packets
  return packets.map((packet) => ({
    ...packet,
    position: packet.offset ?? packet.position,
    offset: null
  }))
}
