import type { Field } from './field.ts'

/** A value of a plain field as VOTable has it; a whole number of 64 bits is a BigInt. */
export type Value = string | number | bigint | boolean | null

const WHOLE = /^[+-]?\d+$|^0x[0-9a-f]+$/i
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** What a cell of TABLEDATA says. @throws Error for what is none of its type */
export function cellValue({ type, nullText, name }: Field, text: string): Value {
  if (type === 'char' || type === 'unicodeChar') return text === nullText ? null : text
  const said = text.trim()
  if (said === '' || said === nullText) return null
  const value = valueOf(type, said)
  if (value === undefined) throw new Error(`${name} "${said}", which is no ${type}`)
  return isNull(value, nullText) ? null : value
}

/** True for the null of a column, however it is written. */
export function isNull(value: Value, nullText: string | null): boolean {
  if (typeof value === 'number' && Number.isNaN(value)) return true
  if (nullText === null || typeof value === 'string' || typeof value === 'boolean') return false
  const text = nullText.trim()
  return WHOLE.test(text) ? BigInt(text.replace(/^\+/, '')) === wholeOf(value) : false
}

function wholeOf(value: number | bigint | null): bigint | null {
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : (value as bigint)
}

function valueOf(type: Field['type'], text: string): Value | undefined {
  if (type === 'boolean' || type === 'bit') return flagOf(text)
  if (type === 'float' || type === 'double') {
    const number = numberOf(text)
    return number === undefined || type === 'double' ? number : Math.fround(number)
  }
  if (!WHOLE.test(text)) return undefined
  return type === 'long' ? BigInt.asIntN(64, BigInt(text.replace(/^\+/, ''))) : Number(text)
}

export function flagOf(text: string): boolean | null | undefined {
  if (/^(t|true|1)$/i.test(text)) return true
  if (/^(f|false|0)$/i.test(text)) return false
  return /^[?\s\0]*$/.test(text) ? null : undefined
}

function numberOf(text: string): number | undefined {
  const [, sign = '', word = ''] = /^([+-]?)(nan|inf|infinity)$/i.exec(text) ?? []
  if (word === '') return DECIMAL.test(text) ? Number(text) : undefined
  if (/nan/i.test(word)) return Number.NaN
  return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}
