import { valueAt } from '../table/columns.ts'
import type { Column } from '../table/columns.ts'
import type { ColumnDef } from '../table/schema.ts'

/** A value that two versions do not agree on. Numbers, texts, flags, lists as text; null: it cannot say. */
export interface Difference {
  readonly row: number
  readonly old: number | string | null
  readonly fresh: number | string | null
}

/** How two versions of a column agree. */
export interface ColumnCounts {
  readonly column: string
  readonly unit: string
  /** Values that both say, and those of them that are others. */
  both: number
  changed: number
  /** Said by the old version alone, and by the new one alone. */
  toNull: number
  fromNull: number
}

export function noCounts({ name, unit }: ColumnDef): ColumnCounts {
  return { column: name, unit, both: 0, changed: 0, toNull: 0, fromNull: 0 }
}

/** Those of some rows in which two columns differ; counts are added to `counts`. Ids are compared as text. */
export function* differencesOf(
  old: Column,
  fresh: Column,
  rows: readonly number[],
  counts: ColumnCounts
): Generator<Difference, void> {
  for (const row of rows) {
    const [before, after] = [comparable(old, row), comparable(fresh, row)]
    if (before !== null && after !== null) counts.both++
    if (before === after) continue
    if (after === null) counts.toNull++
    else if (before === null) counts.fromNull++
    else counts.changed++
    yield { row, old: before, fresh: after }
  }
}

/** Ids and lists as text: lists differ as a whole. */
function comparable(column: Column, row: number): number | string | null {
  const value = valueAt(column, row)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  return JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? `${item}` : item))
}
