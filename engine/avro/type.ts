import avsc from 'avsc'

/** 64-bit ids exceed what a JavaScript number holds: BigInt. */
const bigintLong = avsc.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const buffer = Buffer.alloc(8)
    buffer.writeBigInt64LE(value)
    return buffer
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a < b ? -1 : Number(a > b))
})

/**
 * A general Avro type that reads data as objects, for people, tests and the benchmark; the pipeline
 * compiles its own decoders. Defaults are left out: real ZTF schemas carry illegal ones, and a reader
 * does not need them.
 */
export function avroType(schema: string | Uint8Array): avsc.Type {
  const text = typeof schema === 'string' ? schema : Buffer.from(schema).toString()
  const json: unknown = JSON.parse(text, (key, value: unknown) =>
    key === 'default' ? undefined : value
  )
  return avsc.Type.forSchema(json as avsc.Schema, { registry: { long: bigintLong } })
}
