import type { Field } from '../../engine/surveys/fields.ts'

type Value = number | bigint | string | boolean | Buffer | null | undefined
export type RecordValues = { readonly [name: string]: Value }

/** A growing buffer that Avro values are written to. */
export class Sink {
  bytes: Buffer
  length = 0
  #view: DataView
  #long = new BigUint64Array(1)
  #words = new Uint32Array(this.#long.buffer)

  constructor(size = 65536) {
    this.bytes = Buffer.alloc(size)
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, size)
  }

  reserve(size: number): void {
    if (this.length + size <= this.bytes.length) return
    const grown = Buffer.alloc(Math.max(this.bytes.length * 2, this.length + size))
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
    this.#view = new DataView(grown.buffer, grown.byteOffset, grown.length)
  }

  /** The bytes written so far, copied; the sink starts afresh. */
  take(): Buffer {
    const out = Buffer.from(this.bytes.subarray(0, this.length))
    this.length = 0
    return out
  }

  byte(value: number): void {
    this.bytes[this.length++] = value
  }

  /** An integer of at most 53 bits. */
  long(value: number): void {
    let rest = value >= 0 ? value * 2 : -value * 2 - 1
    while (rest >= 2147483648) {
      this.bytes[this.length++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    let small = rest | 0
    while (small >= 128) {
      this.bytes[this.length++] = (small & 127) | 128
      small >>>= 7
    }
    this.bytes[this.length++] = small
  }

  /** A 64-bit integer. */
  big(value: bigint): void {
    this.#long[0] = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
    let low = this.#words[0] ?? 0
    let high = this.#words[1] ?? 0
    while (high !== 0 || low >= 128) {
      this.bytes[this.length++] = (low & 127) | 128
      low = ((low >>> 7) | (high << 25)) >>> 0
      high >>>= 7
    }
    this.bytes[this.length++] = low
  }

  float(value: number): void {
    this.#view.setFloat32(this.length, value, true)
    this.length += 4
  }

  double(value: number): void {
    this.#view.setFloat64(this.length, value, true)
    this.length += 8
  }

  string(value: string): void {
    const size = Buffer.byteLength(value)
    this.reserve(size + 10)
    this.long(size)
    this.length += this.bytes.write(value, this.length, 'utf8')
  }

  raw(value: Buffer): void {
    this.reserve(value.length)
    this.length += value.copy(this.bytes, this.length)
  }
}

/** Writes one record; the fields must be given under the survey's own names. */
export type RecordWriter = (sink: Sink, values: RecordValues) => void

function writeValue(sink: Sink, type: Field['type'], value: Value): void {
  if (type === 'float') sink.float(value as number)
  else if (type === 'double') sink.double(value as number)
  else if (typeof value === 'bigint') sink.big(value)
  else if (type === 'int' || type === 'long') sink.long(value as number)
  else if (type === 'string') sink.string(value as string)
  else if (type === 'boolean') sink.byte(value === true ? 1 : 0)
  else throw new Error(`cannot write a field of type ${type}`)
}

/**
 * A writer for a field table. `nullFirst` says where `null` stands in the unions: ZTF put it last
 * until schema 3.3. A field that is not given at all has its value of `usual`.
 */
export function recordWriter(
  fields: readonly Field[],
  nullFirst: boolean,
  usual: RecordValues = {}
): RecordWriter {
  const columns = fields.map((field) => ({ ...field, usual: usual[field.name] }))
  const nullIndex = nullFirst ? 0 : 2
  const valueIndex = 2 - nullIndex
  const room = fields.length * 11
  return (sink, values) => {
    sink.reserve(room)
    for (const field of columns) {
      const given = values[field.name]
      const value = given === undefined ? field.usual : given
      if (field.nullable) {
        if (value === null || value === undefined) {
          sink.byte(nullIndex)
          continue
        }
        sink.byte(valueIndex)
      } else if (value === null || value === undefined) {
        throw new Error(`field ${field.name} may not be null`)
      }
      writeValue(sink, field.type, value)
      if (field.type === 'string') sink.reserve(room)
    }
  }
}
