import {
  Binary,
  Bool,
  Field,
  Float32,
  Float64,
  Int32,
  Int64,
  List,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  Utf8
} from 'apache-arrow'
import type { Data, DataType } from 'apache-arrow'
import { fieldMetadata } from '../../table/describe.ts'
import type { AlertRecord } from '../alert.ts'
import type { Leaf, Node, NodeField, StructNode } from './avro-nodes.ts'

const TYPES: Record<Leaf, () => DataType> = {
  bool: () => new Bool(),
  int32: () => new Int32(),
  int64: () => new Int64(),
  float32: () => new Float32(),
  float64: () => new Float64(),
  utf8: () => new Utf8(),
  json: () => new Utf8(),
  binary: () => new Binary()
}

function typeOf(node: Node): DataType {
  if (node.kind === 'struct') {
    return new Struct(node.fields.map((own) => fieldOf(own)))
  }
  if (node.kind === 'list') return new List(new Field('element', typeOf(node.item), true))
  return TYPES[node.kind]()
}

/** Unit, UCD and description go into the field's metadata, where they are known. */
function fieldOf({ name, node, unit = '', ucd = '', doc = '' }: NodeField): Field {
  return new Field(name, typeOf(node), true, fieldMetadata({ doc, unit, ucd }))
}

/** Decoded records as a table of typed columns. */
export function tableOf(columns: StructNode, records: readonly AlertRecord[]): Table {
  const data = dataOf(columns, records) as Data<Struct>
  const schema = new Schema(data.type.children)
  return new Table(schema, new RecordBatch(schema, data))
}

function dataOf(node: Node, values: readonly unknown[]): Data {
  const { length } = values
  const type = typeOf(node)
  const { bitmap, nullCount } = nullsOf(values)
  const base = { length, nullCount, ...(nullCount > 0 ? { nullBitmap: bitmap } : {}) }
  if (node.kind === 'struct') {
    const children = node.fields.map(({ name, node: own }) =>
      dataOf(
        own,
        values.map((value) => (value as AlertRecord | null)?.[name] ?? null)
      )
    )
    return makeData({ type: type as Struct, ...base, children })
  }
  if (node.kind === 'list') {
    const lists = values.map((value) => (value ?? []) as readonly unknown[])
    const valueOffsets = offsetsOf(lists)
    const child = dataOf(node.item, lists.flat())
    return makeData({ type: type as List, ...base, valueOffsets, child })
  }
  return leafOf(node.kind, type, base, values)
}

function leafOf(
  kind: Leaf,
  type: DataType,
  base: { length: number; nullCount: number },
  values: readonly unknown[]
): Data {
  if (kind === 'utf8' || kind === 'json' || kind === 'binary') {
    const bytes = values.map((value) => bytesOf(kind, value))
    const texts = { valueOffsets: offsetsOf(bytes), data: Buffer.concat(bytes) }
    return makeData({ type: type as Utf8, ...base, ...texts })
  }
  if (kind === 'bool') {
    const data = bitsOf(values.map((value) => value === true))
    return makeData({ type: type as Bool, ...base, data })
  }
  if (kind === 'int64') {
    const data = BigInt64Array.from(values, (value) => (value as bigint | null) ?? 0n)
    return makeData({ type: type as Int64, ...base, data })
  }
  const numbers = values.map((value) => (value as number | null) ?? 0)
  const data =
    kind === 'int32'
      ? Int32Array.from(numbers)
      : kind === 'float32'
        ? Float32Array.from(numbers)
        : Float64Array.from(numbers)
  return makeData({ type: type as Float64, ...base, data: data as Float64Array })
}

function bytesOf(kind: Leaf, value: unknown): Uint8Array {
  if (value === null || value === undefined) return new Uint8Array(0)
  if (kind === 'binary') return value as Uint8Array
  if (kind === 'utf8') return Buffer.from(value as string)
  const text = JSON.stringify(value, (_, own: unknown) =>
    typeof own === 'bigint' ? String(own) : own
  )
  return Buffer.from(text)
}

function offsetsOf(items: readonly { readonly length: number }[]): Int32Array {
  const offsets = new Int32Array(items.length + 1)
  for (let i = 0; i < items.length; i++) offsets[i + 1] = offsets[i]! + items[i]!.length
  return offsets
}

function nullsOf(values: readonly unknown[]): { bitmap: Uint8Array; nullCount: number } {
  const present = values.map((value) => value !== null && value !== undefined)
  return { bitmap: bitsOf(present), nullCount: present.filter((is) => !is).length }
}

function bitsOf(values: readonly boolean[]): Uint8Array {
  const bits = new Uint8Array((values.length + 7) >> 3)
  for (let i = 0; i < values.length; i++) if (values[i]) bits[i >> 3]! |= 1 << (i & 7)
  return bits
}
