import { FixedColumn } from './columns.ts'
import type { AlertTable } from './table.ts'

/** Tells which alerts of a table were injected; null where none was. */
export function injectedIn(table: AlertTable): ((row: number) => boolean) | null {
  const column = table.columns.get('injected')
  if (!(column instanceof FixedColumn)) return null
  const isInjected = (row: number) => column.valid[row] === 1 && column.values[row] === 1
  for (let row = 0; row < table.rows; row++) if (isInjected(row)) return isInjected
  return null
}
