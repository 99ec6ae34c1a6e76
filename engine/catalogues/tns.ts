import { parse } from 'csv-parse/sync'
import { unzipSync } from 'fflate'
import { UsageError } from '../errors.ts'

/** Columns of the public dump that are kept, and what they are called here. */
const KEPT = {
  name: 'short',
  ra: 'ra',
  declination: 'dec',
  redshift: 'redshift',
  type: 'type',
  discoverydate: 'discovered',
  discoverymag: 'discovery_mag',
  internal_names: 'internal_names',
  reporting_group: 'reporting_group'
} as const

export interface TnsDump {
  /** Until when it tells: `2026-01-10`. */
  readonly date: string
  readonly rows: number
  /** As CSV with a header: `name` is the full one, `SN 2026abc` or `AT 2026abc`. */
  readonly csv: string
}

/**
 * The public objects of the Transient Name Server, as it gives them out: CSV, perhaps zipped, whose first line is the time
 * until which it tells and whose second one names the columns.
 * @param date where the file says none
 * @throws UsageError for what is none
 */
export function readTns(file: string, bytes: Uint8Array, date: string | null): TnsDump {
  if (/tns_public_objects_\d+\.csv/.test(file)) {
    throw new UsageError(
      `${file} is what changed in a day or an hour: all objects are wanted, tns_public_objects.csv.zip`
    )
  }
  const text = Buffer.from(isZip(bytes) ? unzipped(file, bytes) : bytes)
    .toString('utf8')
    .replace(/^\uFEFF/, '')
  const [first = ''] = text.split(/\r?\n/, 1)
  const [, from, to] =
    /^"?(\d{4}-\d{2}-\d{2})[ T][\d:.]+(?:\s*-\s*(?:(\d{4}-\d{2}-\d{2})[ T])?[\d:.]+)?"?$/.exec(
      first.trim()
    ) ?? []
  const told = to ?? from ?? date
  if (told === null) {
    throw new UsageError(
      `${file}: its first line is no date ("${first.slice(0, 60)}"): say it with --date`
    )
  }
  const body = from === undefined ? text : text.slice(text.indexOf('\n') + 1)
  const [names = [], ...lines]: string[][] = parse(body, {
    relax_quotes: true,
    skip_empty_lines: true
  })
  const at = (column: string) => {
    const found = names.indexOf(column)
    if (found < 0)
      throw new UsageError(
        `${file}: no column "${column}": it is no dump of TNS; known: ${names.join(', ')}`
      )
    return found
  }
  const kept = Object.keys(KEPT).map(at)
  const prefix = at('name_prefix')
  const head = ['name', ...Object.values(KEPT)]
  const rows = lines.map((line) => [
    `${line[prefix]} ${line[at('name')]}`.trim(),
    ...kept.map((own) => line[own] ?? '')
  ])
  const csv = [head, ...rows].map((cells) => cells.map(quoted).join()).join('\n')
  return { date: told, rows: rows.length, csv: `${csv}\n` }
}

function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b
}

function unzipped(file: string, bytes: Uint8Array): Uint8Array {
  const files = unzipSync(bytes, { filter: ({ name }) => name.endsWith('.csv') })
  const [only, more] = Object.values(files)
  if (only && !more) return only
  throw new UsageError(`${file}: a zip with ${Object.keys(files).length} CSV files: one is wanted`)
}

function quoted(cell: string): string {
  return /[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}
