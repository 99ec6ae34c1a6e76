import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import type { Reason } from '../reasons.ts'
import { OWN, readLedger } from './ledger.ts'
import type { PartFile, PartRecord } from './ledger.ts'
import { eachBlock } from '../container.ts'
import { rangeReads } from './range-reads.ts'
import type { Store } from './store.ts'

/** What `siskin verify` found. `ok` means: every packet of every source is accounted for, once. */
export interface Verdict {
  readonly ok: boolean
  readonly received: number
  readonly alerts: number
  readonly quarantined: Partial<Record<Reason, number>>
  readonly duplicates: number
  readonly nights: Record<string, number>
  readonly topics: Record<string, number>
  /** Alert ids that are in the lake more than once: copies the stream sent to different members. */
  readonly copies: readonly string[]
  readonly differences: readonly string[]
}

export interface VerifyOptions {
  /** Reads every packet and message too, not only what the files say of themselves. */
  readonly deep: boolean
  onProgress(done: number, total: number): void
}

/**
 * Holds the lake against its ledger: ranges tile each source without gap or overlap, each account
 * adds up, every file is there with the rows and bytes of its account, nothing else is there, no
 * commit is unfinished.
 */
export async function verify(store: Store, options: VerifyOptions): Promise<Verdict> {
  const records = await readLedger(store)
  const differences: string[] = []
  const sums = {
    received: 0,
    alerts: 0,
    duplicates: 0,
    quarantined: {} as Partial<Record<Reason, number>>,
    nights: {} as Record<string, number>,
    topics: {} as Record<string, number>
  }
  checkRanges(records, differences)
  for (const record of records) {
    checkAccount(record, differences)
    sums.received += record.received
    sums.alerts += record.alerts
    sums.duplicates += record.duplicates
    addTo(sums.quarantined, record.quarantined)
    addTo(sums.nights, record.nights)
    for (const { topic, published } of Object.values(record.filters)) {
      addTo(sums.topics, { [topic]: published })
    }
  }
  await checkFiles(store, records, options, differences)
  const copies = await findCopies(store, records, differences)
  return { ok: differences.length === 0, ...sums, copies, differences }
}

function addTo<K extends string>(
  to: Partial<Record<K, number>>,
  from: Readonly<Partial<Record<K, number>>>
): void {
  for (const key of Object.keys(from) as K[]) to[key] = (to[key] ?? 0) + (from[key] ?? 0)
}

/** Every position of a source once. */
function checkRanges(records: readonly PartRecord[], differences: string[]): void {
  const bySource = Map.groupBy(records, (record) => record.source)
  for (const [source, own] of bySource) {
    const sorted = own.toSorted((a, b) => a.first - b.first)
    let next = sorted[0]?.stream?.begins ? sorted[0].first : 0
    for (const { first, last } of sorted) {
      if (first > next) {
        differences.push(
          `source ${source}: packets ${next} to ${first - 1} are missing; run it again`
        )
      } else if (first < next) {
        differences.push(
          `source ${source}: packets ${first} to ${Math.min(next - 1, last)} are in twice`
        )
      }
      next = Math.max(next, last + 1)
    }
  }
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

/** received = alerts + quarantined + duplicates, and every total is the sum of its parts. */
function checkAccount(record: PartRecord, differences: string[]): void {
  const {
    part,
    received,
    alerts,
    duplicates,
    first,
    last,
    nights,
    modules,
    filters,
    files,
    stream
  } = record
  const say = (what: string, a: number, b: number) => {
    if (a !== b) differences.push(`part ${part}: ${what}: ${a} and ${b}`)
  }
  const rows = (kind: PartFile['kind']) =>
    files.filter((file) => file.kind === kind).reduce((sum, file) => sum + file.rows, 0)
  const quarantined = total(record.quarantined)
  const offsets = stream ? stream.messages + stream.missing : received
  say('packets received and positions', offsets, last - first + 1)
  say('received and alerts + quarantined + duplicates', received, alerts + quarantined + duplicates)
  say('alerts and alerts by night', alerts, total(nights))
  say('alerts and rows of its files', alerts, rows('alerts'))
  say('alerts and packets kept', alerts, rows('packets'))
  say('quarantined and rows of its file', quarantined, rows('quarantine'))
  const published = Object.values(filters).reduce((sum, filter) => sum + filter.published, 0)
  if (!stream) say('published and messages of its files', published, rows('topic'))
  for (const [name, { statuses }] of Object.entries(modules)) {
    say(`alerts and statuses of module ${name}`, alerts, total(statuses))
  }
}

async function checkFiles(
  store: Store,
  records: readonly PartRecord[],
  options: VerifyOptions,
  differences: string[]
): Promise<void> {
  const there = new Map((await store.list('')).map((file) => [file.path, file.size]))
  const wanted = records.flatMap((record) => record.files)
  for (const [i, file] of wanted.entries()) {
    options.onProgress(i, wanted.length)
    const size = there.get(file.path)
    there.delete(file.path)
    if (size === undefined) differences.push(`${file.path} is missing`)
    else if (size !== file.bytes) {
      differences.push(`${file.path} has ${size} bytes instead of ${file.bytes}`)
    } else await checkFile(store, file, options, differences)
  }
  for (const path of there.keys()) {
    if (path.startsWith(`${OWN}/staging/`)) {
      differences.push(`${path} is left of an unfinished commit; the next run clears it up`)
    } else if (!path.startsWith(`${OWN}/`)) {
      differences.push(`${path} belongs to no part`)
    }
  }
}

async function checkFile(
  store: Store,
  file: PartFile,
  options: VerifyOptions,
  differences: string[]
): Promise<void> {
  try {
    const isParquet = file.kind === 'alerts' || file.kind === 'quarantine'
    if (!isParquet && !options.deep) return
    const rows = isParquet
      ? Number((await parquetMetadataAsync(rangeReads(store, file.path, file.bytes))).num_rows)
      : countData(await store.read(file.path))
    if (rows !== file.rows) {
      differences.push(`${file.path} holds ${rows} rows instead of ${file.rows}`)
    }
  } catch (error) {
    differences.push(`${file.path} cannot be read: ${(error as Error).message}`)
  }
}

function countData(bytes: Uint8Array): number {
  let count = 0
  eachBlock(bytes, (packets) => (count += packets))
  return count
}

/** Alert ids in more than one place of a night. */
async function findCopies(
  store: Store,
  records: readonly PartRecord[],
  differences: string[]
): Promise<string[]> {
  const nights = new Map<string, PartFile[]>()
  for (const file of records.flatMap((record) => record.files)) {
    if (file.kind !== 'alerts') continue
    const night = file.path.slice(0, file.path.lastIndexOf('/'))
    nights.set(night, [...(nights.get(night) ?? []), file])
  }
  const copies: string[] = []
  for (const files of nights.values()) {
    const seen = new Set<bigint>()
    for (const file of files) {
      const ids = await readIds(store, file).catch((error: Error) => {
        differences.push(`${file.path}: its ids cannot be read: ${error.message}`)
        return []
      })
      for (const id of ids) {
        if (seen.has(id)) copies.push(String(id))
        seen.add(id)
      }
    }
  }
  return copies
}

async function readIds(store: Store, file: PartFile): Promise<bigint[]> {
  const rows = await parquetReadObjects({
    file: rangeReads(store, file.path, file.bytes),
    columns: ['alert_id'],
    compressors
  })
  return rows.map((row) => row['alert_id'] as bigint)
}
