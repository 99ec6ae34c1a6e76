import type { Enriched } from '../table/enriched.ts'
import type { TextColumn } from '../table/columns.ts'
import type { EncodeRow } from './message.ts'
import type { Selection } from './select.ts'

/** A selected alert on its way to a Kafka topic. */
export interface SelectedMessage {
  readonly topic: string
  /** `name@version` of the filter that selected it. */
  readonly filter: string
  readonly survey: string
  /** Object id: all alerts of an object lie in one partition of a topic, in order. */
  readonly key: string
  readonly value: Uint8Array
  /** With its stamps it would have been larger than a message may be. */
  readonly bare: boolean
}

/** Selected alerts as messages; each alert is encoded once, however many topics take it. */
export function layMessages(
  batch: Enriched,
  selections: readonly Selection[],
  encode: EncodeRow,
  maxBytes: number
): SelectedMessage[] {
  const { survey } = batch.table
  const objects = batch.table.text('object_id')
  const made = new Map<number, Pick<SelectedMessage, 'key' | 'value' | 'bare'>>()
  const message = (row: number) => {
    let own = made.get(row)
    if (!own) {
      const whole = encode(row)
      const bare = whole.length > maxBytes
      own = { key: textAt(objects, row), value: bare ? encode(row, true) : whole, bare }
      made.set(row, own)
    }
    return own
  }
  return selections.flatMap(({ filter, rows }) =>
    rows.map((row) => ({
      topic: filter.topic,
      filter: `${filter.name}@${filter.version}`,
      survey,
      ...message(row)
    }))
  )
}

function textAt(column: TextColumn, row: number): string {
  return Buffer.from(column.bytes.subarray(column.starts[row], column.ends[row])).toString()
}
