import type { Survey } from './contract/index.ts'
import { schemaIds } from './decode/decode.ts'
import type { Decoded } from './decode/decode.ts'
import type { SchemaCache } from './decode/schemas.ts'
import { decodeOnce } from './duplicates/decode-once.ts'
import type { Known, OnceDecoded } from './duplicates/decode-once.ts'
import { enrich } from './enrich/enrich.ts'
import type { Plan } from './enrich/plan.ts'
import type { ModuleRunner } from './enrich/run-module.ts'
import { BLOCK, keptOf, lastOf } from './packets.ts'
import type { PacketRange, Quarantined } from './packets.ts'
import { partPath } from './lake/ledger.ts'
import type { PartRecord } from './lake/ledger.ts'
import { layAlerts, layQuarantine, layTopic, nightsOf } from './lake/part.ts'
import type { LaidFile, PacketBytes } from './lake/part.ts'
import { placeName } from './lake/places.ts'
import type { InputPlace } from './lake/places.ts'
import type { EncodeRow, MessageFormat } from './publish/message.ts'
import type { FinkFormat } from './publish/fink.ts'
import { layFinkMessages, layMessages } from './publish/kafka.ts'
import type { OriginOf, SelectedMessage } from './publish/kafka.ts'
import { select } from './publish/select.ts'
import type { Selection } from './publish/select.ts'
import { Account, provenance } from './account.ts'
import type { Enriched } from './table/enriched.ts'

/** What a part is made with; all that touches the outside comes in through here. */
export interface Parts {
  readonly plan: Plan
  readonly format: MessageFormat
  readonly schemas: SchemaCache
  readonly runner: ModuleRunner
  readonly surveys: readonly Survey[]
  /** Finds the texts of Confluent schema ids; an id it does not give is unknown. */
  readonly resolve: (ids: Iterable<number>) => Promise<ReadonlyMap<number, Uint8Array>>
  /** What is known of the alerts that came before. */
  readonly known: Known
  /** Selected alerts become files of the lake, or messages for Kafka. */
  readonly topics: 'files' | MessageLimits
  /** Told what runs now, and over how many rows; null: none of those. */
  readonly onWork: (work: Watched | null, rows: number) => void
  readonly warn: (message: string) => void
}

/** A module or a filter of the plan, by its number. */
interface Watched {
  readonly kind: 'module' | 'filter'
  readonly index: number
}

/** Most bytes of a message for Kafka; `fink`: every message in that form too. */
interface MessageLimits {
  readonly maxBytes: number
  readonly fink: { readonly format: FinkFormat; readonly maxBytes: number } | null
}

/** Which attempt at a range this is, and what earlier ones taught. */
export interface Attempt {
  /** Used once: see `lake/attempt.ts`. */
  readonly name: string
  /** Modules and filters that hung in it, by their labels. */
  readonly stopped: ReadonlySet<string>
  /** A single packet that stopped its member more than once, and how: quarantine it unread. Null: any other. */
  readonly poison: string | null
}

/** A part that is made and not yet in the lake. */
export interface MadePart {
  readonly record: PartRecord
  readonly files: readonly LaidFile[]
  /** Selected alerts for Kafka's topics; none where they are files. */
  readonly messages: readonly SelectedMessage[]
}

/** The life of a range up to its commit: decode, enrich, select, lay out. */
export async function makePart(
  range: PacketRange,
  parts: Parts,
  attempt: Attempt
): Promise<MadePart> {
  const account = new Account(range)
  const decoded =
    attempt.poison === null ? await decode(range, parts) : quarantineAll(range, attempt.poison)
  account.decoded(decoded)
  tellRevisions(decoded, parts.warn)
  const part = partPath(range.source, range.first, lastOf(range))
  const metadata = provenance(range, parts.plan)
  const files: LaidFile[] = []
  const messages: SelectedMessage[] = []
  for (const alerts of decoded.alerts) {
    const { plan, runner, warn } = parts
    const [modules, filters] = [watch('module', parts, attempt), watch('filter', parts, attempt)]
    const { stopped, onStart } = modules
    const batch = await enrich(alerts.table, plan, { runner, stopped, onModule: onStart })
    account.enriched(batch)
    let selections: readonly Selection[] = select(plan.filters, batch, warn, {
      stopped: filters.stopped,
      onFilter: filters.onStart
    })
    const nights = nightsOf(batch)
    const places = range.messages ? placesOf(alerts) : null
    const packets = packetBytes(alerts, places, range.first)
    files.push(...layAlerts(part, batch, nights, packets, metadata))
    account.lap('parquet')
    const own = decoded.alerts.length > 1 ? `${part}-${batch.table.survey}` : part
    if (parts.topics === 'files') {
      files.push(...layTopics(own, alerts, batch, selections, parts.format, metadata))
    } else {
      const origin = originOf(range.source, batch, places ?? [])
      const laid = layForKafka(alerts, batch, selections, origin, parts, parts.topics)
      messages.push(...laid.messages)
      selections = laid.selections
    }
    account.selected(selections, nights, batch, places)
  }
  files.push(...layQuarantine(part, range.source, placed(range, decoded.quarantined), metadata))
  const fink = parts.topics !== 'files' && parts.topics.fink !== null
  return {
    record: account.record(
      files.map((file) => file.account),
      attempt.name,
      fink
    ),
    files,
    messages
  }
}

