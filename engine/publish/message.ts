import { createHash } from 'node:crypto'
import { ListColumn, TextColumn } from '../table/columns.ts'
import type { Column, FixedColumn } from '../table/columns.ts'
import type { Enriched } from '../table/enriched.ts'
import { ALERT_COLUMNS } from '../table/schema.ts'
import type { ColumnDef, ScalarType } from '../table/schema.ts'
import { STAMPS } from '../table/table.ts'
import { AvroWriter } from '../avro/writer.ts'

/** Goes up when a field is renamed, retyped or dropped; new module columns are no new version. */
const MESSAGE_VERSION = '1.0'

const AVRO: Record<ScalarType, string> = {
  int64: 'long',
  int32: 'int',
  float64: 'double',
  float32: 'float',
  bool: 'boolean',
  utf8: 'string'
}

/** `unit` and `ucd` are attributes of our own, which the Avro specification allows: readers pass them on. */
interface AvroField {
  name: string
  type: unknown
  doc: string
  unit?: string
  ucd?: string
  default?: null
}

interface AvroRecord {
  type: 'record'
  name: string
  fields: AvroField[]
}

/** A part of the message: its field in the schema, and how a row of it is written. */
export interface Part {
  readonly name: string
  readonly type: unknown
  readonly doc: string
  readonly def?: ColumnDef
  bind(batch: Enriched): WriteRow
}

type WriteRow = (out: AvroWriter, row: number) => void

/** What a subscriber receives: the alert with all module columns, its light curve and its stamps. */
export interface MessageFormat {
  readonly schema: string
  readonly fingerprint: string
  /** A function that encodes rows of the batch; `stamps` gives the bytes they were decoded from. */
  bind(batch: Enriched, stamps: (row: number) => Uint8Array): EncodeRow
}

/** Encodes a row; `bare` leaves the stamps out. */
export type EncodeRow = (row: number, bare?: boolean) => Buffer

export function messageFormat(moduleColumns: readonly ColumnDef[]): MessageFormat {
  const scalars = ALERT_COLUMNS.filter((def) => !def.list)
  const parts: Part[] = [
    ...structure(scalars.filter((def) => !isSurvey(def) && !def.name.startsWith('packet_'))),
    list('light_curve', 'history', 'The light curve up to this alert, oldest first.'),
    list('forced_photometry', 'forced', 'Forced photometry at the position, oldest first.'),
    ...structure(scalars.filter(isSurvey)),
    ...structure(moduleColumns)
  ]
  const fields = parts.map(fieldOf)
  for (const stamp of STAMPS) {
    fields.push(
      field(`cutout_${stamp}`, ['null', 'bytes'], `The ${stamp} stamp as the survey sent it.`)
    )
  }
  const schema = JSON.stringify({
    type: 'record',
    namespace: `siskin.v${MESSAGE_VERSION.replace('.', '_')}`,
    name: 'alert',
    doc: 'An alert with what Siskin added. Null means "cannot say"; ids are 64-bit; fluxes nJy, times MJD UTC.',
    fields
  })
  return {
    schema,
    fingerprint: createHash('sha256').update(schema).digest('hex'),
    bind: (batch, stamps) => bindMessage(parts, batch, stamps)
  }
}

function bindMessage(
  parts: readonly Part[],
  batch: Enriched,
  stamps: (row: number) => Uint8Array
): EncodeRow {
  const writers = parts.map((part) => part.bind(batch))
  const out = new AvroWriter()
  return (row, bare = false) => {
    out.at = 0
    for (const write of writers) write(out, row)
    const bytes = stamps(row)
    for (const name of STAMPS) {
      const { start, length } = batch.table.stamps[name]
      if (bare || length[row] === 0) {
        out.byte(0)
      } else {
        out.byte(2)
        out.blob(bytes, start[row]!, start[row]! + length[row]!)
      }
    }
    return out.since(0)
  }
}

function field(name: string, type: unknown, doc: string, def?: ColumnDef): AvroField {
  const own = { name, type, doc, ...(def && attributes(def)) }
  return Array.isArray(type) && type[0] === 'null' ? { ...own, default: null } : own
}

function fieldOf({ name, type, doc, def }: Part): AvroField {
  return field(name, type, doc, def)
}

function attributes({ unit, ucd }: ColumnDef): Pick<AvroField, 'unit' | 'ucd'> {
  return { ...(unit && { unit }), ...(ucd && { ucd }) }
}

