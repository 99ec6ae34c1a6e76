import {
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
import { ListColumn, TextColumn } from '../../table/columns.ts'
import type { FixedColumn, NumberArray, ScalarColumn } from '../../table/columns.ts'
import type { Enriched } from '../../table/enriched.ts'
import { ALERT_COLUMNS } from '../../table/schema.ts'
import type { ColumnDef, ScalarType } from '../../table/schema.ts'

const TYPES: Record<ScalarType, () => DataType> = {
  int64: () => new Int64(),
  int32: () => new Int32(),
  float64: () => new Float64(),
  float32: () => new Float32(),
  bool: () => new Bool(),
  utf8: () => new Utf8()
}

/**
 * The night is the name of the folder that a file lies in (a Hive partition): readers add it as a column,
 * and refuse one that is in both.
 */
const STORED = ALERT_COLUMNS.filter(({ name }) => name !== 'night')
const IDS = ALERT_COLUMNS.filter(({ name }) => name === 'alert_id')

/** A column or a struct of columns: dotted names as a tree. */
type Node = { name: string; def: ColumnDef } | { name: string; path: string; children: Node[] }

function treeOf(defs: readonly ColumnDef[]): Node[] {
  const roots: Node[] = []
  for (const def of defs) {
    let level = roots
    const parts = def.name.split('.')
    for (const [depth, name] of parts.slice(0, -1).entries()) {
      let next = level.find((node) => node.name === name)
      if (!next) {
        next = { name, path: parts.slice(0, depth + 1).join('.'), children: [] }
        level.push(next)
      }
      if ('def' in next) throw new Error(`column "${next.def.name}" is also a struct`)
      level = next.children
    }
    level.push({ name: parts.at(-1)!, def })
  }
  return roots
}

function fieldOf(node: Node): Field {
  if ('children' in node) return new Field(node.name, new Struct(node.children.map(fieldOf)), true)
  const item = TYPES[node.def.type]()
  const type = node.def.list ? new List(new Field('element', item, true)) : item
  return new Field(node.name, type, true)
}

/**
 * The rows `rows` of an enriched batch as an Arrow table, in that order. The other survey's struct
 * is there and null, so that the files of both surveys have one schema.
 */
export function toArrow(batch: Enriched, rows: Int32Array): Table {
  return gathered(batch, rows, layoutOf(STORED, batch.defs))
}

/** What a layer holds: the ids, and some of the columns that modules added. */
export function layerToArrow(batch: Enriched, rows: Int32Array, defs: readonly ColumnDef[]): Table {
  return gathered(batch, rows, layoutOf(IDS, defs))
}

function gathered(batch: Enriched, rows: Int32Array, { nodes, fields, schema }: Layout): Table {
  const gather = new Gather(batch, rows)
  const children = nodes.map((node, i) => gather.node(node, fields[i]!.type))
  const data = makeData({
    type: new Struct(fields),
    length: rows.length,
    nullCount: 0,
    children
  })
  return new Table(schema, new RecordBatch(schema, data))
}

interface Layout {
  readonly nodes: readonly Node[]
  readonly fields: Field[]
  readonly schema: Schema
}

/** By the module columns: as long as a member lives, always the same. */
const layouts = new Map<string, Layout>()

function layoutOf(own: readonly ColumnDef[], defs: readonly ColumnDef[]): Layout {
  const columns = defs.map(({ name, type, list }) => `${name} ${type} ${list ?? ''}`)
  const key = [own.length, ...columns].join('\n')
  const known = layouts.get(key)
  if (known) return known
  const nodes = treeOf([...own, ...defs])
  const fields = nodes.map(fieldOf)
  const layout = { nodes, fields, schema: new Schema(fields) }
  layouts.set(key, layout)
  return layout
}

class Gather {
  readonly #batch: Enriched
  readonly #rows: Int32Array
  readonly #zeros: ArrayBuffer
  readonly #lists = new Map<string, ListRows>()

  constructor(batch: Enriched, rows: Int32Array) {
    this.#batch = batch
    this.#rows = rows
    this.#zeros = new ArrayBuffer((rows.length + 1) * 8)
  }

  /**
   * Never the same memory twice: where two buffers of one memory follow each other, apache-arrow's
   * stream writer takes them for one.
   */
  #nulls(): Uint8Array {
    return new Uint8Array((this.#rows.length + 7) >> 3)
  }

  node(node: Node, type: DataType): Data {
    if ('children' in node) return this.#struct(node, type as Struct)
    const column = this.#batch.column(node.def.name)
    if (!column) return this.#absent(type)
    const { list } = node.def
    if (column instanceof ListColumn) return ownList(column, type as List, this.#rows)
    if (list && list !== 'own') return this.#list(list, column, type as List)
    return leaf(column, type, this.#rows)
  }

  #struct(node: Extract<Node, { children: Node[] }>, type: Struct): Data {
    const children = node.children.map((child, i) => this.node(child, type.children[i]!.type))
    const { table } = this.#batch
    const other = table.survey === 'ztf' ? 'lsst' : 'ztf'
    const { length } = this.#rows
    if (node.path === other || node.path.startsWith(`${other}.`)) {
      return makeData({ type, length, nullCount: length, nullBitmap: this.#nulls(), children })
    }
    const present = table.present.get(node.path)
    if (!present) return makeData({ type, length, nullCount: 0, children })
    const { bitmap, nulls } = pack(present, this.#rows)
    return makeData({ type, length, nullCount: nulls, nullBitmap: bitmap, children })
  }

  #list(group: 'history' | 'forced', column: ScalarColumn, type: List): Data {
    const list = this.#batch.table[group]
    let rows = this.#lists.get(group)
    if (!rows) {
      rows = listRows(list.offsets, this.#rows)
      this.#lists.set(group, rows)
    }
    const child = leaf(column, type.children[0]!.type, rows.items)
    return makeData({
      type,
      length: this.#rows.length,
      nullCount: 0,
      valueOffsets: rows.offsets.slice(),
      child
    })
  }

  /** A column of the other survey: all null, no memory of its own. */
  #absent(type: DataType): Data {
    const { length } = this.#rows
    const nulls = { length, nullCount: length, nullBitmap: this.#nulls() }
    if (type instanceof Utf8) {
      const valueOffsets = new Int32Array(this.#zeros, 0, length + 1)
      return makeData({ type, ...nulls, valueOffsets, data: new Uint8Array(0) })
    }
    if (type instanceof Bool) return makeData({ type, ...nulls, data: this.#nulls() })
    const array =
      type instanceof Int64 ? BigInt64Array : type instanceof Float64 ? Float64Array : null
    const narrow = type instanceof Float32 ? Float32Array : Int32Array
    const data = new (array ?? narrow)(this.#zeros, 0, length)
    return makeData({ type: type as Float64, ...nulls, data: data as Float64Array })
  }
}

interface ListRows {
  readonly offsets: Int32Array
  /** The list items of the chosen rows, in order. */
  readonly items: Int32Array
}

function listRows(from: Int32Array, rows: Int32Array): ListRows {
  const offsets = new Int32Array(rows.length + 1)
  for (let i = 0; i < rows.length; i++) {
    offsets[i + 1] = offsets[i]! + from[rows[i]! + 1]! - from[rows[i]!]!
  }
  const items = new Int32Array(offsets[rows.length]!)
  let n = 0
  for (const row of rows) for (let j = from[row]!; j < from[row + 1]!; j++) items[n++] = j
  return { offsets, items }
}

/** Lists that a module returned: each row has its own length, or none. */
function ownList(column: ListColumn, type: List, rows: Int32Array): Data {
  const { bitmap, nulls } = pack(column.valid, rows)
  const valueOffsets = new Int32Array(rows.length + 1)
  const items: number[] = []
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    const end = column.valid[row] === 0 ? 0 : column.ends[row]!
    for (let at = column.starts[row]!; at < end; at++) items.push(at)
    valueOffsets[i + 1] = items.length
  }
  const child = leaf(column.items, type.children[0]!.type, Int32Array.from(items))
  const base = { length: rows.length, nullCount: nulls, ...(nulls > 0 && { nullBitmap: bitmap }) }
  return makeData({ type, ...base, valueOffsets, child })
}

function leaf(column: ScalarColumn, type: DataType, rows: Int32Array): Data {
  const { length } = rows
  const { bitmap, nulls } = pack(column.valid, rows)
  const base = { length, nullCount: nulls, ...(nulls > 0 ? { nullBitmap: bitmap } : {}) }
  if (column instanceof TextColumn) {
    const { data, valueOffsets } = gatherText(column, rows)
    return makeData({ type: type as Utf8, ...base, data, valueOffsets })
  }
  if (column.type === 'bool') {
    return makeData({
      type: type as Bool,
      ...base,
      data: pack(column.values as Uint8Array, rows).bitmap
    })
  }
  return makeData({
    type: type as Float64,
    ...base,
    data: gatherNumbers(column, rows) as Float64Array
  })
}

function gatherNumbers(column: FixedColumn, rows: Int32Array): NumberArray {
  if (column.type === 'int64') return new BigInt64Array(gatherWords(column.words, rows).buffer)
  const from = column.values as Float64Array
  const to = new (from.constructor as Float64ArrayConstructor)(rows.length)
  for (let i = 0; i < rows.length; i++) to[i] = from[rows[i]!]!
  return to
}

/** As pairs of 32-bit words: reading a BigInt64Array would make a BigInt per value. */
function gatherWords(from: Int32Array, rows: Int32Array): Int32Array<ArrayBuffer> {
  const to = new Int32Array(rows.length * 2)
  for (let i = 0; i < rows.length; i++) {
    const at = rows[i]! * 2
    to[i * 2] = from[at]!
    to[i * 2 + 1] = from[at + 1]!
  }
  return to
}

function gatherText(
  column: TextColumn,
  rows: Int32Array
): { data: Uint8Array; valueOffsets: Int32Array } {
  const valueOffsets = new Int32Array(rows.length + 1)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    const size = column.valid[row] === 0 ? 0 : column.ends[row]! - column.starts[row]!
    valueOffsets[i + 1] = valueOffsets[i]! + size
  }
  const data = new Uint8Array(valueOffsets[rows.length]!)
  const { bytes } = column
  for (let i = 0, n = 0; i < rows.length; i++) {
    const row = rows[i]!
    if (column.valid[row] === 0) continue
    for (let j = column.starts[row]!; j < column.ends[row]!; j++) data[n++] = bytes[j]!
  }
  return { data, valueOffsets }
}

/** One byte per row to Arrow's bitmap, and how many are 0. */
function pack(bytes: Uint8Array, rows: Int32Array): { bitmap: Uint8Array; nulls: number } {
  const bitmap = new Uint8Array((rows.length + 7) >> 3)
  let nulls = 0
  for (let i = 0; i < rows.length; i++) {
    if (bytes[rows[i]!] === 0) nulls++
    else bitmap[i >> 3]! |= 1 << (i & 7)
  }
  return { bitmap, nulls }
}
