import { BLOCK, CONFLUENT, keptOf, WIRE } from '../packets.ts'
import type { Header, PacketRange, Quarantined } from '../packets.ts'
import { PacketError } from '../reasons.ts'

const NO_BYTES = new Uint8Array(0)

/** A packet that is whole, and of a survey that was not asked for: those behind it are to be looked at. */
export class UnwantedPacket extends PacketError {
  /** Where it ends, in the bytes it was read from. */
  readonly end: number

  constructor(survey: string, end: number) {
    super('wrong-survey', `a packet of ${survey}`)
    this.end = end
  }
}

/** Bytes of a block that become no alert. */
interface Rejected {
  readonly block: number
  /** Of the first packet in it. */
  readonly position: number
  readonly packets: number
  readonly bytes: Uint8Array
  readonly isInflated: boolean
}

/** What of a range goes to quarantine, with all that is needed to decode it at another time. */
export class Rejects {
  readonly quarantined: Quarantined[] = []
  readonly #range: PacketRange
  readonly #registered: ReadonlyMap<number, Uint8Array>

  constructor(range: PacketRange, registered: ReadonlyMap<number, Uint8Array>) {
    this.#range = range
    this.#registered = registered
  }

  /** The first packet keeps the bytes of all: where the others begin is not known. */
  add({ block, position, packets, bytes, isInflated }: Rejected, error: PacketError): void {
    const at = block * BLOCK.size
    const { blocks, names, faults } = this.#range
    const kept = keptOf(bytes, error.message, faults.get(block)?.length)
    const writer = writerOf(this.#range, block, this.#registered)
    for (let i = 0; i < packets; i++) {
      this.quarantined.push({
        position: position + i,
        name: names[blocks[at + BLOCK.name]!] ?? '',
        offset: blocks[at + BLOCK.offset]!,
        reason: i === 0 ? error.reason : 'after-damage',
        detail: i === 0 ? kept.detail : `after packet ${position}`,
        bytes: i === 0 ? kept.bytes : NO_BYTES,
        writer: writer && isInflated ? { ...writer, codec: 'null' } : writer
      })
    }
  }
}

/** What the packets of a block were written with; null where that is not known. */
function writerOf(
  range: PacketRange,
  block: number,
  registered: ReadonlyMap<number, Uint8Array>
): Header | null {
  const at = block * BLOCK.size
  const header = range.blocks[at + BLOCK.header]!
  if (header >= 0) return range.headers[header] ?? null
  if (header !== CONFLUENT || range.blocks[at + BLOCK.length]! < 5) return null
  const id = new DataView(range.bytes).getUint32(range.blocks[at + BLOCK.start]! + 1)
  const schema = registered.get(id)
  return schema ? { schema, codec: WIRE } : null
}
