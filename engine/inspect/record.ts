import { TextColumn } from '../table/columns.ts'
import type { ScalarColumn } from '../table/columns.ts'
import { ALERT_COLUMNS } from '../table/schema.ts'
import type { AlertTable } from '../table/table.ts'

/** One alert as plain values: columns by name, structs nested, as a Parquet reader gives a row. */
export type AlertRecord = Readonly<Record<string, unknown>>

/** A row of a table in memory in the same form as a row of a part. */
export function alertRecord(table: AlertTable, row: number): AlertRecord {
  const record: Record<string, unknown> = {}
  for (const { name, list } of ALERT_COLUMNS) {
    const column = table.columns.get(name)
    if (!column) continue
    if (!list) {
      put(record, name.split('.'), valueAt(column, row))
      continue
    }
    const { offsets } = table[list]
    const from = offsets[row]!
    record[name] = Array.from({ length: offsets[row + 1]! - from }, (_, i) =>
      valueAt(column, from + i)
    )
  }
  return record
}

function put(record: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = record
  for (const name of path.slice(0, -1)) at = (at[name] ??= {}) as Record<string, unknown>
  at[path.at(-1)!] = value
}

function valueAt(column: ScalarColumn, row: number): unknown {
  if (column instanceof TextColumn) return column.get(row)
  if (column.valid[row] === 0) return null
  const value = column.values[row]!
  return column.type === 'bool' ? value === 1 : value
}

/** A number of a record; null where it cannot say. Not for ids. */
export function numberAt(record: AlertRecord, name: string): number | null {
  const value = record[name]
  return typeof value === 'number' ? value : null
}

/** Text for anything in a record: ids whole, null as "-". */
export function textAt(record: AlertRecord, name: string): string {
  return shown(record[name])
}

/** A plain value as text. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return '-'
  if (typeof value === 'object') return JSON.stringify(value)
  return (value as string | number | bigint | boolean).toString()
}
