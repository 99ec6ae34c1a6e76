import { parquetReadObjects } from 'hyparquet'
import { compressors } from '../lake/files/compressors.ts'
import { againByBytes, againByMarks, findingsOf } from './copies-within.ts'
import type { OnFinding } from './finding.ts'
import { rangeReads } from '../store/range-reads.ts'
import type { Store, StoredFile } from '../store/store.ts'

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
  const repeated = all.repeated(NAMED)
  sums.distinct += all.count - repeated.count
  if (repeated.count === 0) return
  sums.copied.push(...repeated.some.slice(0, NAMED - sums.copied.length).map(String))
  let within = 0
  for (const [source, own] of sources) {
    const again = own.repeated(Number.POSITIVE_INFINITY)
    if (again.count === 0) continue
    within += again.count
    const paths = filesOf(files, source)
    const found =
      (await againByMarks(store, night, source, paths, own.count, again.some)) ??
      (await againByBytes(store, paths, again.some))
    sums.revisions += found.revised
    for (const finding of findingsOf(source, night, found)) onFinding(finding)
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

  /** How many repeat one before, and at most so many of those. */
  repeated(most: number): { readonly count: number; readonly some: readonly bigint[] } {
    const sorted = this.#ids.subarray(0, this.count).sort()
    const some: bigint[] = []
    let count = 0
    for (let i = 1; i < sorted.length; i++) {
      if (sorted[i] !== sorted[i - 1]) continue
      count++
      if (some.length < most && some.at(-1) !== sorted[i]) some.push(sorted[i]!)
    }
    return { count, some }
  }
}
