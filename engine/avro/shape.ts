import { MAX_PACKET_BYTES } from '../packets.ts'
import { PacketError } from '../reasons.ts'
import type { Avro, AvroRecord, WriterType } from './schema.ts'

/** Rounds until the sizes of records that hold each other stand still: two or three for what people write. */
const MOST_ROUNDS = 40

/** What a writer schema says about its packets before any came: sizes, and which records are met again. */
export class Shape {
  /** Records that are held in more than one place, or by themselves. */
  readonly shared = new Set<AvroRecord>()
  readonly #records = new Map<AvroRecord, number>()

  /** @throws PacketError if no packet can be of this type. */
  constructor({ root, records }: WriterType) {
    for (const record of records) this.#records.set(record, Number.POSITIVE_INFINITY)
    this.#measure(records)
    this.#countUses(root, records)
    const least = this.leastBytes(root)
    if (least > MAX_PACKET_BYTES) {
      throw new PacketError(
        'unreadable-schema',
        least === Number.POSITIVE_INFINITY
          ? 'a record holds itself without end'
          : `its smallest packet would have ${least} bytes`
      )
    }
  }

  /** Bytes of the smallest value of a type; infinite where there is none. Only types without any bytes have 0. */
  leastBytes(type: Avro): number {
    switch (type.kind) {
      case 'record':
        return this.#records.get(type)!
      case 'union':
        return 1 + this.#leastOf(type.branches)
      case 'fixed':
        return type.size
      case 'primitive':
        return LEAST[type.type]
      default:
        return 1
    }
  }

  #leastOf(branches: readonly Avro[]): number {
    let least = Number.POSITIVE_INFINITY
    for (const branch of branches) least = Math.min(least, this.leastBytes(branch))
    return least
  }

  /** The least fixed point: sizes begin infinite and only become smaller. */
  #measure(records: readonly AvroRecord[]): void {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      let changed = false
      for (const record of records) {
        const size = record.fields.reduce((sum, field) => sum + this.leastBytes(field.type), 0)
        if (size === this.#records.get(record)) continue
        this.#records.set(record, size)
        changed = true
      }
      if (!changed) return
    }
    throw new PacketError('unreadable-schema', 'its records hold each other in too many ways')
  }

  #countUses(root: Avro, records: readonly AvroRecord[]): void {
    const used = new Set<AvroRecord>()
    const mention = (type: Avro): void => {
      if (type.kind === 'union') type.branches.forEach(mention)
      else if (type.kind === 'array') mention(type.items)
      else if (type.kind === 'map') mention(type.values)
      else if (type.kind === 'record') {
        if (used.has(type)) this.shared.add(type)
        used.add(type)
      }
    }
    mention(root)
    for (const record of records) for (const { type } of record.fields) mention(type)
  }
}

const LEAST = { null: 0, boolean: 1, int: 1, long: 1, float: 4, double: 8, bytes: 1, string: 1 }
