import { isUtf8 } from 'node:buffer'
import type { ColumnDef, ScalarType } from './schema.ts'

export type NumberArray = Float64Array | Float32Array | Int32Array | BigInt64Array | Uint8Array

const ARRAYS = {
  int64: BigInt64Array,
  int32: Int32Array,
  float64: Float64Array,
  float32: Float32Array,
  bool: Uint8Array
} as const

/**
 * A growing column of fixed-width values. `valid[i]` is 1 where `values[i]` says something, one
 * byte each: bitmaps are packed only when the batch is written. A decoder writes both for every row.
 */
export class FixedColumn {
  readonly type: Exclude<ScalarType, 'utf8'>
  values: NumberArray
  valid: Uint8Array
  /** The same memory as `values` of an int64 column: low word first. Lets a varint land without a BigInt. */
  words: Int32Array

  constructor(type: Exclude<ScalarType, 'utf8'>, capacity: number) {
    this.type = type
    this.values = new ARRAYS[type](capacity)
    this.valid = new Uint8Array(capacity)
    this.words = wordsOf(this.values)
  }

  ensure(length: number): void {
    if (length <= this.valid.length) return
    const capacity = Math.max(length, this.valid.length * 2)
    const values = new ARRAYS[this.type](capacity)
    values.set(this.values as never)
    const valid = new Uint8Array(capacity)
    valid.set(this.valid)
    this.values = values
    this.valid = valid
    this.words = wordsOf(values)
  }

  set(row: number, value: number | bigint | null): void {
    this.valid[row] = value === null ? 0 : 1
    if (value !== null) this.values[row] = value
  }

  /** Null, with what reads as nothing in a list. */
  silence(row: number): void {
    this.valid[row] = 0
    const isFloat = this.type === 'float64' || this.type === 'float32'
    this.values[row] = this.type === 'int64' ? 0n : isFloat ? Number.NaN : 0
  }
}

function wordsOf(values: NumberArray): Int32Array {
  return values instanceof BigInt64Array ? new Int32Array(values.buffer) : new Int32Array(0)
}

const utf8 = new TextEncoder()
const decoder = new TextDecoder()

/** A growing column of UTF-8 strings. `starts` and `ends` index `bytes`; text is decoded only when read. */
export class TextColumn {
  readonly type = 'utf8'
  bytes = new Uint8Array(1024)
  used = 0
  starts: Int32Array
  ends: Int32Array
  valid: Uint8Array
  #last = ''
  #given = ''
  #givenBytes = new Uint8Array(0)
  #lastStart = 0
  #lastEnd = 0

  constructor(capacity: number) {
    this.starts = new Int32Array(capacity)
    this.ends = new Int32Array(capacity)
    this.valid = new Uint8Array(capacity)
  }

  ensure(length: number): void {
    if (length <= this.valid.length) return
    const capacity = Math.max(length, this.valid.length * 2)
    this.starts = grown(this.starts, new Int32Array(capacity))
    this.ends = grown(this.ends, new Int32Array(capacity))
    this.valid = grown(this.valid, new Uint8Array(capacity))
  }

  /** Appends bytes [from, to) of `source`; an equal predecessor is shared, not stored again. */
  setBytes(row: number, source: Uint8Array, from: number, to: number): void {
    const length = to - from
    this.valid[row] = 1
    if (length === this.#lastEnd - this.#lastStart && this.#sameAsLast(source, from, length)) {
      this.starts[row] = this.#lastStart
      this.ends[row] = this.#lastEnd
      return
    }
    if (this.used + length > this.bytes.length) {
      this.bytes = grown(this.bytes, new Uint8Array((this.used + length) * 2))
    }
    let all = 0
    if (length < 64) {
      for (let i = 0; i < length; i++) all |= this.bytes[this.used + i] = source[from + i]!
    } else {
      this.bytes.set(source.subarray(from, to), this.used)
      all = 0x80
    }
    if (all > 0x7f && !isUtf8(this.bytes.subarray(this.used, this.used + length))) {
      // A damaged packet: readers of Parquet, Arrow and Avro refuse a file with such text.
      this.set(row, decoder.decode(this.bytes.subarray(this.used, this.used + length)))
      return
    }
    this.#lastStart = this.starts[row] = this.used
    this.used += length
    this.#lastEnd = this.ends[row] = this.used
  }

