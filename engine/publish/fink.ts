import type { Survey } from '../contract/index.ts'
import type { Enriched } from '../table/enriched.ts'
import type { ColumnDef } from '../table/schema.ts'
import { STAMPS } from '../table/table.ts'
import { structure } from './message.ts'
import type { Part } from './message.ts'
import { AvroWriter } from '../avro/writer.ts'

/** The packet of a row: its bytes within those it was decoded from, and its writer schema. */
export interface RowPacket {
  readonly buffer: Uint8Array
  readonly start: number
  readonly length: number
  readonly schema: { readonly fingerprint: string; readonly text: Uint8Array }
}

/** A message in Fink's form: the schema is its key, the plain datum its value. */
interface FinkDatum {
  readonly schema: Uint8Array
  readonly value: Uint8Array
}

/** Encodes a row; `bare` empties the stamps. Null where the packet's schema is no record. */
export type EncodeFink = (row: number, bare?: boolean) => FinkDatum | null

/** What Fink's messages have besides the packet, and its client reads. */
const FINK_PARTS: Record<Survey, readonly Part[]> = {
  ztf: [
    {
      name: 'cdsxmatch',
      type: ['null', 'string'],
      doc: 'Type in SIMBAD; null: not looked up.',
      bind: () => (out) => out.byte(0)
    }
  ],
  lsst: []
}

/**
 * Messages as the fink-client package reads them. A record of Avro is its fields one after the other:
 * the packet verbatim with the modules' columns behind it is a datum of the survey's schema with those
 * fields added, so nothing of the packet is lost or renamed.
 */
export class FinkFormat {
  readonly #parts: Record<Survey, readonly Part[]>
  readonly #schemas = new Map<string, Uint8Array | null>()

  constructor(moduleColumns: readonly ColumnDef[]) {
    const modules = structure(moduleColumns)
    this.#parts = {
      ztf: [...FINK_PARTS.ztf, ...modules],
      lsst: [...FINK_PARTS.lsst, ...modules]
    }
  }

  bind(batch: Enriched, packetOf: (row: number) => RowPacket): EncodeFink {
    const { survey } = batch.table
    const writers = this.#parts[survey].map((part) => part.bind(batch))
    const out = new AvroWriter()
    return (row, bare = false) => {
      const packet = packetOf(row)
      const schema = this.#schema(survey, packet.schema)
      if (!schema) return null
      out.at = 0
      for (const write of writers) write(out, row)
      const pieces = bare ? withoutStamps(packet, stampsOf(batch, row)) : [whole(packet)]
      return { schema, value: Buffer.concat([...pieces, out.bytes.subarray(0, out.at)]) }
    }
  }

  #schema(survey: Survey, { fingerprint, text }: RowPacket['schema']): Uint8Array | null {
    let schema = this.#schemas.get(fingerprint)
    if (schema === undefined) {
      schema = joinedSchema(Buffer.from(text).toString(), this.#parts[survey])
      this.#schemas.set(fingerprint, schema)
    }
    return schema
  }
}

const NOT_NEEDED = new Set(['doc', 'default', 'unit', 'ucd'])

/** It goes with every message: what a reader does not need is left out. */
function joinedSchema(text: string, parts: readonly Part[]): Uint8Array | null {
  const schema = JSON.parse(text, (key, value: unknown) =>
    NOT_NEEDED.has(key) ? undefined : value
  ) as { type?: unknown; fields?: { name: string; type: unknown }[] }
  if (schema.type !== 'record' || !schema.fields) return null
  const taken = new Set(schema.fields.map(({ name }) => name))
  const added = parts.map(({ name, type }) => ({
    name: taken.has(name) ? `siskin_${name}` : name,
    type: JSON.parse(JSON.stringify(type), (key, value: unknown) =>
      NOT_NEEDED.has(key) ? undefined : apart(value)
    ) as unknown
  }))
  return Buffer.from(JSON.stringify({ ...schema, fields: [...schema.fields, ...added] }))
}

/** Our records are named apart from the survey's. */
function apart(value: unknown): unknown {
  const isRecord = typeof value === 'object' && value !== null && 'fields' in value
  return isRecord ? { ...value, namespace: 'siskin.modules' } : value
}

function whole({ buffer, start, length }: RowPacket): Uint8Array {
  return buffer.subarray(start, start + length)
}

interface Stamp {
  readonly start: number
  readonly length: number
}

function stampsOf(batch: Enriched, row: number): Stamp[] {
  return STAMPS.map((name) => {
    const { start, length } = batch.table.stamps[name]
    return { start: start[row]!, length: length[row]! }
  })
    .filter(({ length }) => length > 0)
    .sort((a, b) => a.start - b.start)
}

/** The packet with bytes values of length 0 where its stamps were. */
function withoutStamps({ buffer, start, length }: RowPacket, stamps: readonly Stamp[]) {
  const pieces: Uint8Array[] = []
  let at = start
  for (const stamp of stamps) {
    const head = Math.ceil((Math.floor(Math.log2(stamp.length * 2)) + 1) / 7) // bytes of its length
    pieces.push(buffer.subarray(at, stamp.start - head), Uint8Array.of(0))
    at = stamp.start + stamp.length
  }
  pieces.push(buffer.subarray(at, start + length))
  return pieces
}
