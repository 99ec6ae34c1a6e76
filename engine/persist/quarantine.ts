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

/** Quarantine as a table: where each packet was, why it is here, and its bytes. */
export function quarantineTable(source: string, packets: readonly Quarantined[]): Table {
  const columns: [string, Data][] = [
    ['source', utf8(packets.map(() => source))],
    ['position', int64(packets.map((packet) => packet.position))],
    ['file', utf8(packets.map((packet) => packet.name))],
    ['byte_offset', int64(packets.map((packet) => packet.offset))],
    ['reason', utf8(packets.map((packet) => packet.reason))],
    ['detail', utf8(packets.map((packet) => packet.detail))],
    ['packet', binary(packets.map((packet) => packet.bytes))]
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