  /** Forgets text behind byte `used`: that of a row which was taken back. */
  truncate(used: number): void {
    if (used === this.used) return
    this.used = used
    this.#lastStart = 0
    this.#lastEnd = 0
    this.#cachedStart = -1
  }

  #sameAsLast(source: Uint8Array, from: number, length: number): boolean {
    const at = this.#lastStart
    for (let i = 0; i < length; i++) if (this.bytes[at + i] !== source[from + i]) return false
    return true
  }

  set(row: number, value: string | null): void {
    if (value === null) {
      this.valid[row] = 0
      return
    }
    if (value !== this.#given) {
      this.#given = value
      this.#givenBytes = utf8.encode(value)
    }
    this.setBytes(row, this.#givenBytes, 0, this.#givenBytes.length)
  }

  get(row: number): string | null {
    if (this.valid[row] === 0) return null
    const start = this.starts[row]!
    const end = this.ends[row]!
    if (end - start === 1) return String.fromCharCode(this.bytes[start]!)
    if (start === this.#cachedStart && end === this.#cachedEnd) return this.#last
    this.#cachedStart = start
    this.#cachedEnd = end
    this.#last = decoder.decode(this.bytes.subarray(start, end))
    return this.#last
  }
  #cachedStart = -1
  #cachedEnd = -1
}

export type ScalarColumn = FixedColumn | TextColumn

/** Lists of any length, one a row: `starts` and `ends` index `items`. */
export class ListColumn {
  readonly items: ScalarColumn
  starts: Int32Array
  ends: Int32Array
  valid: Uint8Array
  used = 0

  constructor(type: ScalarType, capacity: number, items = makeColumn(type, capacity)) {
    this.items = items
    this.starts = new Int32Array(capacity)
    this.ends = new Int32Array(capacity)
    this.valid = new Uint8Array(capacity)
  }

  /** Of the items. */
  get type(): ScalarType {
    return this.items.type
  }

  /** What is null inside reads as NaN, 0n or 0, as in the lists of the alert table. */
  set(row: number, values: ArrayLike<string | number | bigint | boolean | null> | null): void {
    this.valid[row] = values === null ? 0 : 1
    if (values === null) return
    const { items } = this
    this.starts[row] = this.used
    items.ensure(this.used + values.length)
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? null
      const at = this.used++
      if (items instanceof TextColumn) items.set(at, value as string | null)
      else if (value === null) items.silence(at)
      else items.set(at, typeof value === 'boolean' ? Number(value) : (value as number))
    }
    this.ends[row] = this.used
  }
}

export type Column = ScalarColumn | ListColumn

export function makeColumn(type: ScalarType, capacity: number): ScalarColumn {
  return type === 'utf8' ? new TextColumn(capacity) : new FixedColumn(type, capacity)
}

/** What a row has: numbers, texts, flags as 0 and 1; of a list its values, an own copy. */
export function valueAt(column: Column, row: number): Value | readonly Value[] {
  if (column.valid[row] === 0) return null
  if (column instanceof TextColumn) return column.get(row)
  if (!(column instanceof ListColumn)) return column.values[row]!
  const { items, starts, ends } = column
  const from = starts[row]!
  return Array.from({ length: ends[row]! - from }, (_, i) => valueAt(items, from + i) as Value)
}

type Value = number | bigint | string | null

/** A column for a module's output. */
export function columnFor(
  { type, list }: Pick<ColumnDef, 'type' | 'list'>,
  capacity: number
): Column {
  return list === 'own' ? new ListColumn(type, capacity) : makeColumn(type, capacity)
}

export function grown<A extends Int32Array | Uint32Array | Uint8Array | Float64Array>(
  from: A,
  to: A
): A {
  to.set(from)
  return to
}

/** List columns that share their lengths: `offsets[row]..offsets[row + 1]` index every member. */
export class ListGroup {
  readonly columns: ScalarColumn[]
  offsets: Int32Array
  length = 0

  constructor(columns: ScalarColumn[], rows: number) {
    this.columns = columns
    this.offsets = new Int32Array(rows + 1)
  }

  ensure(length: number): void {
    for (const column of this.columns) column.ensure(length)
  }

  /** Makes room for the offsets of `rows` rows. */
  ensureRows(rows: number): void {
    if (rows < this.offsets.length) return
    this.offsets = grown(this.offsets, new Int32Array(rows + 1))
  }
}
