import { DataType, makeData, RecordBatch, Struct, Type } from 'apache-arrow'
import type { Data, Field, List, Schema, Utf8 } from 'apache-arrow'
import { SiskinError } from '../errors.ts'

/** Rows of some batches, in the order that they are to have: from which batch, and which of its rows. */
export interface Picked {
  readonly batch: Uint32Array
  readonly row: Uint32Array
}

/** Of each picked row the run of values [start, end) in its batch: one of a scalar column, any number in a list. */
interface Runs {
  readonly batch: Uint32Array
  readonly start: Int32Array
  readonly end: Int32Array
  readonly total: number
}

/** The picked rows of batches that all have this schema, as one batch. */
export function gather(
  schema: Schema,
  batches: readonly RecordBatch[],
  picked: Picked
): RecordBatch {
  const { batch, row } = picked
  const start = Int32Array.from(row)
  const runs = { batch, start, end: start.map((at) => at + 1), total: row.length }
  const columns = schema.fields.map((field: Field, i) =>
    gatherData(
      field.type as DataType,
      batches.map(({ data }) => data.children[i] as Data),
      runs
    )
  )
  const type = new Struct(schema.fields)
  const data = makeData({ type, length: row.length, nullCount: 0, children: columns })
  return new RecordBatch(schema, data)
}

/** All rows of batches of one schema, as one batch. */
export function oneOf(batches: readonly RecordBatch[]): RecordBatch {
  if (batches.length === 1) return batches[0]!
  const batch = batches.flatMap(({ numRows }, i) => Array.from({ length: numRows }, () => i))
  const row = batches.flatMap(({ numRows }) => Array.from({ length: numRows }, (_, at) => at))
  const picked = { batch: Uint32Array.from(batch), row: Uint32Array.from(row) }
  return gather(batches[0]!.schema, batches, picked)
}

function gatherData(type: DataType, from: readonly Data[], runs: Runs): Data {
  const length = runs.total
  const nulls = gatherNulls(from, runs)
  if (DataType.isStruct(type)) {
    const children = type.children.map((field: Field, i: number) =>
      gatherData(
        field.type as DataType,
        from.map((data) => data.children[i] as Data),
        runs
      )
    )
    return makeData({ type, length, ...nulls, children })
  }
  if (DataType.isList(type)) return gatherLists(type, from, runs, nulls)
  if (DataType.isUtf8(type)) return gatherText(type, from, runs, nulls)
  if (DataType.isBool(type)) {
    const data = gatherBits(
      from.map(({ values }) => values as Uint8Array),
      runs
    )
    return makeData({ type, length, ...nulls, data })
  }
  if (DataType.isInt(type) || DataType.isFloat(type)) {
    const data = gatherNumbers(from, runs, nulls.nullCount === length) as Float64Array
    return makeData({ type: type as never, length, ...nulls, data: data as never })
  }
  throw new SiskinError(`a column of kind ${Type[type.typeId]} is none that Siskin writes`)
}

interface Nulls {
  readonly nullCount: number
  readonly nullBitmap?: Uint8Array
}

/** Where nothing is null in any of them there is no bitmap; where all is, none of the bits is looked at. */
function gatherNulls(from: readonly Data[], runs: Runs): Nulls {
  if (from.every(({ nullCount }) => nullCount === 0)) return { nullCount: 0 }
  const { total } = runs
  if (from.every(({ nullCount, length }) => nullCount === length)) {
    return { nullCount: total, nullBitmap: new Uint8Array((total + 7) >> 3) }
  }
  const full = from.map(({ nullCount, nullBitmap }) => (nullCount === 0 ? null : nullBitmap))
  const nullBitmap = gatherBits(full, runs)
  return { nullCount: total - countBits(nullBitmap), nullBitmap }
}

/** Bits of the runs; a batch of null is all ones. */
function gatherBits(from: readonly (Uint8Array | null)[], runs: Runs): Uint8Array {
  const { batch, start, end, total } = runs
  const bits = new Uint8Array((total + 7) >> 3)
  for (let i = 0, n = 0; i < batch.length; i++) {
    const own = from[batch[i]!]
    for (let at = start[i]!; at < end[i]!; at++, n++) {
      if (!own || ((own[at >> 3]! >> (at & 7)) & 1) === 1) bits[n >> 3]! |= 1 << (n & 7)
    }
  }
  return bits
}

function countBits(bits: Uint8Array): number {
  let count = 0
  for (let byte of bits) for (; byte !== 0; byte &= byte - 1) count++
  return count
}

type Numbers = Int32Array | Float32Array | Float64Array | BigInt64Array

/** 64-bit integers are copied as pairs of words: reading them would make a BigInt a value. */
function gatherNumbers(from: readonly Data[], runs: Runs, isEmpty: boolean): Numbers {
  const sample = from[0]!.values as Numbers
  const isWide = sample instanceof BigInt64Array
  const Make = sample.constructor as Float64ArrayConstructor
  const to = new Make(runs.total) as unknown as Numbers
  if (isEmpty) return to
  const all = from.map(({ values }) => values as Numbers)
  if (isWide) copyRuns(all.map(wordsOf), wordsOf(to), runs, 2)
  else copyRuns(all as Float64Array[], to as Float64Array, runs, 1)
  return to
}

function wordsOf({ buffer, byteOffset, length }: Numbers): Int32Array {
  return new Int32Array(buffer, byteOffset, length * 2)
}

type Words = Int32Array | Float64Array | Uint8Array

function copyRuns(
  from: readonly Words[],
  to: Words,
  { batch, start, end }: Runs,
  width: number
): void {
  for (let i = 0, n = 0; i < batch.length; i++) {
    const own = from[batch[i]!]!
    const last = end[i]! * width
    for (let at = start[i]! * width; at < last; at++) to[n++] = own[at]!
  }
}

/** Offsets of what was gathered, and the runs of the values that they stand for. */
function runsBelow(offsets: readonly Int32Array[], { batch, start, end, total }: Runs) {
  const own = new Int32Array(total + 1)
  const [starts, ends] = [new Int32Array(batch.length), new Int32Array(batch.length)]
  for (let i = 0, n = 0; i < batch.length; i++) {
    const ownOffsets = offsets[batch[i]!]!
    starts[i] = ownOffsets[start[i]!]!
    ends[i] = ownOffsets[end[i]!]!
    for (let at = start[i]!; at < end[i]!; at++, n++) {
      own[n + 1] = own[n]! + ownOffsets[at + 1]! - ownOffsets[at]!
    }
  }
  return { offsets: own, runs: { batch, start: starts, end: ends, total: own[total]! } }
}

function offsetsOf(from: readonly Data[]): Int32Array[] {
  return from.map(({ valueOffsets }) => valueOffsets as Int32Array)
}

function gatherLists(type: List, from: readonly Data[], runs: Runs, nulls: Nulls): Data {
  const below = runsBelow(offsetsOf(from), runs)
  const child = gatherData(
    type.children[0]!.type as DataType,
    from.map(({ children }) => children[0] as Data),
    below.runs
  )
  return makeData({ type, length: runs.total, ...nulls, valueOffsets: below.offsets, child })
}

function gatherText(type: Utf8, from: readonly Data[], runs: Runs, nulls: Nulls): Data {
  const below = runsBelow(offsetsOf(from), runs)
  const data = new Uint8Array(below.runs.total)
  copyRuns(
    from.map(({ values }) => values as Uint8Array),
    data,
    below.runs,
    1
  )
  return makeData({ type, length: runs.total, ...nulls, valueOffsets: below.offsets, data })
}
