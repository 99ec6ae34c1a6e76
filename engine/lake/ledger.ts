import { dirname } from 'node:path/posix'
import type { MessageMark } from '../packets.ts'
import type { Reason } from '../reasons.ts'
import type { ClosedAccount } from './closed.ts'
import type { LayerAccount } from './layer-name.ts'
import { PACK, packedSpans } from './pack.ts'
import type { Store } from '../store/store.ts'

/** All that is Siskin's own in a lake, apart from the science. */
export const OWN = '_siskin'

/** A file of a part, by its place in the lake. */
export interface PartFile {
  readonly path: string
  readonly kind: 'alerts' | 'packets' | 'quarantine' | 'topic' | 'layer' | 'taken' | 'folded'
  readonly bytes: number
  readonly rows: number
  /** CRC-32 of its bytes, as 8 hex digits. */
  readonly crc32: string
  /** Of packets: how each is compressed; left out: not at all. */
  readonly codec?: string
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
  /** Of the alerts: those whose id came before with other bytes. Left out by those that do not look. */
  readonly revisions?: number
  /** Alerts by `survey/night`. */
  readonly nights: Readonly<Record<string, number>>
  /** Left out where none of its alerts was injected. */
  readonly injected?: InjectedAccount
  /** What its alerts are known by when they come again (`duplicates/marks.ts`), by `survey/night`. */
  readonly marks?: Readonly<Record<string, string>>
  /** The same of its duplicates: each has its original in a part. */
  readonly copies?: Readonly<Record<string, string>>
  readonly modules: Readonly<Record<string, ModuleAccount>>
  readonly filters: Readonly<Record<string, FilterAccount>>
  readonly files: readonly PartFile[]
  /** Which attempt at the part this is: where its files lay before they were in their places. */
  readonly attempt: string
  /** Of parts from Kafka only: positions are offsets, and the selected alerts went to Kafka's topics. */
  readonly stream?: StreamAccount
  /** Of parts that packets from quarantine became: where they were, and which they are. */
  readonly requeued?: RequeueAccount
  /** By `survey/night`: the part of the closed night that has its alerts, packets and messages of it. */
  readonly closedIn?: Readonly<Record<string, string>>
  /** Of parts of a closed night only: what they were merged of. */
  readonly closes?: ClosedAccount
  /** Of layers only: what they were made of. */
  readonly layer?: LayerAccount
  readonly siskin: string
  readonly started: string
  readonly seconds: Readonly<Record<string, number>>
}

/** Of simulated alerts that `siskin inject` put among real ones. */
export interface InjectedAccount {
  /** By `survey/night`; they count among the alerts too. */
  readonly nights: Readonly<Record<string, number>>
  /** Ids of those that belong to a topic, whether it got them or not. */
  readonly topics: Readonly<Record<string, readonly string[]>>
  /** Topics got them. */
  readonly published: boolean
}

interface RequeueAccount extends PositionSpan {
  /** Source and span of the part in whose quarantine they are counted. */
  readonly source: string
  /** Their rows in its quarantine file, and their positions from the part's first (see `places.ts`). */
  readonly rows: string
  readonly positions: string
  readonly reasons: Readonly<Partial<Record<Reason, number>>>
}

