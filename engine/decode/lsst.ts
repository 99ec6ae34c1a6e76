import { INJECTED_FIELD } from '../surveys/fields.ts'
import { OLD_NAMES, OLD_SOURCE_NAMES } from '../surveys/lsst-old-names.ts'
import type { FixedColumn, TextColumn } from '../table/columns.ts'
import { AlertTable } from '../table/table.ts'
import type { RangeSink } from '../avro/compile.ts'
import { FORCED, SOURCE } from './lsst-lists.ts'
import { LsstRows } from './lsst-rows.ts'
import { RawList, RowMark } from './rows.ts'
import type { SurveyReader } from './survey.ts'

/** LSST: diaSource, its history, diaObject, ssSource and orbit into the alert table (3.0 to 11.x and later, ELAsTiCC). */
export function lsstReader(capacity: number): SurveyReader {
  const table = new AlertTable('lsst', capacity)
  const columns = new Map<string, FixedColumn | TextColumn>()
  for (const [name, column] of table.columns) {
    if (name.startsWith('lsst.')) columns.set(name.slice(5), column)
  }
  for (const { record, today, fields } of OLD_NAMES) {
    for (const [old, name] of Object.entries(fields)) {
      columns.set(`${record}.${old}`, table.column(`lsst.${today}.${name}`))
    }
  }
  columns.set('diaSourceId', table.column('alert_id'))
  columns.set(INJECTED_FIELD, table.column('injected'))
  const sources = new RawList(SOURCE, 'prvDiaSources[]', columns)
  const forced = new RawList(FORCED, 'prvDiaForcedSources[]', columns)
  addOldNames('prvDiaSources[]', columns)
  addOldNames('prvDiaForcedSources[]', columns)
  for (const name of PRESENT) table.present.set(`lsst.${name}`, new Uint8Array(capacity))
  const ranges = new Map<string, RangeSink>([
    ['cutoutScience', table.stamps.science],
    ['cutoutTemplate', table.stamps.template],
    ['cutoutDifference', table.stamps.difference]
  ])
  const lists = new Map([
    ['prvDiaSources', sources.list],
    ['prvDiaForcedSources', forced.list]
  ])
  const mark = new RowMark(table)
  const rows = new LsstRows(table, sources, forced)
  return {
    survey: 'lsst',
    table,
    get sinks() {
      return { columns, lists, ranges, present: presentIn(table) }
    },
    finish: (row, schema) => rows.finish(row, schema),
    keep: () => {
      mark.set()
      rows.forget()
    },
    rollback: (row) => {
      mark.rollback(row)
      rows.forget()
    }
  }
}

/** Records that an alert may lack; noted per row. */
const PRESENT = ['diaObject', 'ssSource', 'mpc_orbits']

function presentIn(table: AlertTable): Map<string, Uint8Array> {
  const present = new Map(PRESENT.map((name) => [name, table.present.get(`lsst.${name}`)!]))
  return present.set('MPCORB', present.get('mpc_orbits')!)
}

/** The older names of fields that are read of the entries of a list. */
function addOldNames(path: string, columns: Map<string, FixedColumn | TextColumn>): void {
  for (const [old, name] of Object.entries(OLD_SOURCE_NAMES)) {
    const column = columns.get(`${path}.${name}`)
    if (column) columns.set(`${path}.${old}`, column)
  }
}
