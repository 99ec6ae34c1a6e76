import type { Filter, Survey } from '../contract/index.ts'
import type { Enriched } from '../table/enriched.ts'
import type { TextColumn } from '../table/columns.ts'
import type { EncodeFink } from './fink.ts'
import type { EncodeRow } from './message.ts'
import type { Selection, Warn } from './select.ts'

/** A selected alert on its way to a Kafka topic. */
export interface SelectedMessage {
  readonly topic: string
  /** `name@version` of the filter that selected it. */
  readonly filter: string
  readonly survey: string
  /** The packet that it was made of: `<topic>-<partition>@<offset>` of the input. */
  readonly source: string
  readonly night: number
  /** Object id: all alerts of an object lie in one partition of a topic, in order. */
  readonly key: string
  readonly value: Uint8Array
  /** With its stamps it would have been larger than a message may be. */
  readonly bare: boolean
  /** Of what was selected of history: the layer that it is in. */
  readonly history?: string
  /** In Fink's form the schema is what goes out as the key. */
  readonly schema?: Uint8Array
}

/** Name of a filter's topic in Fink's form, without the prefix: `fast_riser_ztf`. */
export function finkTopic({ name }: Pick<Filter, 'name'>, survey: Survey): string {
  return `${name}_${survey}`
}

/** What a message says of where its alert came from. */
export type OriginOf = (row: number) => Pick<SelectedMessage, 'source' | 'night'>

type Made = Omit<SelectedMessage, 'topic' | 'filter' | 'survey'>

/** Messages, and the selections without the alerts that fit into none. */
interface Laid {
  readonly messages: SelectedMessage[]
  readonly selections: readonly Selection[]
}

/**
 * Selected alerts as messages; each alert is encoded once, however many topics take it. One that is too
 * large even without its stamps cannot be published: `warn` hears of it, its filters have failed on it.
 */
export function layMessages(
  batch: Enriched,
  selections: readonly Selection[],
  origin: OriginOf,
  encode: EncodeRow,
  { maxBytes, warn }: { maxBytes: number; warn: Warn }
): Laid {
  const { survey } = batch.table
  const objects = batch.table.text('object_id')
  const made = new Map<number, Made>()
  for (const row of new Set(selections.flatMap(({ rows }) => rows))) {
    const whole = encode(row)
    const bare = whole.length > maxBytes
    const value = bare ? encode(row, true) : whole
    const own = { key: textAt(objects, row), value, bare, ...origin(row) }
    if (value.length <= maxBytes) made.set(row, own)
    else {
      const size = `${value.length} bytes without its stamps, where topics take ${maxBytes}`
      warn(`the alert in ${own.source} is not published: it has ${size}`)
    }
  }
  const messages = selections.flatMap(({ filter, rows }) =>
    rows.flatMap((row) => {
      const own = made.get(row)
      if (!own) return []
      return [{ topic: filter.topic, filter: `${filter.name}@${filter.version}`, survey, ...own }]
    })
  )
  const fitting = selections.map((selection) => {
    const rows = selection.rows.filter((row) => made.has(row))
    return { ...selection, rows, failed: selection.failed + selection.rows.length - rows.length }
  })
  return { messages, selections: fitting }
}

/** The same in the form that the fink-client package reads; without those that are too large for it. */
export function layFinkMessages(
  batch: Enriched,
  selections: readonly Selection[],
  origin: OriginOf,
  encode: EncodeFink,
  maxBytes: number
): SelectedMessage[] {
  const { survey } = batch.table
  const objects = batch.table.text('object_id')
  const made = new Map<number, Made | null>()
  const make = (row: number) => {
    const whole = encode(row)
    if (!whole) return null
    const bare = whole.value.length + whole.schema.length > maxBytes
    const form = bare ? (encode(row, true) ?? whole) : whole
    if (form.value.length + form.schema.length > maxBytes) return null
    return { key: textAt(objects, row), bare, ...form, ...origin(row) }
  }
  return selections.flatMap(({ filter, rows }) =>
    rows.flatMap((row) => {
      const own = made.has(row) ? made.get(row) : make(row)
      made.set(row, own ?? null)
      if (!own) return []
      const name = `${filter.name}@${filter.version}`
      return [{ topic: finkTopic(filter, survey), filter: name, survey, ...own }]
    })
  )
}

function textAt(column: TextColumn, row: number): string {
  return Buffer.from(column.bytes.subarray(column.starts[row], column.ends[row])).toString()
}
