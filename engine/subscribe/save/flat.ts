import type { AlertRecord } from '../alert.ts'
import type { Facts, Leaf, Node, StructNode } from './avro-nodes.ts'

/** A column of a flat table: what is nested has a dotted name, lists of structs are lists by field. */
export interface FlatColumn extends Facts {
  readonly name: string
  readonly kind: Leaf
  readonly isList: boolean
  /** The value of a record; of a list an array, of which single values may be null. */
  of(record: AlertRecord): unknown
}

type Get = (record: AlertRecord) => unknown

/** The columns of a flat table with these fields. */
export function flatColumns(columns: StructNode): FlatColumn[] {
  return flatten(columns, '', (record) => record, false)
}

function flatten(struct: StructNode, prefix: string, get: Get, isList: boolean): FlatColumn[] {
  return struct.fields.flatMap(({ name, node, unit = '', ucd = '', doc = '' }) => {
    const of = isList ? fieldOfEach(get, name) : fieldOf(get, name)
    const path = `${prefix}${name}`
    return column(path, node, { unit, ucd, doc }, of, isList)
  })
}

function column(name: string, node: Node, facts: Facts, of: Get, isList: boolean): FlatColumn[] {
  if (node.kind === 'struct') return flatten(node, `${name}.`, of, isList)
  if (node.kind !== 'list') return [{ name, kind: node.kind, isList, ...facts, of }]
  const { item } = node
  const isFlat = !isList && item.kind !== 'list' && !holdsList(item)
  if (!isFlat) return [{ name, kind: 'json', isList, ...facts, of }]
  return column(name, item, facts, of, true)
}

function holdsList(node: Node): boolean {
  if (node.kind === 'list') return true
  return node.kind === 'struct' && node.fields.some((field) => holdsList(field.node))
}

function fieldOf(get: Get, name: string): Get {
  return (record) => (get(record) as AlertRecord | null | undefined)?.[name] ?? null
}

function fieldOfEach(get: Get, name: string): Get {
  return (record) => {
    const items = get(record) as readonly (AlertRecord | null)[] | null | undefined
    return items?.map((item) => item?.[name] ?? null) ?? null
  }
}

/** A number as text: of single precision with no more digits than it has. */
export function numberText(value: number, kind: Leaf): string {
  if (kind !== 'float32' || !Number.isFinite(value)) return String(value)
  for (let digits = 6; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)))
    if (Math.fround(Number(text)) === value) return text
  }
  return String(Number(value.toPrecision(9)))
}

/** A value as JSON: 64-bit integers as the numbers they are, bytes as base64. */
export function jsonText(value: unknown, kind: Leaf): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return `[${value.map((one) => jsonText(one, kind)).join(',')}]`
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? numberText(value, kind) : 'null'
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'))
  if (typeof value !== 'object') return JSON.stringify(value)
  const parts = Object.entries(value).map(([key, own]) => {
    return `${JSON.stringify(key)}:${jsonText(own, kind)}`
  })
  return `{${parts.join(',')}}`
}
