import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import type { OnFinding } from './finding.ts'
import { rangeReads } from './range-reads.ts'
import type { Store, StoredFile } from './store.ts'

/** Alerts that lie in the lake more than once. */
export interface Copies {
  /** Rows that repeat an alert of another source: it sent a copy, or was taken in beside. */
  copies: number
  /** Rows of an alert that came again in its source with other bytes: a correction. */
  revisions: number
  /** Alerts, each counted once. */
  distinct: number
  /** Some of the ids that lie there more than once. */
  readonly copied: string[]
}

export function noCopies(): Copies {
  return { copies: 0, revisions: 0, distinct: 0, copied: [] }
}

const NAMED = 100
/** Ids of one source whose packets are compared byte by byte; of more, as many are named as the same. */
const COMPARED = 1000

/**
 * Adds what there is more than once among the alerts of one night of a survey: sixteen bytes of memory an alert. A copy in the
 * same source is a difference; in another it is counted. With `folders`, only what lies in those of the night.
 */
export async function countCopies(
  store: Store,
  night: string,
  folders: readonly string[] | null,
  sums: Copies,
  onFinding: OnFinding
): Promise<void> {
  const listed: StoredFile[] = []
  for (const folder of folders ?? [night]) listed.push(...(await store.list(folder)))
  const files = listed.filter(({ path }) => path.endsWith('.parquet'))
  const sources = new Map<string, Ids>()
  const all = new Ids()
  for (const file of files) {
    const source = sourceOf(file.path)
    const own = sources.get(source) ?? new Ids()
    sources.set(source, own)
    for (const id of await idsOf(store, file)) {
      own.add(id)
      all.add(id)
    }
  }
  const repeated = all.repeated()
  sums.distinct += all.count - repeated.count
  if (repeated.count === 0) return
  sums.copied.push(...repeated.some.slice(0, NAMED - sums.copied.length).map(String))
  let within = 0
  for (const [source, own] of sources) {
    const again = own.repeated()
    if (again.count === 0) continue
    within += again.count
    const revised = await revisionsAmong(store, filesOf(files, source), again.some)
    sums.revisions += revised
    const same = again.count - revised
    if (same === 0) continue
    const named = again.some.slice(0, 20).join(', ')
    const text = `source ${source}: ${same} alerts of ${night} are in twice, among ${named}`
    onFinding({ kind: 'other', text, isDifference: true })
  }
  sums.copies += repeated.count - within
}

function sourceOf(path: string): string {
  return /([^/]+)-\d{6,}\/[^/]+$/.exec(path)?.[1] ?? path
}

function filesOf(files: readonly StoredFile[], source: string): StoredFile[] {
  return files.filter(({ path }) => sourceOf(path) === source)
}

/** None of a file that cannot be read: that is said elsewhere. */
async function idsOf(store: Store, { path, size }: StoredFile): Promise<bigint[]> {
  try {
    const file = rangeReads(store, path, size)
    const rows = await parquetReadObjects({ file, columns: ['alert_id'], compressors })
    return rows.map((row) => row['alert_id'] as bigint)
  } catch {
    return []
  }
}

/** Growing ids. */
class Ids {
  #ids = new BigInt64Array(1024)
  count = 0

  add(id: bigint): void {
    if (this.count === this.#ids.length) {
      const larger = new BigInt64Array(this.count * 2)
      larger.set(this.#ids)
      this.#ids = larger
    }
    this.#ids[this.count++] = id
  }

  /** How many repeat one before, and some of those. */
  repeated(): { readonly count: number; readonly some: readonly bigint[] } {
    const sorted = this.#ids.subarray(0, this.count).sort()
    const some: bigint[] = []
    let count = 0
    for (let i = 1; i < sorted.length; i++) {
      if (sorted[i] !== sorted[i - 1]) continue
      count++
      if (some.length < COMPARED && some.at(-1) !== sorted[i]) some.push(sorted[i]!)
    }
    return { count, some }
  }
}

const POINTER = ['alert_id', 'packet_file', 'packet_offset', 'packet_length']

/** Of alerts with these ids: how many rows have other bytes than the first of their id. */
async function revisionsAmong(
  store: Store,
  files: readonly StoredFile[],
  ids: readonly bigint[]
): Promise<number> {
  const wanted = new Set(ids)
  const firsts = new Map<bigint, Uint8Array>()
  let revised = 0
  for (const { path, size } of files) {
    const file = rangeReads(store, path, size)
    const rows = await parquetReadObjects({ file, columns: POINTER, compressors }).catch(() => [])
    for (const row of rows) {
      const id = row['alert_id'] as bigint
      if (!wanted.has(id)) continue
      const [offset, length] = [Number(row['packet_offset']), Number(row['packet_length'])]
      const bytes = await store.read(String(row['packet_file']), offset, length).catch(() => null)
      const first = firsts.get(id)
      if (!bytes) continue
      if (!first) firsts.set(id, bytes)
      else if (Buffer.compare(first, bytes) !== 0) revised++
    }
  }
  return revised
}
