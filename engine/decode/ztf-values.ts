import type { TextColumn } from '../table/columns.ts'

/** Character codes of the bands by fid: 1 g, 2 r, 3 i. */
export const BANDS = [0, 103, 114, 105]

/** The survey's own values for "none", exactly: what is near them, or below, is a value. */
export function said(v: number): number {
  return v === -999 || v === -99999 ? Number.NaN : v
}

/** A forced flux (DN) has one such value: a source that faded by 999 DN is no sentinel. */
export function forcedDn(v: number): number {
  return v === -99999 ? Number.NaN : v
}

/** isdiffpos is one of t 1 f 0; anything else cannot say. */
export function signOf(column: TextColumn, row: number): number {
  if (column.valid[row] === 0 || column.ends[row]! - column.starts[row]! !== 1) return Number.NaN
  const code = column.bytes[column.starts[row]!]
  if (code === 116 || code === 49) return 1
  return code === 102 || code === 48 ? -1 : Number.NaN
}
