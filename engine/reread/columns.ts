import { DataType } from 'apache-arrow'
import type { Data, Utf8 } from 'apache-arrow'
import { ListColumn, makeColumn, TextColumn } from '../table/columns.ts'
import type { FixedColumn, NumberArray, ScalarColumn } from '../table/columns.ts'
import type { ScalarType } from '../table/schema.ts'

/**
 * What the file has of a column, as decoding would have made it: NaN, 0n and 0 lie under what is null.
 * A value that does not fit the type that the column has now is null.
 * @param present 1 in rows where the structs around it are there
 */
export function columnFrom(data: Data, type: ScalarType, present: Uint8Array): ScalarColumn {
  const column = makeColumn(type, data.length)
  column.valid = both(validOf(data), present)
  if (column instanceof TextColumn) fillText(column, data)
  else fillNumbers(column, data)
  return column
}

/** Lists that a module returned; null where the file has none, or no list. */
export function listFrom(
  data: Data | undefined,
  type: ScalarType,
  present: Uint8Array
): ListColumn {
  const { length } = present
  if (!data || !DataType.isList(data.type)) return new ListColumn(type, length)
  const child = data.children[0]!
  const column = new ListColumn(type, 0, columnFrom(child, type, validOf(child)))
  column.used = child.length
  column.starts = Int32Array.from(data.valueOffsets.subarray(0, length))
  column.ends = Int32Array.from(data.valueOffsets.subarray(1, length + 1))
  column.valid = both(validOf(data), present)
  return column
}

/** Of values that the file does not have. */
export function nullColumn(type: ScalarType, length: number): ScalarColumn {
  const column = makeColumn(type, length)
  if (!(column instanceof TextColumn)) silence(column.values, column.valid)
  return column
}

/** One byte a row: 1 where it says something. */
export function validOf({ length, offset, nullCount, nullBitmap }: Data): Uint8Array {
  const valid = new Uint8Array(length).fill(1)
  if (nullCount === 0 || !nullBitmap?.length) return valid
  for (let i = 0; i < length; i++) valid[i] = bitAt(nullBitmap, offset + i)
  return valid
}

export function both(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((says, i) => says & b[i]!)
}

function bitAt(bits: Uint8Array, at: number): number {
  return (bits[at >> 3]! >> (at & 7)) & 1
}

function fillText(column: TextColumn, data: Data): void {
  if (!DataType.isUtf8(data.type)) {
    column.valid.fill(0)
    return
  }
  const { valueOffsets, values, length } = data as Data<Utf8>
  column.bytes = Uint8Array.from(values)
  column.used = values.length
  column.starts = valueOffsets.slice(0, length)
  column.ends = valueOffsets.slice(1, length + 1)
}

function fillNumbers(column: FixedColumn, data: Data): void {
  const { length, offset } = data
  const values = data.values as NumberArray
  if (kindOf(data.type) !== KINDS[column.type]) column.valid.fill(0)
  else if (column.type !== 'bool') column.values.set(values.subarray(0, length) as never)
  else for (let i = 0; i < length; i++) column.values[i] = bitAt(values as Uint8Array, offset + i)
  silence(column.values, column.valid)
}

const KINDS = { bool: 'bool', int64: 'id', int32: 'number', float32: 'number', float64: 'number' }

function kindOf(type: DataType): string {
  if (DataType.isBool(type)) return 'bool'
  if (DataType.isInt(type)) return type.bitWidth === 64 ? 'id' : 'number'
  return DataType.isFloat(type) ? 'number' : 'other'
}

/** What lies under a null is the file's own affair. */
function silence(values: NumberArray, valid: Uint8Array): void {
  const isFloat = values instanceof Float64Array || values instanceof Float32Array
  const nothing = values instanceof BigInt64Array ? 0n : isFloat ? Number.NaN : 0
  for (let i = 0; i < valid.length; i++) if (valid[i] === 0) values[i] = nothing
}
