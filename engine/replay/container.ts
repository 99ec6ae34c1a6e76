import type { Header } from '../packets.ts'

const MAGIC = Buffer.from([0x4f, 0x62, 0x6a, 1])

/** Headers by schema object: readers give the same object for the same schema. */
const heads = new WeakMap<Uint8Array, Map<string, Buffer[]>>()

/**
 * An Avro object container that holds one datum. Where the datum lies in `around`, at `at`, behind the
 * very header that it would get, it is not copied.
 */
export function wrap(
  { schema, codec }: Pick<Header, 'schema' | 'codec'>,
  sync: Buffer,
  datum: Buffer,
  around: { readonly bytes: Buffer; readonly at: number } | null
): Buffer {
  const between = Buffer.concat([sync, Buffer.of(2), varint(datum.length)])
  if (around) {
    const { bytes, at } = around
    const before = at - between.length
    for (const head of headsOf(schema, codec)) {
      const from = before - head.length
      if (from < 0 || head.compare(bytes, from, before) !== 0) continue
      if (between.compare(bytes, before, at) !== 0) continue
      return bytes.subarray(from, at + datum.length + sync.length)
    }
  }
  return Buffer.concat([headsOf(schema, codec)[0]!, between, datum, sync])
}

/** Both orders of the two entries are in use. */
function headsOf(schema: Uint8Array, codec: string): Buffer[] {
  const known = heads.get(schema) ?? new Map<string, Buffer[]>()
  heads.set(schema, known)
  const entries: [string, Uint8Array][] = [
    ['avro.schema', schema],
    ['avro.codec', Buffer.from(codec)]
  ]
  const own = known.get(codec) ?? [layHead(entries), layHead(entries.toReversed())]
  known.set(codec, own)
  return own
}

function layHead(entries: readonly [string, Uint8Array][]): Buffer {
  const text = (value: Uint8Array) => [varint(value.length), value]
  return Buffer.concat([
    MAGIC,
    Buffer.of(2 * entries.length),
    ...entries.flatMap(([key, value]) => [...text(Buffer.from(key)), ...text(value)]),
    Buffer.of(0)
  ])
}

/** A length as Avro writes it: zigzag, seven bits a byte. */
function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value * 2
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return Buffer.from([...bytes, rest])
}
