import { createHash } from 'node:crypto'
import { QUARANTINE_COLUMNS } from './quarantine-columns.ts'
import { ALERT_COLUMNS } from './schema.ts'
import type { ColumnDef } from './schema.ts'

/** What a column says, for tools: VOUnits, UCD1+, a sentence. */
export interface Description {
  readonly unit: string
  readonly ucd: string
  readonly doc: string
}

/** Lists of an alert have a record of their own in messages. */
const RECORDS: Readonly<Record<string, string>> = {
  light_curve: 'history',
  forced_photometry: 'forced'
}

/**
 * Descriptions by the name of a column in the lake (`flux`, `history_flux`, `ztf.rb`, `rate.mag_rate`) or
 * its path in a message (`light_curve.flux`); null for what is no column of ours.
 */
export function describer(
  moduleColumns: readonly ColumnDef[]
): (name: string) => Description | null {
  const byName = new Map([...ALERT_COLUMNS, ...moduleColumns].map((def) => [def.name, def]))
  return (name) => {
    const [record = '', ...rest] = name.split('.')
    const list = RECORDS[record]
    return byName.get(list ? `${list}_${rest.join('.')}` : name) ?? null
  }
}

/** A description as the metadata of an Arrow field; without unit for what has none. */
export function fieldMetadata({ unit, ucd, doc }: Description): Map<string, string> {
  const entries = Object.entries({ unit, ucd, description: doc })
  return new Map(entries.filter(([, value]) => value !== ''))
}

/** All columns of a kind of file as one JSON document, and a fingerprint of what it says. */
export interface ColumnDocument {
  readonly fingerprint: string
  readonly text: string
}

/** For people: `float64`, `list of float64`. */
export function typeText(type: string, list?: ColumnDef['list']): string {
  return list ? `list of ${type}` : type
}

const documents = new WeakMap<readonly ColumnDef[], ColumnDocument>()

/** Of the alert files. The same columns make the same document; it is made once. */
export function columnDocument(moduleColumns: readonly ColumnDef[]): ColumnDocument {
  const known = documents.get(moduleColumns)
  if (known) return known
  const columns = [...ALERT_COLUMNS, ...moduleColumns]
  const made = documentOf(
    'alert',
    columns.map((column) => ({
      ...column,
      type: typeText(column.type, column.list)
    }))
  )
  documents.set(moduleColumns, made)
  return made
}

/** Of the quarantine files. */
export const QUARANTINE_DOCUMENT = documentOf('quarantine', QUARANTINE_COLUMNS)

/** A line a column. */
function documentOf(
  files: string,
  columns: readonly (Description & { readonly name: string; readonly type: string })[]
): ColumnDocument {
  const lines = columns.map(({ name, type, unit, ucd, doc }) =>
    JSON.stringify({ name, type, unit, ucd, description: doc })
  )
  const head = JSON.stringify({
    about: `Columns of the ${files} files that name this document under siskin.columns.`,
    units: 'VOUnits 1.0',
    ucds: 'UCD1+ 1.6'
  }).slice(0, -1)
  const text = `${head},"columns":[\n${lines.join(',\n')}\n]}\n`
  const fingerprint = createHash('sha256').update(text).digest('hex').slice(0, 16)
  return { fingerprint, text }
}
