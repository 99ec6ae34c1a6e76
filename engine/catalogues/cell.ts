import { inspect } from 'node:util'
import type { Need } from '../contract/index.ts'
import { SiskinError } from '../errors.ts'

type Kind = Need<unknown>['kind']

/**
 * A value of a catalogue as it is asked for; null for what says nothing: NaN, text of blanks.
 * @throws SiskinError for one of another kind
 */
export function cellAs(column: string, kind: Kind, value: unknown): unknown {
  if (value === null || value === undefined) return null
  const found = READ[kind]?.(value)
  if (found !== undefined) return found
  throw new SiskinError(`"${column}" is asked for as ${kind}, but holds ${inspect(value)}`)
}

const READ: Partial<Record<Kind, (value: unknown) => unknown>> = {
  number(value) {
    if (typeof value === 'number') return Number.isFinite(value) ? value : null
    if (typeof value !== 'bigint') return undefined
    return Number.isSafeInteger(Number(value)) ? Number(value) : undefined
  },
  id(value) {
    if (typeof value === 'bigint') return value
    return Number.isSafeInteger(value) ? BigInt(value as number) : undefined
  },
  text: (value) => (typeof value === 'string' ? value.trim() || null : undefined),
  flag: (value) => (typeof value === 'boolean' ? value : undefined)
}
