import { createHash } from 'node:crypto'
import {
  Binary,
  Field,
  Int64,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  Utf8,
  vectorFromArray
} from 'apache-arrow'
import type { Data } from 'apache-arrow'
import type { Quarantined } from '../../packets.ts'
import { fieldMetadata } from '../../table/describe.ts'
import { QUARANTINE_COLUMNS } from '../../table/quarantine-columns.ts'

/**
 * Quarantine as a table: where each packet was, why it is here, its bytes, and what they were written with: the
 * SHA-256 of the writer schema (null where none is known), whose text is in the first row that names it.
 */
export function quarantineTable(source: string, packets: readonly Quarantined[]): Table {
  const schemas = namedSchemas(packets)
  const columns: Record<(typeof QUARANTINE_COLUMNS)[number]['name'], Data> = {
    source: utf8(packets.map(() => source)),
    position: int64(packets.map((packet) => packet.position)),
    file: utf8(packets.map((packet) => packet.name)),
    byte_offset: int64(packets.map((packet) => packet.offset)),
    reason: utf8(packets.map((packet) => packet.reason)),
    detail: utf8(packets.map((packet) => packet.detail)),
    packet: binary(packets.map((packet) => packet.bytes)),
    codec: vectorFromArray(
      packets.map(({ writer }) => writer?.codec ?? null),
      new Utf8()
    ).data[0]!,
    schema: vectorFromArray(
      schemas.map(({ fingerprint }) => fingerprint),
      new Utf8()
    ).data[0]!,
    schema_text: vectorFromArray(
      schemas.map(({ text }) => text),
      new Binary()
    ).data[0]!
  }
  const fields = QUARANTINE_COLUMNS.map(
    (column) =>
      new Field(
        column.name,
        columns[column.name].type,
        NULLABLE.includes(column.name),
        fieldMetadata(column)
      )
  )
  const schema = new Schema(fields)
  const data = makeData({
    type: new Struct(fields),
    length: packets.length,
    nullCount: 0,
    children: QUARANTINE_COLUMNS.map(({ name }) => columns[name])
  })
  return new Table(schema, new RecordBatch(schema, data))
}

const NULLABLE: readonly string[] = ['byte_offset', 'codec', 'schema', 'schema_text']

function namedSchemas(packets: readonly Quarantined[]) {
  const names = new Map<Uint8Array, string>()
  const told = new Set<string>()
  return packets.map(({ writer }) => {
    if (!writer) return { fingerprint: null, text: null }
    const { schema } = writer
    const fingerprint = names.get(schema) ?? createHash('sha256').update(schema).digest('hex')
    names.set(schema, fingerprint)
    const isFirst = !told.has(fingerprint)
    told.add(fingerprint)
    return { fingerprint, text: isFirst ? schema : null }
  })
}

function int64(values: readonly (number | null)[]): Data {
  return vectorFromArray(
    values.map((value) => (value === null ? null : BigInt(value))),
    new Int64()
  ).data[0]!
}

function utf8(values: string[]): Data {
  const { data, valueOffsets } = joined(values.map((value) => Buffer.from(value)))
  return makeData({ type: new Utf8(), length: values.length, nullCount: 0, data, valueOffsets })
}

function binary(values: Uint8Array[]): Data {
  const { data, valueOffsets } = joined(values)
  return makeData({ type: new Binary(), length: values.length, nullCount: 0, data, valueOffsets })
}

function joined(values: Uint8Array[]): { data: Uint8Array; valueOffsets: Int32Array } {
  const valueOffsets = new Int32Array(values.length + 1)
  values.forEach((value, i) => (valueOffsets[i + 1] = valueOffsets[i]! + value.length))
  return { data: Uint8Array.from(Buffer.concat(values)), valueOffsets }
}
