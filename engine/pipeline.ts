import type { Survey } from './contract/index.ts'
import { decodeRange, schemaIds } from './decode/decode.ts'
import type { Decoded, DecodeResult } from './decode/decode.ts'
import type { SchemaCache } from './decode/schemas.ts'
import { enrich } from './enrich/enrich.ts'
import type { Plan } from './enrich/plan.ts'
import type { ModuleRunner } from './enrich/run-module.ts'
import type { PacketRange, Quarantined } from './packets.ts'
import { partName } from './persist/ledger.ts'
import type { PartRecord } from './persist/ledger.ts'
import { layAlerts, layQuarantine, layTopic, nightsOf } from './persist/part.ts'
import type { LaidFile } from './persist/part.ts'
import type { MessageFormat } from './publish/message.ts'
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
  /** False when this alert id was seen in another range of this night. */
  readonly claim: (low: number, high: number) => boolean
  readonly onModule: (index: number, rows: number) => void
  readonly warn: (message: string) => void
}

/** What earlier attempts at a range taught. */
export interface Attempt {
  /** Modules that hung in it. */
  readonly stopped: ReadonlySet<string>
  /** It stopped its member more than once and is a single packet: quarantine it unread. */
  readonly poison: boolean
}

/** A part that is made and not yet in the lake. */
export interface MadePart {
  readonly record: PartRecord
  readonly files: readonly LaidFile[]
}

/** The life of a range up to its commit: decode, enrich, select, lay out. */
export async function makePart(
  range: PacketRange,
  parts: Parts,
  attempt: Attempt
): Promise<MadePart> {
  const account = new Account(range)
  const decoded = attempt.poison ? quarantineAll(range) : await decode(range, parts)
  account.decoded(decoded)
  const part = partName(range.source, range.first, range.first + range.count - 1)
  const metadata = provenance(range, parts.plan)
  const files: LaidFile[] = []
  for (const alerts of decoded.alerts) {
    const { plan, runner, onModule } = parts
    const batch = await enrich(alerts.table, plan, { runner, stopped: attempt.stopped, onModule })
    account.enriched(batch)
    const selections = select(plan.filters, batch, parts.warn)
    const nights = nightsOf(batch)
    files.push(...layAlerts(part, batch, nights, packetBytes(alerts), metadata))
    account.lap('parquet')
    const own = decoded.alerts.length > 1 ? `${part}-${batch.table.survey}` : part
    files.push(...layTopics(own, alerts, batch, selections, parts.format, metadata))
    account.selected(selections, nights, batch)
  }
  files.push(...layQuarantine(part, range.source, decoded.quarantined, metadata))
  return { record: account.record(files.map((file) => file.account)), files }
}

async function decode(range: PacketRange, parts: Parts): Promise<DecodeResult> {
  const { schemas, surveys, claim } = parts
  const registered = await parts.resolve(schemaIds(range))
  return decodeRange(range, { schemas, surveys, registered, claim })
}

function quarantineAll(range: PacketRange): DecodeResult {
  const packet: Quarantined = {
    position: range.first,
    name: range.names[0] ?? '',
    offset: range.blocks[4] ?? 0,
    reason: 'poison',
    detail: 'it stopped its member every time it was worked on',
    bytes: new Uint8Array(range.bytes, range.blocks[0], range.blocks[1])
  }
  return { alerts: [], quarantined: [packet], duplicates: 0 }
}

function packetBytes({ origins }: Decoded) {
  return {
    schemaOf: (row: number) => origins.schemas[origins.schema[row]!]!,
    bytesOf: (row: number) => {
      const start = origins.start[row]!
      return origins.buffers[origins.buffer[row]!]!.subarray(start, start + origins.length[row]!)
    }
  }
}

/** A selected alert is encoded once, however many topics take it. */
function layTopics(
  part: string,
  { origins }: Decoded,
  batch: Enriched,
  selections: readonly Selection[],
  format: MessageFormat,
  metadata: Readonly<Record<string, string>>
): LaidFile[] {
  const encode = format.bind(batch, (row) => origins.buffers[origins.buffer[row]!]!)
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
