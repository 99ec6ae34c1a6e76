import { amount } from '../amount.ts'
import type { Module, Output, Outputs } from '../contract/index.ts'
import { ListColumn, TextColumn } from '../table/columns.ts'
import type { Column } from '../table/columns.ts'
import type { Enriched } from '../table/enriched.ts'

const OWN_STATUSES = new Set(['ok', 'not-applicable', 'too-short', 'unavailable'])

/** A result that is no answer to the batch at all: every row of it fails. */
export class OutputError extends Error {
  override readonly name = 'OutputError'
  readonly code: 'rows' | 'type'

  constructor(code: 'rows' | 'type', message: string) {
    super(message)
    this.code = code
  }
}

/** What is wrong with a result whose other rows are taken all the same; the first of its kind. */
export interface Fault {
  readonly kind: 'nan' | 'type' | 'undeclared'
  /** What is wrong, of which column. */
  readonly text: string
  /** The row it was met in, and the value; null where it is about no row. */
  readonly first: { readonly row: number; readonly value: unknown } | null
}

interface Target {
  readonly path: string
  readonly output: Output<unknown>
  readonly column: Column
  readonly values: ArrayLike<unknown>
}

/**
 * Takes a module's result for rows [from, from + rows) into the table's columns. A row with a NaN
 * or a value of the wrong type becomes null in all columns, with the status that says so.
 * @throws OutputError if a column is missing or has the wrong number of rows.
 * @returns what is wrong with it, once of each kind
 */
export function takeResult(
  module: Module,
  result: unknown,
  batch: Enriched,
  from: number,
  rows: number,
  statuses: string[]
): readonly Fault[] {
  if (typeof result !== 'object' || result === null) {
    throw new OutputError('type', `it returned ${String(result)}, not an object of columns`)
  }
  const targets: Target[] = []
  collect(module.produces, result as Record<string, unknown>, module.name, batch, rows, targets)
  const own = (result as { status?: ArrayLike<string> }).status
  if (own && own.length !== rows) {
    throw new OutputError('rows', `status has ${amount(own.length, 'row')} instead of ${rows}`)
  }
  const faults: Fault[] = undeclared(module.produces, result, '')
  const meet = (fault: Fault) => {
    if (!faults.some(({ kind }) => kind === fault.kind)) faults.push(fault)
  }
  for (let i = 0; i < rows; i++) statuses[from + i] = takeRow(targets, i, from + i, own?.[i], meet)
  return faults
}

/** Columns that are returned, and that nobody will ever see. */
function undeclared(produces: Outputs, result: object, path: string): Fault[] {
  const names = Object.keys(result).filter((name) => {
    return produces[name] === undefined && !(path === '' && name === 'status')
  })
  const own = names.map((name) => `\`${path}${name}\``).join(', ')
  if (own !== '') {
    const text = `it returns ${own}, which \`produces\` does not declare`
    return [{ kind: 'undeclared', text, first: null }]
  }
  const values = result as Record<string, object>
  return Object.entries(produces)
    .flatMap(([name, output]) =>
      output.type === 'group' ? undeclared(output.outputs, values[name]!, `${path}${name}.`) : []
    )
    .slice(0, 1)
}

function collect(
  outputs: Outputs,
  result: Record<string, unknown>,
  path: string,
  batch: Enriched,
  rows: number,
  targets: Target[]
): void {
  for (const [name, output] of Object.entries(outputs)) {
    const at = `${path}.${name}`
    const given = result[name]
    if (output.type === 'group') {
      if (typeof given !== 'object' || given === null) {
        throw new OutputError('rows', `${at} is missing from the result`)
      }
      collect(output.outputs, given as Record<string, unknown>, at, batch, rows, targets)
      continue
    }
    const values = given as ArrayLike<unknown> | undefined
    if (values === undefined || values === null || typeof values.length !== 'number') {
      throw new OutputError('rows', `${at} is missing from the result`)
    }
    if (values.length !== rows) {
      throw new OutputError('rows', `${at} has ${amount(values.length, 'row')} instead of ${rows}`)
    }
    targets.push({ path: at, output, column: batch.columns.get(at)!, values })
  }
}

function takeRow(
  targets: Target[],
  i: number,
  row: number,
  own: string | undefined,
  meet: (fault: Fault) => void
): string {
  let says = false
  for (const { path, output, column, values } of targets) {
    const value = values[i]
    if (value === null || value === undefined) {
      column.valid[row] = 0
      continue
    }
    const fault = output.isList ? faultIn(output.type, value) : faultOf(output.type, value)
    if (fault) {
      meet({ kind: fault, text: faultText(fault, path, output, value), first: { row, value } })
      return failRow(targets, row, fault)
    }
    says = true
    if (column instanceof ListColumn) column.set(row, value as ArrayLike<number>)
    else if (column instanceof TextColumn) column.set(row, value as string)
    else column.set(row, typeof value === 'boolean' ? Number(value) : (value as number))
  }
  if (own === undefined) return says ? 'ok' : 'not-applicable'
  if (OWN_STATUSES.has(own)) return own
  const text = `status is no status: choose one of ${[...OWN_STATUSES].join(', ')}`
  meet({ kind: 'type', text, first: { row, value: own } })
  return failRow(targets, row, 'type')
}

function faultText(
  fault: 'nan' | 'type',
  path: string,
  { type, isList = false }: Output<unknown>,
  value: unknown
): string {
  if (isList) return listFault(fault, path, type, value)
  if (fault === 'nan') return `${path} is no finite number: give null where there is nothing to say`
  const isTooFine = type === 'int32' && typeof value === 'number'
  const given = isTooFine ? 'number that is none of 32 bits' : typeof value
  return `${path} is declared ${type}, and is given a ${given}`
}

function listFault(
  fault: 'nan' | 'type',
  path: string,
  type: Output<unknown>['type'],
  value: unknown
): string {
  if (fault === 'nan')
    return `${path} holds what is no finite number: give null where there is nothing to say`
  const given = isList(value) ? 'list that holds something else' : typeof value
  return `${path} is declared a list of ${type}, and is given a ${given}`
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
}

/** What is wrong with a list, or with the first of its values that is wrong. */
function faultIn(type: Output<unknown>['type'], list: unknown): 'nan' | 'type' | null {
  if (!isList(list)) return 'type'
  for (let i = 0; i < list.length; i++) {
    const value = list[i]
    const fault = value === null || value === undefined ? null : faultOf(type, value)
    if (fault) return fault
  }
  return null
}

function failRow(targets: Target[], row: number, code: string): string {
  for (const { column } of targets) column.valid[row] = 0
  return `failed:${code}`
}

function faultOf(type: Output<unknown>['type'], value: unknown): 'nan' | 'type' | null {
  switch (type) {
    case 'utf8':
      return typeof value === 'string' ? null : 'type'
    case 'bool':
      return typeof value === 'boolean' ? null : 'type'
    case 'int64':
      return typeof value === 'bigint' && value === BigInt.asIntN(64, value) ? null : 'type'
    case 'int32':
      return typeof value === 'number' && value === (value | 0) ? null : nanOr(value)
    default:
      return typeof value === 'number' && Number.isFinite(value) ? null : nanOr(value)
  }
}

function nanOr(value: unknown): 'nan' | 'type' {
  return typeof value === 'number' && !Number.isFinite(value) ? 'nan' : 'type'
}
