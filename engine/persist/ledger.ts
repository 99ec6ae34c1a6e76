import type { Reason } from '../reasons.ts'
import type { Store } from './store.ts'

/** All that is Siskin's own in a lake, apart from the science. */
export const OWN = '_siskin'

/** A file of a part, by its place in the lake. */
export interface PartFile {
  readonly path: string
  readonly kind: 'alerts' | 'packets' | 'quarantine' | 'topic'
  readonly bytes: number
  readonly rows: number
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

/** All records of a lake, by source and range. */
export async function readLedger(store: Store): Promise<PartRecord[]> {
  const records: PartRecord[] = []
  for (const { path } of await store.list(`${OWN}/ledger`)) {
    if (path.endsWith('.json')) records.push(await readRecord(store, path))
  }
  return records
}