function isSurvey(def: ColumnDef): boolean {
  return def.name.startsWith('ztf.') || def.name.startsWith('lsst.')
}

function docOf({ unit, doc }: ColumnDef): string {
  return unit === '' ? doc : `${doc} [${unit}]`
}

/** Scalar columns; dotted names become nested records. */
export function structure(defs: readonly ColumnDef[], depth = 0, prefix = ''): Part[] {
  const parts: Part[] = []
  const done = new Set<string>()
  for (const def of defs) {
    const path = def.name.split('.')
    const name = path[depth]!
    if (done.has(name)) continue
    done.add(name)
    if (path.length === depth + 1) {
      parts.push(scalar(name, def))
      continue
    }
    const full = prefix ? `${prefix}.${name}` : name
    const inside = defs.filter((other) => other.name.startsWith(`${full}.`))
    parts.push(record(name, full, structure(inside, depth + 1, full)))
  }
  return parts
}

function scalar(name: string, def: ColumnDef): Part {
  return {
    name,
    type: ['null', def.list ? { type: 'array', items: ['null', AVRO[def.type]] } : AVRO[def.type]],
    doc: docOf(def),
    def,
    bind: (batch) => {
      const column = batch.column(def.name)
      return column ? nullable(column) : (out) => out.byte(0)
    }
  }
}

function record(name: string, path: string, children: readonly Part[]): Part {
  const type: AvroRecord = {
    type: 'record',
    name: path.replaceAll('.', '_'),
    fields: children.map(fieldOf)
  }
  return {
    name,
    type: ['null', type],
    doc: path,
    bind: (batch) => {
      const other = batch.table.survey === 'ztf' ? 'lsst' : 'ztf'
      if (path === other || path.startsWith(`${other}.`)) return (out) => out.byte(0)
      const present = batch.table.present.get(path)
      const writers = children.map((child) => child.bind(batch))
      return (out, row) => {
        if (present && present[row] === 0) return out.byte(0)
        out.byte(2)
        for (const write of writers) write(out, row)
      }
    }
  }
}

function list(name: string, group: 'history' | 'forced', doc: string): Part {
  const defs = ALERT_COLUMNS.filter((def) => def.list === group)
  const fields = defs.map((def) =>
    field(def.name.slice(group.length + 1), ['null', AVRO[def.type]], docOf(def), def)
  )
  return {
    name,
    type: { type: 'array', items: { type: 'record', name: `${name}_epoch`, fields } },
    doc,
    bind: (batch) => {
      const { offsets } = batch.table[group]
      const writers = defs.map((def) => nullable(batch.table.column(def.name)))
      return (out, row) => {
        const from = offsets[row]!
        const to = offsets[row + 1]!
        if (to > from) out.long(to - from)
        for (let i = from; i < to; i++) for (const write of writers) write(out, i)
        out.byte(0)
      }
    }
  }
}

function nullable(column: Column): WriteRow {
  const write = writerOf(column)
  const { valid } = column
  return (out, row) => {
    if (valid[row] === 0) return out.byte(0)
    out.byte(2)
    write(out, row)
  }
}

function writerOf(column: Column): WriteRow {
  if (column instanceof ListColumn) return listWriter(column)
  return column instanceof TextColumn ? textWriter(column) : numberWriter(column)
}

function listWriter({ items, starts, ends }: ListColumn): WriteRow {
  const write = nullable(items)
  return (out, row) => {
    const [from, to] = [starts[row]!, ends[row]!]
    if (to > from) out.long(to - from)
    for (let i = from; i < to; i++) write(out, i)
    out.byte(0)
  }
}

function textWriter(column: TextColumn): WriteRow {
  return (out, row) => out.blob(column.bytes, column.starts[row]!, column.ends[row]!)
}

function numberWriter(column: FixedColumn): WriteRow {
  const { words } = column
  const values = column.values as Float64Array
  switch (column.type) {
    case 'int64':
      return (out, row) => out.words(words[row * 2]!, words[row * 2 + 1]!)
    case 'int32':
      return (out, row) => out.long(values[row]!)
    case 'float64':
      return (out, row) => out.double(values[row]!)
    case 'float32':
      return (out, row) => out.float(values[row]!)
    default:
      return (out, row) => out.byte(values[row]!)
  }
}
