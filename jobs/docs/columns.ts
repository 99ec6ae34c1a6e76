import type { Module } from '../../engine/contract/index.ts'
import { moduleColumns } from '../../engine/table/enriched.ts'
import { QUARANTINE_COLUMNS } from '../../engine/table/quarantine-columns.ts'
import { ALERT_COLUMNS } from '../../engine/table/schema.ts'
import { typeText } from '../../engine/table/describe.ts'
import type { ColumnDef } from '../../engine/table/schema.ts'
import { code, COLUMN_HEAD, NOTE, page, table } from './table.ts'

/** Every column of the alert table with its unit, its UCD and what it says. */
export function columnsPage(modules: readonly Module[]): string {
  const own = ALERT_COLUMNS.filter(({ name }) => !name.includes('.'))
  const survey = ALERT_COLUMNS.filter(({ name }) => name.includes('.'))
  const group = (list: ColumnDef['list']) => own.filter((def) => def.list === list)
  const isPacket = ({ name }: ColumnDef) => name.startsWith('packet_')
  const scalars = group(undefined)
  return page('The alert table', [
    NOTE,
    `${ALERT_COLUMNS.length} columns from the packets, and one struct per module ([modules](modules.md)). One schema for both surveys: the other survey's struct is null. Null means "cannot say". Ids are 64-bit and exceed 2^53: they are strings in JSON.`,
    'Units are in the syntax of VOUnits, UCDs of UCD1+ (both IVOA). The same for programs: `<lake>/_siskin/columns/*.json`, one document for every set of columns that was ever written; the key `siskin` in the footer of an alert or quarantine file names its own under `siskin.columns`.',
    '## The alert',
    columnTable(scalars.filter((def) => !isPacket(def))),
    '## Its history',
    'Lists of equal length in each alert, ascending in time, the alert itself last.',
    columnTable(group('history')),
    '## Forced photometry',
    'Lists of equal length in each alert, ascending in time.',
    columnTable(group('forced')),
    '## Its packet',
    columnTable(scalars.filter(isPacket)),
    '## What the survey sent',
    "Every field under the survey's own name and in the survey's own unit. A column that was not sent is null; so are the survey's sentinels (-999).",
    ...structs(survey),
    '## What the modules add',
    table(
      ['struct', 'columns', 'says'],
      modules.map((module) => [
        `[${module.name}](modules.md#${module.name})`,
        String(moduleColumns(module).length),
        module.about
      ])
    ),
    '## Quarantine',
    'What could not be decoded is in files of its own, `<lake>/quarantine/**/*.parquet`, with these columns.',
    columnTable(QUARANTINE_COLUMNS)
  ])
}

/** Where a survey does not send what its schema says. Nothing is changed: the columns are the survey's own. */
const AS_SENT: Readonly<Record<string, string>> = {
  'lsst.ssSource':
    'Units are those of the schema. A real packet of schema 10.0 (January 2026) keeps to them in angles and offsets only: its ranges and positions are AU divided by 149,597,871 (taken for km), its velocities AU/d and not km/s, `*_vtot` is not their length, what was not computed is 0 and not null (`galLat`, `topoRangeRate`, `ephVmag`, `ephRate`, `ephRateRa`, `ephRateDec`; the schema has null for it and names no number, so 0 stays as sent: `nullif(lsst.ssSource.ephVmag, 0)`), and `diaSourceId` has lost its last digits: the id of the alert is `alert_id`. Look at `helioRange` before you use it: below 0.005 it would be inside the Sun.'
}

type Shown = Omit<ColumnDef, 'type' | 'unit'> & { readonly type: string; readonly unit: string }

function columnTable(defs: readonly Shown[], from = 0): string {
  return table(
    COLUMN_HEAD,
    defs.map(({ name, type, list, unit, ucd, doc }) => [
      code(name.slice(from)),
      typeText(type, list),
      code(unit),
      code(ucd),
      doc
    ])
  )
}

function structs(defs: readonly ColumnDef[]): string[] {
  const byStruct = Map.groupBy(defs, ({ name }) => name.slice(0, name.lastIndexOf('.')))
  return [...byStruct].flatMap(([struct, own]) => [
    `### ${struct}`,
    `${own.length} columns in the struct \`${struct}\`.`,
    ...(AS_SENT[struct] === undefined ? [] : [AS_SENT[struct]]),
    columnTable(own, struct.length + 1)
  ])
}
