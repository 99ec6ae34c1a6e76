import { readBlockHead, readHeader } from '../../engine/avro/heads.ts'
import { confluent, writeContainer } from './avro.ts'
import type { Packet } from './packets.ts'

/** A packet taken apart: what a mutation works on. */
interface Opened {
  readonly schema: string
  readonly datum: Buffer
  /** The Confluent id; null for a container. */
  readonly id: number | null
}

export type Random = () => number

/** Damages packets in every way we know of, the same at every run. */
export class Mutator {
  readonly #packets: readonly Opened[]
  readonly #random: Random
  readonly #ids: readonly number[]

  constructor(packets: readonly Packet[], ids: readonly number[], random: Random) {
    this.#packets = packets.map(({ bytes }) => open(Buffer.from(bytes)))
    this.#ids = ids
    this.#random = random
  }

  next(name: string): Packet {
    const { schema, datum, id } = this.#any(this.#packets)
    const change = this.#any(CHANGES)
    const bytes = this.#close(change(this, { schema, datum: Buffer.from(datum), id }))
    return { name, bytes: this.chance(0.1) ? this.flip(bytes, 3) : bytes }
  }

  #close({ schema, datum, id }: Opened): Buffer {
    return id === null ? writeContainer(schema, [datum]) : confluent(id, datum)
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  chance(of: number): boolean {
    return this.#random() < of
  }

  #any<T>(of: readonly T[]): T {
    return of[this.below(of.length)]!
  }

  other(): Opened {
    return this.#any(this.#packets)
  }

  otherId(): number {
    return this.chance(0.8) ? this.#any(this.#ids) : this.below(2 ** 31)
  }

  /** Some bits the other way round, near each other half of the time; half of it in the fields before the stamps. */
  flip(bytes: Buffer, most: number): Buffer {
    const range = this.chance(0.5) ? Math.min(bytes.length, 2000) : bytes.length
    const start = this.below(range)
    for (let i = 1 + this.below(most); i > 0; i--) {
      const at = this.chance(0.5) ? start + this.below(20) : this.below(range)
      if (at < bytes.length) bytes[at] = bytes[at]! ^ (1 << this.below(8))
    }
    return bytes
  }

  garbage(size: number): Buffer {
    return Buffer.from(Array.from({ length: size }, () => this.below(256)))
  }

  field(schema: string): RegExpExecArray {
    const names = [...schema.matchAll(/"name": ?"(\w+)"/g)]
    return names[this.below(names.length)]!
  }
}

type Change = (mutator: Mutator, packet: Opened) => Opened

const flip: Change = (m, { schema, datum, id }) => ({ schema, datum: m.flip(datum, 16), id })

const cut: Change = (m, { schema, datum, id }) => ({
  schema,
  datum: datum.subarray(0, m.below(datum.length)),
  id
})

const swapSchema: Change = (m, { datum, id }) => ({
  schema: m.other().schema,
  datum,
  id: id === null ? null : m.otherId()
})

const splice: Change = (m, { schema, datum, id }) => {
  const other = m.other().datum
  const at = m.below(Math.min(datum.length, other.length))
  return { schema, datum: Buffer.concat([datum.subarray(0, at), other.subarray(at)]), id }
}

const shift: Change = (m, { schema, datum, id }) => {
  const at = m.below(datum.length)
  const size = 1 + m.below(9)
  const rest = m.chance(0.5) ? datum.subarray(at + size) : datum.subarray(at)
  const more = m.chance(0.5) ? m.garbage(size) : Buffer.alloc(0)
  return { schema, datum: Buffer.concat([datum.subarray(0, at), more, rest]), id }
}

const overwrite: Change = (m, { schema, datum, id }) => {
  const at = m.below(datum.length)
  datum.fill(m.chance(0.5) ? 0 : 0xff, at, Math.min(datum.length, at + m.below(200)))
  return { schema, datum, id }
}

const garbage: Change = (m, { schema, id }) => ({ schema, datum: m.garbage(m.below(3000)), id })

const rename: Change = (m, packet) => {
  const { schema, datum, id } = packet
  if (id !== null) return flip(m, packet)
  const [text, name] = m.field(schema)
  return { schema: schema.replace(text, text.replace(name!, `${name}_2`)), datum, id }
}

const TYPES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string']

const retype: Change = (m, packet) => {
  const { schema, datum, id } = packet
  if (id !== null) return swapSchema(m, packet)
  const type = `"${TYPES[m.below(TYPES.length)]}"`
  const found = [...schema.matchAll(/"(int|long|float|double|boolean|string|bytes)"/g)]
  const { index, 0: text } = found[m.below(found.length)]!
  return { schema: schema.slice(0, index) + type + schema.slice(index + text.length), datum, id }
}

const CHANGES: readonly Change[] = [
  flip,
  flip,
  flip,
  flip,
  cut,
  cut,
  swapSchema,
  splice,
  splice,
  shift,
  shift,
  overwrite,
  overwrite,
  garbage,
  rename,
  retype
]

function open(bytes: Buffer): Opened {
  if (bytes[0] === 0) {
    return { schema: '', datum: bytes.subarray(5), id: bytes.readUInt32BE(1) }
  }
  const header = readHeader(bytes, 0, bytes.length)!
  const block = readBlockHead(bytes, header.end, bytes.length)!
  return {
    schema: Buffer.from(header.schema).toString(),
    datum: bytes.subarray(block.start, block.start + block.size),
    id: null
  }
}