export interface StreamAccount {
  /** Messages in the range. */
  readonly messages: number
  /** Offsets of the range without a message: compacted, aborted, or markers of transactions. */
  readonly missing: number
  /** Of those, the ones that Kafka had deleted before they were read: what they held is not known. */
  readonly lost: number
  /** The source begins here: nothing before it was ever taken in. */
  readonly begins: boolean
  /** Generation of the consumer group that committed it. */
  readonly generation: number
  /** Its messages went out in Fink's form too. */
  readonly fink: boolean
  /** Prefix of the topics that its messages went to; not known of parts of older versions. */
  readonly prefix?: string
  /** What its last message is known by; not known of parts of older versions. */
  readonly tail?: MessageMark
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

/** `0000000042-0000001041`: sorts as the packets do. */
export function rangeName(first: number, last: number): string {
  return `${digits(first, 10)}-${digits(last, 10)}`
}

export function partName(source: string, first: number, last: number): string {
  return `${source}-${rangeName(first, last)}`
}

/**
 * Positions of a source whose parts share a folder: no folder has more entries, however long a source
 * grows, and a part is found without a look at the others.
 */
export const BLOCK = 5000
const BLOCKS_A_GROUP = 1000

/** The records of a source. Those of a layer lie apart: they say nothing of what was taken in. */
export function ledgerFolder(source: string): string {
  return source.includes('/') ? `${OWN}/${source}` : `${OWN}/ledger/${source}`
}

/** The folder that holds the records of parts that begin in the same block. */
export function blockFolder(source: string, first: number): string {
  const block = Math.floor(first / BLOCK)
  const group = Math.floor(block / BLOCKS_A_GROUP)
  return `${ledgerFolder(source)}/${digits(group, 6)}/${digits(block, 9)}`
}

/** Where the files of a part lie below the folder of their night, without their ending: in a folder a block. */
export function partPath(source: string, first: number, last: number): string {
  return `${source}-${digits(Math.floor(first / BLOCK), 6)}/${partName(source, first, last)}`
}

export function ledgerPath(source: string, first: number, last: number): string {
  return `${blockFolder(source, first)}/${rangeName(first, last)}.json`
}

function digits(number: number, count: number): string {
  return String(number).padStart(count, '0')
}

/** Positions [first, last] of a source. */
export interface PositionSpan {
  readonly first: number
  readonly last: number
}

/** The span that a name of `rangeName` says; null for any other. */
export function spanOfRange(name: string): PositionSpan | null {
  const match = /^(\d+)-(\d+)$/.exec(name)
  return match ? { first: Number(match[1]), last: Number(match[2]) } : null
}

/** What the name of a record says; null for a file of another kind. */
export function spanOfRecord(path: string): PositionSpan | null {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return name.endsWith('.json') ? spanOfRange(name.slice(0, -'.json'.length)) : null
}

/**
 * What the path of a file of a part says (see `partPath`); null for a file of another kind. The folder says the source,
 * which may itself end as a range does.
 */
export function spanOfPart(path: string): PositionSpan | null {
  const [, source, name] = /(?:^|\/)([^/]+)-\d{6,}\/([^/]+)$/.exec(path) ?? []
  if (source === undefined || !name?.startsWith(`${source}-`)) return null
  const [range] = /^\d{10,}-\d{10,}/.exec(name.slice(source.length + 1)) ?? []
  return range === undefined ? null : spanOfRange(range)
}

/** The packets of a source that are in the lake, ascending; neighbours joined. */
export async function committedSpans(store: Store, source: string): Promise<[number, number][]> {
  const spans: [number, number][] = []
  for await (const { first, last } of eachSpan(store, source)) {
    const before = spans.at(-1)
    if (before && before[1] === first - 1) before[1] = last
    else spans.push([first, last])
  }
  return spans
}

/** The spans of a source's parts, ascending, a block at a time. */
async function* eachSpan(store: Store, source: string): AsyncGenerator<PositionSpan, void> {
  for (const group of await foldersIn(store, ledgerFolder(source))) {
    for (const block of await foldersIn(store, group)) yield* await spansIn(store, block)
  }
}

/** The spans of a source's parts that begin at a position or behind it, ascending: what lies before is not looked at. */
export async function spansFrom(
  store: Store,
  source: string,
  next: number
): Promise<PositionSpan[]> {
  const block = blockFolder(source, next)
  const spans: PositionSpan[] = []
  for (const group of await foldersIn(store, ledgerFolder(source))) {
    if (group < dirname(block)) continue
    for (const folder of await foldersIn(store, group)) {
      if (folder >= block) spans.push(...(await spansIn(store, folder)))
    }
  }
  return spans.filter(({ first }) => first >= next)
}

/** True when parts hold all positions from `first` to `last` of a source: only the blocks between are looked at. */
export async function isCovered(
  store: Store,
  source: string,
  first: number,
  last: number
): Promise<boolean> {
  const [from, to] = [blockFolder(source, first), blockFolder(source, last)]
  let next = first
  for (const group of await foldersIn(store, ledgerFolder(source))) {
    if (group < dirname(from) || group > dirname(to)) continue
    for (const block of await foldersIn(store, group)) {
      if (block < from || block > to) continue
      for (const span of await spansIn(store, block)) {
        if (span.last < next) continue
        if (span.first > next) return false
        next = span.last + 1
        if (next > last) return true
      }
    }
  }
  return false
}

/** The part of a source that reaches farthest: found without a look at the others. Null if there is none. */
export async function lastSpan(store: Store, source: string): Promise<PositionSpan | null> {
  for (const group of (await foldersIn(store, ledgerFolder(source))).reverse()) {
    for (const block of (await foldersIn(store, group)).reverse()) {
      const last = (await spansIn(store, block)).at(-1)
      if (last) return last
    }
  }
  return null
}

export async function foldersIn(store: Store, folder: string): Promise<string[]> {
  const entries = await store.entries(folder)
  return entries.filter(({ isFolder }) => isFolder).map(({ name }) => `${folder}/${name}`)
}

async function spansIn(store: Store, block: string): Promise<PositionSpan[]> {
  const entries = await store.entries(block)
  const alone = entries.flatMap(({ name }) => spanOfRecord(name) ?? [])
  const isPacked = entries.some(({ name }) => name === PACK)
  const packed = isPacked ? await packedSpans(store, block) : []
  const spans = new Map(packed.map(([first, last]) => [first, { first, last }]))
  for (const span of alone) spans.set(span.first, span)
  return [...spans.values()].sort((a, b) => a.first - b.first)
}
