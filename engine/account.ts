import type { OnceDecoded } from './duplicates/decode-once.ts'
import { keepMarks, Marks } from './duplicates/marks.ts'
import type { KeptMarks } from './duplicates/marks.ts'
import type { Plan } from './enrich/plan.ts'
import { lastOf } from './packets.ts'
import type { MessageSpan, PacketRange } from './packets.ts'
import { columnsPath } from './lake/kept-columns.ts'
import { partName } from './lake/ledger.ts'
import type {
  FilterAccount,
  InjectedAccount,
  ModuleAccount,
  PartFile,
  PartRecord,
  StreamAccount
} from './lake/ledger.ts'
import { layPlaces } from './lake/files/places.ts'
import type { InputPlace } from './lake/files/places.ts'
import type { Selection } from './publish/select.ts'
import type { Reason } from './reasons.ts'
import type { Enriched } from './table/enriched.ts'
import { injectedIn } from './table/injected.ts'
import { SISKIN_VERSION } from './version.ts'

/** Keeps the account of a range while it goes through the pipeline. */
export class Account {
  readonly seconds: Record<string, number> = {}
  readonly #range: PacketRange
  readonly #started = new Date().toISOString()
  readonly #quarantined: Partial<Record<Reason, number>> = {}
  readonly #nights: Record<string, number> = {}
  readonly #modules: Record<string, ModuleAccount> = {}
  readonly #filters: Record<string, FilterAccount> = {}
  readonly #injected: Record<string, number> = {}
  readonly #injectedIn: Record<string, string[]> = {}
  #alerts = 0
  #duplicates = 0
  #revisions = 0
  #marks: KeptMarks = {}
  #copies: KeptMarks = {}
  #mark = performance.now()

  constructor(range: PacketRange) {
    this.#range = range
  }

  /** Adds the time since the last lap to a stage. */
  lap(stage: string): void {
    const now = performance.now()
    this.seconds[stage] = (this.seconds[stage] ?? 0) + (now - this.#mark) / 1000
    this.#mark = now
  }

  decoded(result: OnceDecoded): void {
    this.#duplicates = result.duplicates
    this.#revisions = result.revisions.length
    this.#marks = keepMarks(result.marks)
    const copies = [...result.copies].map(([night, words]) => {
      return [night, Marks.of(Uint32Array.from(words))] as const
    })
    this.#copies = keepMarks(new Map(copies))
    for (const { reason } of result.quarantined) add(this.#quarantined, reason, 1)
    this.lap('decode')
  }

  enriched(batch: Enriched): void {
    for (const { module, statuses, ms } of batch.runs) {
      const before = this.#modules[module.name]
      const sum = { ...before?.statuses }
      for (const [status, count] of Object.entries(statuses)) add(sum, status, count)
      const total = (before?.ms ?? 0) + ms
      this.#modules[module.name] = { version: module.version, statuses: sum, ms: total }
    }
    this.lap('enrich')
  }

  /** `places`, of packets from Kafka: which message each row came in. */
  selected(
    selections: readonly Selection[],
    nights: ReadonlyMap<number, Int32Array>,
    batch: Enriched,
    places: readonly InputPlace[] | null
  ): void {
    this.#alerts += batch.table.rows
    for (const [night, rows] of nights)
      add(this.#nights, `${batch.table.survey}/${night}`, rows.length)
    this.#countInjected(selections, nights, batch)
    for (const { filter, rows, failed } of selections) {
      const before = this.#filters[filter.name]
      this.#filters[filter.name] = {
        version: filter.version,
        topic: filter.topic,
        published: (before?.published ?? 0) + rows.length,
        failed: (before?.failed ?? 0) + failed,
        ...(places && { selected: { ...before?.selected, ...this.#placed(rows, batch, places) } })
      }
    }
    this.lap('publish')
  }

  #countInjected(
    selections: readonly Selection[],
    nights: ReadonlyMap<number, Int32Array>,
    { table }: Enriched
  ): void {
    const isInjected = injectedIn(table)
    if (!isInjected) return
    for (const [night, rows] of nights) {
      const own = rows.filter(isInjected).length
      if (own > 0) add(this.#injected, `${table.survey}/${night}`, own)
    }
    const ids = table.fixed('alert_id').values
    for (const { filter, injected } of selections) {
      if (injected.length === 0) continue
      const own = (this.#injectedIn[filter.topic] ??= [])
      own.push(...injected.map((row) => String(ids[row])))
    }
  }

  /** Where the rows of a selection came from, by night. */
  #placed(
    rows: readonly number[],
    { table }: Enriched,
    places: readonly InputPlace[]
  ): Record<string, string> {
    const night = table.fixed('night').values as Int32Array
    const byNight = Map.groupBy(rows, (row) => `${table.survey}/${night[row]!}`)
    const { first } = this.#range
    const relative = (row: number) => ({
      ...places[row]!,
      offset: places[row]!.offset - first
    })
    return Object.fromEntries([...byNight].map(([key, own]) => [key, layPlaces(own.map(relative))]))
  }

  /**
   * `attempt`: see `PartRecord`. `fink`: its messages go out in Fink's form too; `withInjected`: those of injected alerts
   * go out at all.
   */
  record(
    files: readonly PartFile[],
    attempt: string,
    { fink, withInjected }: { readonly fink: boolean; readonly withInjected: boolean }
  ): PartRecord {
    const { source, first, count, messages } = this.#range
    const last = lastOf(this.#range)
    return {
      part: partName(source, first, last),
      source,
      first,
      last,
      received: count,
      alerts: this.#alerts,
      quarantined: this.#quarantined,
      duplicates: this.#duplicates,
      revisions: this.#revisions,
      nights: this.#nights,
      ...this.#injectedAccount(withInjected),
      marks: this.#marks,
      ...(this.#duplicates > 0 && { copies: this.#copies }),
      modules: this.#modules,
      filters: this.#filters,
      files,
      attempt,
      ...(messages && { stream: accountOf(messages, last - first + 1, fink) }),
      siskin: SISKIN_VERSION,
      started: this.#started,
      seconds: { ...this.seconds }
    }
  }

  #injectedAccount(published: boolean): { readonly injected?: InjectedAccount } {
    if (Object.keys(this.#injected).length === 0) return {}
    return { injected: { nights: this.#injected, topics: this.#injectedIn, published } }
  }
}

/** The provenance that goes into every file of a part: no times, so that the same data make the same bytes. */
export function provenance(range: PacketRange, plan: Plan, resources = ''): Record<string, string> {
  const last = lastOf(range)
  const named = ({ name, version }: { name: string; version: string }) => `${name}@${version}`
  return {
    'siskin.version': SISKIN_VERSION,
    'siskin.part': partName(range.source, range.first, last),
    'siskin.source': range.source,
    'siskin.first': String(range.first),
    'siskin.last': String(last),
    'siskin.columns': columnsPath(plan.columns),
    'siskin.modules': plan.modules.map(named).join(' '),
    'siskin.filters': plan.filters.map(named).join(' '),
    ...(resources && { 'siskin.resources': resources })
  }
}

function accountOf(
  { count, lost, begins, generation, tail }: MessageSpan,
  offsets: number,
  fink: boolean
): StreamAccount {
  const account = { messages: count, missing: offsets - count, lost, begins, generation, fink }
  return tail ? { ...account, tail } : account
}

function add<K extends string>(counts: Partial<Record<K, number>>, key: K, count: number): void {
  counts[key] = (counts[key] ?? 0) + count
}
