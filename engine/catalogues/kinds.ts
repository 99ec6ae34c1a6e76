import { inspect } from 'node:util'
import type { Need } from '../contract/index.ts'
import { SiskinError, UsageError } from '../errors.ts'

export type Kind = Need<unknown>['kind']

const WHOLE = 'a whole number that a number cannot hold exactly (beyond 2^53): ask for it with id()'

/**
 * The values of a column as it is asked for; what says nothing (an empty text, a number that is none) is null. Whole numbers of 64
 * bits are numbers where a number can hold them exactly, and small ones ids.
 * @throws UsageError that names the column, the row and the value
 */
export function asKind(
  path: string,
  column: string,
  kind: Kind,
  values: readonly unknown[]
): unknown[] {
  return values.map((value, row) => {
    const own = valueAs(kind, value)
    if (own !== undefined) return own
    const isLong = kind === 'number' && typeof value === 'bigint'
    const why = isLong ? `which is ${WHOLE}` : `which is no ${kind}`
    throw new UsageError(
      `catalogue ${path}: "${column}" is asked for as ${kind}, but row ${row + 1} has ${inspect(value)} (${typeof value}), ${why}`
    )
  })
}

/** The same of one value. @throws SiskinError */
export function asked(column: string, kind: Kind, value: unknown): unknown {
  const own = valueAs(kind, value)
  if (own !== undefined) return own
  throw new SiskinError(`"${column}" is asked for as ${kind}, but holds ${inspect(value)}`)
}

/** A value as it is asked for, null for what says nothing; undefined: it is none. */
function valueAs(kind: Kind, value: unknown): unknown {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' && value.trim() === '') return null
  if (Number.isNaN(value)) return null
  switch (kind) {
    case 'text':
      return typeof value === 'string' ? value.trim() : undefined
    case 'flag':
      return typeof value === 'boolean' ? value : undefined
    case 'id':
      if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
      return typeof value === 'bigint' ? value : undefined
    case 'number':
      if (typeof value === 'bigint') return exactly(value)
      return typeof value === 'number' ? value : undefined
    default:
      return undefined
  }
}

function exactly(value: bigint): number | undefined {
  const number = Number(value)
  return BigInt(number) === value ? number : undefined
}

export type Cell = string | number | bigint | boolean | null

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** What a text says as a value of a kind; undefined: it is none. */
export function fromText(text: string, kind: Kind): Cell | undefined {
  if (kind === 'text') return text
  if (kind === 'id') return idOf(text)
  if (kind === 'flag') {
    if (/^(true|t|yes|1)$/i.test(text)) return true
    return /^(false|f|no|0)$/i.test(text) ? false : undefined
  }
  if (text.toLowerCase() === 'nan') return Number.NaN
  const number = DECIMAL.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(number) ? number : undefined
}

function idOf(text: string): bigint | undefined {
  const value = /^-?\d+$/.test(text) ? BigInt(text) : null
  return value !== null && BigInt.asIntN(64, value) === value ? value : undefined
}
