import type { AlertRecord } from '../alert.ts'
import type { Leaf } from './avro-nodes.ts'
import { jsonText, numberText } from './flat.ts'
import type { FlatColumn } from './flat.ts'

/** The names of the columns. */
export function csvHeader(columns: readonly FlatColumn[]): string {
  return `${columns.map(({ name }) => quoted(name)).join(',')}\n`
}

/** A line: null is empty, an empty text is "", lists are JSON. */
export function csvLine(columns: readonly FlatColumn[], record: AlertRecord): string {
  return `${columns.map((column) => cell(column, column.of(record))).join(',')}\n`
}

function cell({ kind, isList }: FlatColumn, value: unknown): string {
  if (value === null || value === undefined) return ''
  if (isList || kind === 'json') return quoted(jsonText(value, kind))
  if (typeof value === 'number') return numberText(value, kind)
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (typeof value === 'string' || typeof value === 'bigint') return quoted(String(value))
  return quoted(jsonText(value, kind))
}

function quoted(text: string): string {
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const TYPES: Record<Leaf, string> = {
  bool: 'bool',
  int32: 'int32',
  int64: 'int64',
  float32: 'float32',
  float64: 'float64',
  utf8: 'string',
  json: 'string',
  binary: 'string'
}

/**
 * What the Enhanced CSV of astropy has before the names: type, unit, description and UCD of each column.
 * See https://github.com/astropy/astropy-APEs/blob/main/APE6.rst
 */
export function ecsvHeader(columns: readonly FlatColumn[]): string {
  const lines = columns.map(({ name, kind, isList, unit, ucd, doc }) => {
    const entries = [
      `name: ${text(name)}`,
      ...(unit === '' ? [] : [`unit: ${text(unit)}`]),
      `datatype: ${isList ? 'string' : TYPES[kind]}`,
      ...(isList ? [`subtype: ${text(`${TYPES[kind]}[null]`)}`] : []),
      ...(kind === 'json' && !isList ? ['subtype: json'] : []),
      ...(doc === '' ? [] : [`description: ${text(doc)}`]),
      ...(ucd === '' ? [] : [`meta: {ucd: ${text(ucd)}}`])
    ]
    return `# - {${entries.join(', ')}}`
  })
  const head = ['# %ECSV 1.0', '# ---', "# delimiter: ','", '# datatype:']
  return `${[...head, ...lines, '# schema: astropy-2.0'].join('\n')}\n`
}

/** A text in YAML: JSON is a part of it. */
function text(value: string): string {
  return JSON.stringify(value)
}
