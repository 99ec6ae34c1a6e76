import type { AlertRecord } from '../alert.ts'
import type { Leaf } from './avro-nodes.ts'
import { jsonText, numberText } from './flat.ts'
import type { FlatColumn } from './flat.ts'

const TYPES: Record<Leaf, string> = {
  bool: 'boolean',
  int32: 'int',
  int64: 'long',
  float32: 'float',
  float64: 'double',
  utf8: 'unicodeChar',
  json: 'unicodeChar',
  binary: 'unsignedByte'
}

/** Stands for null within a list of whole numbers, where an empty cell cannot. */
const NULLS: Partial<Record<Leaf, string>> = {
  int32: '-2147483648',
  int64: '-9223372036854775808'
}

/**
 * Alerts as a VOTable 1.4 with the unit, UCD and description of every column; null is an empty cell.
 * See https://www.ivoa.net/documents/VOTable/20191021/
 */
export function votable(
  columns: readonly FlatColumn[],
  records: readonly AlertRecord[],
  about: string
): string {
  const rows = records.map((record) => {
    return `<TR>${columns.map((column) => `<TD>${cell(column, column.of(record))}</TD>`).join('')}</TR>`
  })
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">',
    '<RESOURCE type="results">',
    '<COOSYS ID="icrs" system="ICRS"/>',
    '<TIMESYS ID="utc" timescale="UTC" timeorigin="MJD-origin" refposition="TOPOCENTER"/>',
    '<TABLE name="alerts">',
    `<DESCRIPTION>${escaped(about)}</DESCRIPTION>`,
    ...columns.map(fieldElement),
    '<DATA><TABLEDATA>',
    ...rows,
    '</TABLEDATA></DATA>',
    '</TABLE></RESOURCE></VOTABLE>',
    ''
  ].join('\n')
}

function fieldElement(column: FlatColumn): string {
  const { name, kind, unit, ucd, doc } = column
  const system = systemOf(column)
  const attributes = [
    ['name', name],
    ['datatype', isText(column) ? 'unicodeChar' : TYPES[kind]],
    ...(isArray(column) ? [['arraysize', '*']] : []),
    ...(unit === '' ? [] : [['unit', unit]]),
    ...(ucd === '' ? [] : [['ucd', ucd]]),
    ...(system === null ? [] : [['ref', system]])
  ].map(([key, value]) => `${key}="${escaped(value!)}"`)
  const nulls = column.isList ? NULLS[kind] : undefined
  return [
    `<FIELD ${attributes.join(' ')}>`,
    `<DESCRIPTION>${escaped(doc)}</DESCRIPTION>`,
    ...(nulls === undefined ? [] : [`<VALUES null="${nulls}"/>`]),
    '</FIELD>'
  ].join('')
}

/** Lists of texts have no type in a VOTable: they are one text, JSON. */
function isText({ kind, isList }: FlatColumn): boolean {
  return kind === 'utf8' || kind === 'json' || (isList && kind === 'binary')
}

function isArray(column: FlatColumn): boolean {
  return column.isList || isText(column) || column.kind === 'binary'
}

/** What a position or a time is measured in. */
function systemOf({ name, ucd }: FlatColumn): string | null {
  const last = name.slice(name.lastIndexOf('.') + 1)
  if (ucd.startsWith('pos.eq.') || last === 'ra' || last === 'dec') return 'icrs'
  return last === 'mjd' ? 'utc' : null
}

function cell(column: FlatColumn, value: unknown): string {
  if (value === null || value === undefined) return ''
  const { kind, isList } = column
  if (isText(column)) {
    const isPlain = !isList && typeof value === 'string'
    return escaped(isPlain ? value : jsonText(value, kind))
  }
  if (value instanceof Uint8Array) return value.join(' ')
  if (isList) return (value as readonly unknown[]).map((one) => item(one, kind)).join(' ')
  return item(value, kind)
}

function item(value: unknown, kind: Leaf): string {
  if (value === null || value === undefined) {
    return NULLS[kind] ?? (kind === 'bool' ? '?' : 'NaN')
  }
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return 'NaN'
    return Number.isFinite(value) ? numberText(value, kind) : value > 0 ? '+Inf' : '-Inf'
  }
  if (typeof value === 'boolean') return value ? 'T' : 'F'
  return typeof value === 'bigint' ? String(value) : jsonText(value, kind)
}

/** Characters that XML cannot hold are left out. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