/** What modules or filters are left out, and who hears of those that run. */
function watch(kind: Watched['kind'], { onWork }: Parts, { stopped }: Attempt) {
  return {
    stopped: { has: (name: string) => stopped.has(`${kind} ${name}`) },
    onStart: (index: number, rows: number) => onWork(index < 0 ? null : { kind, index }, rows)
  }
}

async function decode(range: PacketRange, parts: Parts): Promise<OnceDecoded> {
  const { schemas, surveys, known } = parts
  const registered = await parts.resolve(schemaIds(range))
  return decodeOnce(range, { schemas, surveys, registered }, known)
}

const MOST_NAMED = 10

function tellRevisions({ revisions }: OnceDecoded, warn: (message: string) => void): void {
  if (revisions.length === 0) return
  const named = revisions.slice(0, MOST_NAMED).map(({ survey, id }) => `${survey} ${id}`)
  const more = revisions.length > MOST_NAMED ? `, … ${revisions.length - MOST_NAMED} more` : ''
  warn(`alerts came again with other bytes, and are kept as revisions: ${named.join(', ')}${more}`)
}

/** A block that is never to be read again: its first packet keeps the bytes of all. */
function quarantineAll(range: PacketRange, reason: string): OnceDecoded {
  const sent = new Uint8Array(range.bytes, range.blocks[BLOCK.start], range.blocks[BLOCK.length])
  const { bytes, detail } = keptOf(sent, reason)
  const quarantined = Array.from({ length: range.count }, (_, i): Quarantined => ({
    position: range.first + i,
    name: range.names[0] ?? '',
    offset: range.blocks[BLOCK.offset] ?? 0,
    reason: 'poison',
    detail,
    bytes: i === 0 ? bytes : new Uint8Array(0),
    writer: range.headers[range.blocks[BLOCK.header] ?? -1] ?? null
  }))
  const nothing = { alerts: [], duplicates: 0, copies: new Map(), marks: new Map(), revisions: [] }
  return { ...nothing, quarantined }
}

/** Blocks of messages carry their offset, which is the position. */
function placed(range: PacketRange, quarantined: readonly Quarantined[]): readonly Quarantined[] {
  if (!range.messages) return quarantined
  return quarantined.map((packet) => ({
    ...packet,
    position: packet.offset ?? packet.position,
    offset: null
  }))
}

function packetBytes(
  { origins }: Decoded,
  places: readonly InputPlace[] | null,
  first: number
): PacketBytes {
  return {
    ...(places && {
      placeOf: (row) => ({ ...places[row]!, offset: places[row]!.offset - first })
    }),
    schemaOf: (row: number) => origins.schemas[origins.schema[row]!]!,
    digestOf: (row: number) => origins.digest[row]!,
    bytesOf: (row: number) => {
      const start = origins.start[row]!
      return origins.buffers[origins.buffer[row]!]!.subarray(start, start + origins.length[row]!)
    }
  }
}

function encoder({ origins }: Decoded, batch: Enriched, format: MessageFormat): EncodeRow {
  return format.bind(batch, (row) => origins.buffers[origins.buffer[row]!]!)
}

/** Which message of its partition each row came in. */
function placesOf({ origins, table }: Decoded): InputPlace[] {
  const places: InputPlace[] = []
  for (let row = 0; row < table.rows; row++) {
    const offset = origins.offset[row]!
    const before = places[row - 1]
    places.push({ offset, nth: before?.offset === offset ? before.nth + 1 : 0 })
  }
  return places
}

function originOf(source: string, batch: Enriched, places: readonly InputPlace[]): OriginOf {
  const night = batch.table.fixed('night').values as Int32Array
  return (row) => ({ source: `${source}@${placeName(places[row]!)}`, night: night[row]! })
}

function layForKafka(
  alerts: Decoded,
  batch: Enriched,
  selections: readonly Selection[],
  origin: OriginOf,
  { format, warn }: Pick<Parts, 'format' | 'warn'>,
  { maxBytes, fink }: MessageLimits
): ReturnType<typeof layMessages> {
  const encodeRow = encoder(alerts, batch, format)
  const laid = layMessages(batch, selections, origin, encodeRow, { maxBytes, warn })
  if (!fink) return laid
  const { origins } = alerts
  const encode = fink.format.bind(batch, (row) => ({
    buffer: origins.buffers[origins.buffer[row]!]!,
    start: origins.start[row]!,
    length: origins.length[row]!,
    schema: origins.schemas[origins.schema[row]!]!
  }))
  const compatible = layFinkMessages(batch, laid.selections, origin, encode, fink.maxBytes)
  return { ...laid, messages: [...laid.messages, ...compatible] }
}

/** A selected alert is encoded once, however many topics take it. */
function layTopics(
  part: string,
  alerts: Decoded,
  batch: Enriched,
  selections: readonly Selection[],
  format: MessageFormat,
  metadata: Readonly<Record<string, string>>
): LaidFile[] {
  const encode = encoder(alerts, batch, format)
  const night = batch.table.fixed('night').values as Int32Array
  const messages = new Map<number, Buffer>()
  const message = (row: number) => {
    const made = messages.get(row) ?? encode(row)
    messages.set(row, made)
    return made
  }
  return selections.flatMap(({ filter, rows }) => {
    const own = { ...metadata, 'siskin.filter': `${filter.name}@${filter.version}` }
    return [...Map.groupBy(rows, (row) => night[row]!)].map(([key, chosen]) =>
      layTopic(part, filter.topic, key, format.schema, own, chosen.map(message))
    )
  })
}
