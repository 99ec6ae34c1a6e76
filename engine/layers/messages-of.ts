import type { Survey } from '../contract/index.ts'
import { decodeRange } from '../decode/decode.ts'
import type { Decoded } from '../decode/decode.ts'
import type { SchemaCache } from '../decode/schemas.ts'
import { SiskinError } from '../errors.ts'
import type { Store } from '../store/store.ts'
import type { MessageFormat } from '../publish/message.ts'
import { packetsAt } from '../reread/packets.ts'
import { columnFor, valueAt } from '../table/columns.ts'
import type { Column } from '../table/columns.ts'
import { Enriched } from '../table/enriched.ts'
import { imagesOf } from '../stamps/images.ts'
import { NO_IMAGES } from '../table/images.ts'
import type { Images } from '../table/images.ts'
import type { ColumnDef } from '../table/schema.ts'
import type { AlertTable } from '../table/table.ts'

export interface MessageParts {
  readonly store: Store
  readonly survey: Survey
  readonly schemas: SchemaCache
  readonly format: MessageFormat
  /** What the modules add. */
  readonly columns: readonly ColumnDef[]
}

/** The columns of an alert that say where its packet lies. */
export const PLACE = ['packet_file', 'packet_offset', 'packet_length'] as const

/**
 * Messages of some rows of a part, as a run makes them: their packets are decoded again, for the lake keeps no stamps
 * elsewhere, and what modules say of them is put beside.
 * @returns by row, in the order in which the packets came
 */
export async function messagesOf(
  table: AlertTable,
  made: ReadonlyMap<string, Column>,
  rows: readonly number[],
  { store, survey, schemas, format, columns }: MessageParts
): Promise<Map<number, Buffer>> {
  const messages = new Map<number, Buffer>()
  const found = await packetsOf(table, rows, { store, survey, schemas })
  if (!found) return messages
  const { decoded, order } = found
  const batch = new Enriched(decoded.table)
  for (const def of columns) {
    const column = made.get(def.name)
    if (!column) continue
    batch.columns.set(def.name, picked(column, def, order))
  }
  const { origins } = decoded
  const encode = format.bind(batch, (row) => origins.buffers[origins.buffer[row]!]!)
  for (const [i, row] of order.entries()) messages.set(row, encode(i))
  return messages
}

/** What an alert's packet is found and decoded with. */
type PacketParts = Pick<MessageParts, 'store' | 'survey' | 'schemas'>

/**
 * The packets of some rows of a part, decoded again, and the row of each; null for none.
 * @throws SiskinError where they are not what the alert table says.
 */
async function packetsOf(
  table: AlertTable,
  rows: readonly number[],
  { store, survey, schemas }: PacketParts
): Promise<{ decoded: Decoded; order: readonly number[] } | null> {
  const places = rows.map((row) => ({ row, ...placeOf(table, row) }))
  places.sort((a, b) => (a.path === b.path ? a.offset - b.offset : a.path < b.path ? -1 : 1))
  if (places.length === 0) return null
  const range = await packetsAt(store, places)
  const options = { schemas, registered: new Map(), surveys: [survey], claim: () => true }
  const { alerts, quarantined } = decodeRange(range, options)
  const [decoded] = alerts
  if (decoded?.table.rows !== places.length) {
    const why = quarantined[0]?.detail ?? 'they are not what the alert table says'
    throw new SiskinError(`packets of ${range.source} cannot be decoded: ${why}`)
  }
  return { decoded, order: places.map(({ row }) => row) }
}

/** The stamps of all alerts of a part, from their packets. */
export async function imagesIn(table: AlertTable, parts: PacketParts): Promise<Images> {
  const found = await packetsOf(table, [...Array(table.rows).keys()], parts)
  if (!found) return NO_IMAGES
  const { origins, table: own } = found.decoded
  const images = imagesOf(own, (row) => origins.buffers[origins.buffer[row]!]!)
  const rows = new Map(found.order.map((row, i) => [row, i]))
  return { at: (name, row) => images.at(name, rows.get(row)!) }
}

function placeOf(table: AlertTable, row: number) {
  return {
    path: table.text('packet_file').get(row) ?? '',
    offset: Number(table.fixed('packet_offset').values[row]),
    length: Number(table.fixed('packet_length').values[row])
  }
}

/** Some rows of a column, in their order. */
function picked(column: Column, def: ColumnDef, rows: readonly number[]): Column {
  const own = columnFor(def, rows.length)
  for (const [i, row] of rows.entries()) {
    own.set(i, valueAt(column, row) as never)
  }
  return own
}
