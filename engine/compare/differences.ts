import { TextColumn } from '../table/columns.ts'
import type { Column } from '../table/columns.ts'
import type { ColumnDef } from '../table/schema.ts'

/** A value that two versions do not agree on. Numbers, texts, flags; null: it cannot say. */
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

/** The rows in which two columns differ; counts are added to `counts`. Ids are compared as text. */
export function* differencesOf(
  old: Column,
  fresh: Column,
  rows: number,
  counts: ColumnCounts
): Generator<Difference, void> {
  for (let row = 0; row < rows; row++) {
    const [before, after] = [valueAt(old, row), valueAt(fresh, row)]
    if (before !== null && after !== null) counts.both++
    if (before === after) continue
    if (after === null) counts.toNull++
    else if (before === null) counts.fromNull++
    else counts.changed++
    yield { row, old: before, fresh: after }
  }
}

function valueAt(column: Column, row: number): number | string | null {
  if (column instanceof TextColumn) return column.get(row)
  if (column.valid[row] === 0) return null
  const value = column.values[row]!
  return typeof value === 'bigint' ? String(value) : value
}
