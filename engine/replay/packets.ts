import { avroType } from '../avro/type.ts'
import { SYNC_BYTES } from '../avro/heads.ts'
import type { Source } from '../consume/source.ts'
import { inflate } from '../avro/codecs.ts'
import { BLOCK, CONFLUENT, DAMAGED } from '../packets.ts'
import type { Header, PacketRange } from '../packets.ts'
import { wrap } from './container.ts'

/** A packet on its way to Kafka. */
export interface Outgoing {
  /** The message: an Avro object container of its own, or Confluent wire. */
  readonly value: Buffer
  /** Where it lay, for people. */
  readonly place: string
}

/** Small ranges: what is read ahead is all that a replay holds in memory. */
const CUT = { packets: 250, bytes: 16 * 1024 * 1024 }

/**
 * The packets of a source in their order, some at a time. What is no packet goes along as it is;
 * only what the reader did not keep, because it is far too large for a packet, is left out and told.
 * @throws Damage where the source breaks off, after all before it.
 */
export async function* packetsOf(
  source: Source,
  onRead: (bytes: number) => void,
  leftOut: (place: string, reason: string) => void
): AsyncGenerator<Outgoing[]> {
  const allocate = (size: number) => new ArrayBuffer(size) // messages go on living in it
  for await (const range of source.ranges({ done: [], cut: CUT, onRead, allocate })) {
    const packets: Outgoing[] = []
    for (let block = 0; block * BLOCK.size < range.blocks.length; block++) {
      packets.push(...blockOf(range, block, leftOut))
    }
    yield packets
  }
}

function blockOf(
  range: PacketRange,
  block: number,
  leftOut: (place: string, reason: string) => void
): Outgoing[] {
  const at = (field: number) => range.blocks[block * BLOCK.size + field]!
  const bytes = (size: number) => Buffer.from(range.bytes, at(BLOCK.start), size)
  const name = range.names[at(BLOCK.name)] ?? range.source
  const place = name === range.source ? name : `${name} of ${range.source}`
  const length = at(BLOCK.length)
  const index = at(BLOCK.header)
  if (index === DAMAGED && (range.faults.get(block)?.length ?? 0) > length) {
    const fault = range.faults.get(block)
    leftOut(place, fault?.detail ?? 'it was not kept whole')
    return []
  }
  if (index === CONFLUENT || index === DAMAGED) return [{ value: bytes(length), place }]
  const header = range.headers[index]!
  const sync = bytes(length + SYNC_BYTES).subarray(length)
  if (at(BLOCK.packets) === 1) {
    const around = { bytes: Buffer.from(range.bytes), at: at(BLOCK.start) }
    return [{ value: wrap(header, sync, bytes(length), around), place }]
  }
  const plain = { schema: header.schema, codec: 'null' }
  return singles(header, at(BLOCK.packets), bytes(length)).map((datum, i) => ({
    value: wrap(plain, sync, datum, null),
    place: `packet ${i} of a block in ${place}`
  }))
}

/** The packets of a block, each for itself. */
function singles({ schema, codec }: Header, packets: number, block: Buffer): Buffer[] {
  const plain = codec === 'null' ? block : Buffer.from(inflate(codec, block, packets))
  const type = avroType(schema)
  const data: Buffer[] = []
  for (let start = 0; data.length < packets;) {
    const { offset } = type.decode(plain, start)
    if (offset === undefined || offset < 0)
      throw new Error(`a block ends inside packet ${data.length}`)
    data.push(plain.subarray(start, offset))
    start = offset
  }
  return data
}
