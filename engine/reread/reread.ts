import { DataType } from 'apache-arrow'
import type { Data, Table } from 'apache-arrow'
import type { Survey } from '../contract/index.ts'
import { FixedColumn } from '../table/columns.ts'
import type { Column, ScalarColumn } from '../table/columns.ts'
import { ALERT_COLUMNS } from '../table/schema.ts'
import type { AlertColumn, ColumnDef } from '../table/schema.ts'
import { AlertTable } from '../table/table.ts'
import { both, columnFrom, listFrom, nullColumn, validOf } from './columns.ts'
import type { PartFile } from './part-file.ts'

/** Alerts of the lake as decoding made them, with what modules made of them then. */
export interface Reread {
  readonly table: AlertTable
  /** Columns of modules, by their dotted names. */
  readonly made: ReadonlyMap<string, Column>
}

export interface RereadOptions {
  readonly survey: Survey
  /** As the name of its folder says. */
  readonly night: number
  /** Dotted names of the columns of the alert table that are to be read; of all others `injected` alone is there. */
  readonly needed: ReadonlySet<string>
  /** The columns of modules that are to be read, as they are known now. */
  readonly made: readonly ColumnDef[]
}

/** The list of each group that is always read with the others: it has their lengths. */
const LENGTHS = { history: 'history_mjd', forced: 'forced_mjd' } as const

/**
 * Reads a row group of a part, or all of it, back as the alert table that decoding made: modules and filters cannot tell the
 * difference. What the part lacks, because an older Siskin wrote it, is null.
 */
export async function reread(
  file: PartFile,
  rowGroup: number | 'all',
  { survey, night, needed, made }: RereadOptions
): Promise<Reread> {
  const own = ALERT_COLUMNS.filter(({ name }) => needed.has(name) || name === 'injected')
  const lists = new Set(own.flatMap(({ list }) => list ?? []))
  const names = [...own, ...made].map(({ name }) => name)
  const lengths = [...lists].map((list) => LENGTHS[list])
  const arrow = await file.read(rowGroup, [...new Set(['alert_id', ...lengths, ...names])])
  const rows = arrow.numRows
  const offsets = new Map([...lists].map((list) => [list, offsetsOf(arrow, LENGTHS[list])]))
  const lengthOf = ({ list }: Pick<AlertColumn, 'list'>) =>
    list ? offsets.get(list)![rows]! : rows
  const columnOf = (def: Pick<AlertColumn, 'name' | 'type' | 'list'>): [string, ScalarColumn] => {
    if (def.name === 'night') return [def.name, constant(night, rows)]
    const { data, present } = find(arrow, def.name)
    if (!data) return [def.name, nullColumn(def.type, lengthOf(def))]
    const item = def.list ? data.children[0]! : data
    return [def.name, columnFrom(item, def.type, def.list ? validOf(item) : present)]
  }
  const table = new AlertTable(survey, rows, new Map(own.map(columnOf)))
  table.rows = rows
  for (const [list, own] of offsets) {
    table[list].offsets = own
    table[list].length = own[rows]!
  }
  const madeOf = ({ name, type, list }: ColumnDef): [string, Column] => {
    if (list !== 'own') return columnOf({ name, type })
    const { data, present } = find(arrow, name)
    return [name, listFrom(data, type, present)]
  }
  return { table, made: new Map(made.map(madeOf)) }
}

function constant(value: number, rows: number): FixedColumn {
  const column = new FixedColumn('int32', rows)
  column.values.fill(value as never)
  column.valid.fill(1)
  return column
}

/** Where the lists of a group begin and end; all are empty where the file has none. */
function offsetsOf(arrow: Table, name: string): Int32Array {
  const { data } = find(arrow, name)
  if (!data || !DataType.isList(data.type)) return new Int32Array(arrow.numRows + 1)
  return Int32Array.from(data.valueOffsets.subarray(0, arrow.numRows + 1))
}

/** A column by its dotted name, and the rows in which the structs around it are there. */
function find(arrow: Table, name: string): { data: Data | undefined; present: Uint8Array } {
  let present: Uint8Array = new Uint8Array(arrow.numRows).fill(1)
  let data = arrow.batches[0]?.data as Data | undefined
  const path = name.split('.')
  for (const [depth, step] of path.entries()) {
    const at =
      data?.type.children?.findIndex((field: { name: string }) => field.name === step) ?? -1
    data = data?.children[at]
    if (data && depth < path.length - 1) present = both(present, validOf(data))
  }
  return { data, present }
}
