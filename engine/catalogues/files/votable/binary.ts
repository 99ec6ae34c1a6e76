import { flagOf, isNull } from './cell.ts'
import type { Value } from './cell.ts'
import type { Field } from './field.ts'

/** Bytes of one value. Bits are packed. */
const SIZES: Record<Exclude<Field['type'], 'bit'>, number> = {
  boolean: 1,
  unsignedByte: 1,
  short: 2,
  int: 4,
  long: 8,
  char: 1,
  unicodeChar: 2,
  float: 4,
  double: 8,
  floatComplex: 8,
  doubleComplex: 16
}

/**
 * The rows of a stream of BINARY, or of BINARY2, where the nulls of a row stand before it. `visit` hears of the fields
 * that are wanted. @returns how many rows there are. @throws Error where the stream ends within a row
 */
export function eachBinary(
  bytes: Uint8Array,
  fields: readonly Field[],
  { hasNulls, isWanted }: { readonly hasNulls: boolean; readonly isWanted: readonly boolean[] },
  visit: (field: number, value: Value) => void
): number {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const nullBytes = hasNulls ? Math.ceil(fields.length / 8) : 0
  let rows = 0
  for (let at = 0; at < bytes.length; rows++) {
    const nulls = at
    at += nullBytes
    for (const [i, field] of fields.entries()) {
      const isCounted = field.length === null
      expect(data, at + (isCounted ? 4 : 0), rows)
      const count = field.length ?? data.getUint32(at)
      if (isCounted) at += 4
      const size = sizeOf(field, count)
      expect(data, at + size, rows)
      const isSaidNull = hasNulls && ((bytes[nulls + (i >> 3)]! << (i & 7)) & 0x80) !== 0
      if (isWanted[i]) visit(i, isSaidNull ? null : valueAt(field, data, at, size))
      at += size
    }
  }
  return rows
}

function expect(data: DataView, end: number, row: number): void {
  if (end > data.byteLength) throw new Error(`its data end within row ${row + 1}`)
}

function sizeOf({ type }: Field, count: number): number {
  return type === 'bit' ? Math.ceil(count / 8) : SIZES[type] * count
}

function valueAt({ type, nullText }: Field, data: DataView, at: number, size: number): Value {
  const value = read(type, data, at, size)
  return isNull(value, nullText) ? null : value
}

function read(type: Field['type'], data: DataView, at: number, size: number): Value {
  const bytes = new Uint8Array(data.buffer, data.byteOffset + at, size)
  switch (type) {
    case 'char':
      return beforeNul(new TextDecoder().decode(bytes))
    case 'unicodeChar':
      return beforeNul(new TextDecoder('utf-16be').decode(bytes))
    case 'boolean':
      return flagOf(String.fromCodePoint(bytes[0]!)) ?? null
    case 'bit':
      return bytes[0] !== 0 // the first bit by the standard, the fifth by astropy
    case 'unsignedByte':
      return bytes[0]!
    case 'short':
      return data.getInt16(at)
    case 'int':
      return data.getInt32(at)
    case 'long':
      return data.getBigInt64(at)
    case 'float':
      return data.getFloat32(at)
    case 'double':
      return data.getFloat64(at)
    default:
      return null // not plain: nobody can ask for it
  }
}

function beforeNul(text: string): string {
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}
