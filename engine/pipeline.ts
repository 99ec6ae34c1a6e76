import type { Survey } from './contract/index.ts'
import { schemaIds } from './decode/confluent.ts'
import type { Decoded } from './decode/decode.ts'
import type { SchemaCache } from './decode/schemas.ts'
import { decodeOnce } from './duplicates/decode-once.ts'
import type { Known, OnceDecoded } from './duplicates/decode-once.ts'
import { placed, quarantineAll, tellRevisions } from './duplicates/unread.ts'
import { enrich } from './enrich/enrich.ts'
import type { Plan } from './enrich/plan.ts'
import type { ModuleRunner } from './enrich/run-module.ts'
import { partPath } from './lake/ledger.ts'
import type { PartRecord } from './lake/ledger.ts'
import { layQuarantine, nightsOf } from './lake/part.ts'
import type { LaidFile } from './lake/part.ts'
import type { InputPlace } from './lake/files/places.ts'
import { lastOf } from './packets.ts'
import type { PacketRange } from './packets.ts'
import type { SelectedMessage } from './publish/kafka.ts'
import { select } from './publish/select.ts'
import type { Selection } from './publish/select.ts'
import { Account, provenance } from './account.ts'
import { imagesOf } from './stamps/images.ts'
import type { Resources } from './resources/resources.ts'
import type { Sink } from './sinks/sink.ts'

/** What a part is made with; all that touches the outside comes in through here. */
export interface Parts {
  readonly plan: Plan
  readonly schemas: SchemaCache
  readonly runner: ModuleRunner
  /** What modules and filters need besides columns. */
  readonly resources: Pick<Resources, 'ask' | 'versions'>
  readonly surveys: readonly Survey[]
  /** Finds the texts of Confluent schema ids; an id it does not give is unknown. */
  readonly resolve: (ids: Iterable<number>) => Promise<ReadonlyMap<number, Uint8Array>>
  /** Topics get injected alerts too. */
  readonly withInjected: boolean
  /** What is known of the alerts that came before. */
  readonly known: Known
  /** Where alerts end up, in this order. */
  readonly sinks: readonly Sink[]
  /** Told what runs now, and over how many rows; null: none of those. */
  readonly onWork: (work: Watched | null, rows: number) => void
  readonly warn: (message: string) => void
}

/** A module or a filter of the plan, by its number. */
interface Watched {
  readonly kind: 'module' | 'filter'
  readonly index: number
}

/** Which attempt at a range this is, and what earlier ones taught. */
export interface Attempt {
  /** Used once: see `lake/two-phase-commit.ts`. */
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

/** The life of a range up to its commit: decode, enrich, select, and what each sink makes of it. */
export async function makePart(
  range: PacketRange,
  parts: Parts,
  attempt: Attempt
): Promise<MadePart> {
  const { plan, runner, resources, sinks, withInjected, warn } = parts
  const { source, first } = range
  const account = new Account(range)
  const decoded = await takeIn(range, parts, attempt)
  account.decoded(decoded)
  tellRevisions(decoded, warn)
  const part = partPath(source, first, lastOf(range))
  const metadata = provenance(range, plan, resources.versions)
  const modules = watch('module', parts, attempt)
  const filters = { ...watch('filter', parts, attempt), withInjected }
  const isShared = decoded.alerts.length > 1
  const files: LaidFile[] = []
  const messages: SelectedMessage[] = []
  for (const alerts of decoded.alerts) {
    const answers = await resources.ask(alerts.table)
    const images = imagesOf(alerts.table, packetOf(alerts))
    const batch = await enrich(alerts.table, plan, { runner, answers, images, ...modules })
    account.enriched(batch)
    let selections: readonly Selection[] = select(plan.filters, batch, warn, filters)
    account.lap('publish')
    const nights = nightsOf(batch)
    const places = range.messages ? placesOf(alerts) : null
    const outgoing = { source, first, part, isShared, alerts, batch, nights, places, metadata }
    for (const sink of sinks) {
      const encoded = sink.encode(outgoing, selections)
      files.push(...(encoded.files ?? []))
      messages.push(...(encoded.messages ?? []))
      selections = encoded.selections ?? selections
      account.lap(sink.stage)
    }
    account.selected(selections, nights, batch, places)
  }
  files.push(...layQuarantine(part, source, placed(range, decoded.quarantined), metadata))
  const record = account.record(
    files.map((file) => file.account),
    attempt.name,
    { fink: sinks.some(({ kind }) => kind === 'fink'), withInjected }
  )
  return { record, files, messages }
}

async function takeIn(range: PacketRange, parts: Parts, { poison }: Attempt): Promise<OnceDecoded> {
  if (poison !== null) return quarantineAll(range, poison)
  const { schemas, surveys, known } = parts
  const registered = await parts.resolve(schemaIds(range))
  return decodeOnce(range, { schemas, surveys, registered }, known)
}

/** What the alert of a row was decoded from. */
function packetOf({ origins }: Decoded): (row: number) => Uint8Array {
  return (row) => origins.buffers[origins.buffer[row]!]!
}

/** What modules or filters are left out, and who hears of those that run. */
function watch(kind: Watched['kind'], { onWork }: Parts, { stopped }: Attempt) {
  return {
    stopped: { has: (name: string) => stopped.has(`${kind} ${name}`) },
    onStart: (index: number, rows: number) => onWork(index < 0 ? null : { kind, index }, rows)
  }
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
