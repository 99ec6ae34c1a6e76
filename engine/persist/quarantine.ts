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
  Utf8
} from 'apache-arrow'
import type { Data } from 'apache-arrow'
import type { Quarantined } from '../packets.ts'

/**
 * Quarantine as a table: where each packet was, why it is here, its bytes, and what they were written with: the
 * SHA-256 of the writer schema (empty where none is known), whose text is in the first row that names it.
 */
export function quarantineTable(source: string, packets: readonly Quarantined[]): Table {
  const schemas = namedSchemas(packets)
  const columns: [string, Data][] = [
    ['source', utf8(packets.map(() => source))],
    ['position', int64(packets.map((packet) => packet.position))],
    ['file', utf8(packets.map((packet) => packet.name))],
    ['byte_offset', int64(packets.map((packet) => packet.offset))],
    ['reason', utf8(packets.map((packet) => packet.reason))],
    ['detail', utf8(packets.map((packet) => packet.detail))],
    ['packet', binary(packets.map((packet) => packet.bytes))],
    ['codec', utf8(packets.map((packet) => packet.writer?.codec ?? ''))],
    ['schema', utf8(schemas.map(({ fingerprint }) => fingerprint))],
    ['schema_text', binary(schemas.map(({ text }) => text))]
  ]
  const fields = columns.map(([name, data]) => new Field(name, data.type, false))
  const schema = new Schema(fields)
  const data = makeData({
    type: new Struct(fields),
    length: packets.length,
    nullCount: 0,
    children: columns.map(([, column]) => column)
  })
  return new Table(schema, new RecordBatch(schema, data))
}

const NO_BYTES = new Uint8Array(0)

function namedSchemas(packets: readonly Quarantined[]) {
  const names = new Map<Uint8Array, string>()
  const told = new Set<string>()
  return packets.map(({ writer }) => {
    if (!writer) return { fingerprint: '', text: NO_BYTES }
    const { schema } = writer
    const fingerprint = names.get(schema) ?? createHash('sha256').update(schema).digest('hex')
    names.set(schema, fingerprint)
    const isFirst = !told.has(fingerprint)
    told.add(fingerprint)
    return { fingerprint, text: isFirst ? schema : NO_BYTES }
  })
}

function int64(values: number[]): Data {
  const data = BigInt64Array.from(values, (value) => BigInt(value))
  return makeData({ type: new Int64(), length: values.length, nullCount: 0, data })
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
