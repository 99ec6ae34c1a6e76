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
import type { Quarantined } from '../packets.ts'
import { fieldMetadata } from '../table/describe.ts'
import { QUARANTINE_COLUMNS } from '../table/quarantine-columns.ts'

/** Quarantine as a table: where each packet was, why it is here, and its bytes. */
export function quarantineTable(source: string, packets: readonly Quarantined[]): Table {
  const columns: Record<(typeof QUARANTINE_COLUMNS)[number]['name'], Data> = {
    source: utf8(packets.map(() => source)),
    position: int64(packets.map((packet) => packet.position)),
    file: utf8(packets.map((packet) => packet.name)),
    byte_offset: int64(packets.map((packet) => packet.offset)),
    reason: utf8(packets.map((packet) => packet.reason)),
    detail: utf8(packets.map((packet) => packet.detail)),
    packet: binary(packets.map((packet) => packet.bytes))
  }
  const fields = QUARANTINE_COLUMNS.map(
    (column) =>
      new Field(
        column.name,
        columns[column.name].type,
        column.name === 'byte_offset',
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
