import { UsageError } from '../errors.ts'
import type { Reason } from '../reasons.ts'
import type { Store } from './store.ts'

/** All that is Siskin's own in a lake, apart from the science. */
export const OWN = '_siskin'

/** What to say where a lake should be and is none. */
export function noLake(place: string): UsageError {
  return new UsageError(
    `"${place}" holds no lake: give the folder that "siskin run --lake" or "siskin stream --lake" filled`
  )
}

/** A file of a part, by its place in the lake. */
export interface PartFile {
  readonly path: string
  readonly kind: 'alerts' | 'packets' | 'quarantine' | 'topic'
  readonly bytes: number
  readonly rows: number
  /**
   * Of packets from Kafka: the message that each came in, in the order of the file, as offsets from
   * the part's first (see `places.ts`).
   */
  readonly places?: string
}

/**
 * The account of one part: received = alerts + quarantined + duplicates. Its appearance in the
 * ledger is the commit of the part; what is not in the ledger was never taken in.
 */
export interface PartRecord {
  readonly part: string
  readonly source: string
  /** Packets [first, last] of the source, both inclusive. */
  readonly first: number
  readonly last: number
  readonly received: number
  readonly alerts: number
  readonly quarantined: Partial<Record<Reason, number>>
  readonly duplicates: number
  /** Alerts by `survey/night`. */
  readonly nights: Readonly<Record<string, number>>
  readonly modules: Readonly<Record<string, ModuleAccount>>
  readonly filters: Readonly<Record<string, FilterAccount>>
  readonly files: readonly PartFile[]
  /** Of parts from Kafka only: positions are offsets, and the selected alerts went to Kafka's topics. */
  readonly stream?: StreamAccount
  readonly siskin: string
  readonly started: string
  readonly seconds: Readonly<Record<string, number>>
}

export interface StreamAccount {
  /** Messages in the range. */
  readonly messages: number
  /** Offsets of the range without a message: compacted, aborted, or markers of transactions. */
  readonly missing: number
  /** The source begins here: nothing before it was ever taken in. */
  readonly begins: boolean
  /** Generation of the consumer group that committed it. */
  readonly generation: number
  /** Its messages went out in Fink's form too. */
  readonly fink: boolean
}

export interface ModuleAccount {
  readonly version: string
  readonly statuses: Readonly<Record<string, number>>
  readonly ms: number
}

export interface FilterAccount {
  readonly version: string
  readonly topic: string
  readonly published: number
  readonly failed: number
  /**
   * Of parts from Kafka, by `survey/night`: the messages that held the selected alerts, as offsets
   * from the part's first (see `places.ts`).
   */
  readonly selected?: Readonly<Record<string, string>>
}

/** `000000042-000001041`: sorts as the packets do. */
function rangeName(first: number, last: number): string {
  const digits = (position: number) => String(position).padStart(9, '0')
  return `${digits(first)}-${digits(last)}`
}

export function partName(source: string, first: number, last: number): string {
  return `${source}-${rangeName(first, last)}`
}

export function ledgerPath(source: string, first: number, last: number): string {
  return `${OWN}/ledger/${source}/${rangeName(first, last)}.json`
}

export function stagingPath(source: string, first: number, last: number): string {
  return `${OWN}/staging/${source}/${rangeName(first, last)}`
}

/** The packets of a source that are in the lake, ascending; neighbours joined. */
export async function committedSpans(store: Store, source: string): Promise<[number, number][]> {
  const files = await store.list(`${OWN}/ledger/${source}`)
  const spans: [number, number][] = []
  for (const { path } of files) {
    const match = /(\d+)-(\d+)\.json$/.exec(path)
    if (!match) continue
    const first = Number(match[1])
    const last = Number(match[2])
    const before = spans.at(-1)
    if (before && before[1] === first - 1) before[1] = last
    else spans.push([first, last])
  }
  return spans
}

export async function readRecord(store: Store, path: string): Promise<PartRecord> {
  return JSON.parse(Buffer.from(await store.read(path)).toString()) as PartRecord
}

const READ_AT_ONCE = 8

/** The files of a lake's ledger, by source and range. */
export async function ledgerFiles(store: Store): Promise<string[]> {
  const files = await store.list(`${OWN}/ledger`)
  return files.map(({ path }) => path).filter((path) => path.endsWith('.json'))
}

/** Records one after the other, a few read ahead: a ledger may be larger than memory. */
export async function* eachRecord(
  store: Store,
  paths: readonly string[]
): AsyncGenerator<PartRecord, void> {
  const reading: Promise<PartRecord>[] = []
  for (const path of paths) {
    const record = readRecord(store, path)
    record.catch(() => {}) // heard of when it is waited for
    reading.push(record)
    if (reading.length === READ_AT_ONCE) yield await reading.shift()!
  }
  for (const record of reading) yield await record
}

/** All records of a lake, by source and range. */
export async function readLedger(store: Store): Promise<PartRecord[]> {
  const records: PartRecord[] = []
  for await (const record of eachRecord(store, await ledgerFiles(store))) records.push(record)
  return records
}
