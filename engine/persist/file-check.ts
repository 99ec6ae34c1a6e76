import { setTimeout as delay } from 'node:timers/promises'
import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { eachBlock } from '../container.ts'
import { OWN } from './ledger.ts'
import type { PartFile } from './ledger.ts'
import { rangeReads } from './range-reads.ts'
import type { Store } from './store.ts'

export interface FileCheckOptions {
  readonly deep: boolean
  readonly isLive?: boolean
}

const PLACED_MS = 2000

/** Holds the files of a lake against what the ledger says of them. */
export class FileCheck {
  readonly #store: Store
  readonly #options: FileCheckOptions
  readonly #differences: string[]
  /** Sizes of files that no record has named yet. */
  readonly #there: Map<string, number>
  /** Named by a record and not there: of parts that landed after the listing, or missing. */
  readonly #late: PartFile[] = []
  readonly #nights = new Map<string, Pick<PartFile, 'path' | 'bytes'>[]>()

  private constructor(
    store: Store,
    options: FileCheckOptions,
    differences: string[],
    there: Map<string, number>
  ) {
    this.#store = store
    this.#options = options
    this.#differences = differences
    this.#there = there
  }

  static async begin(
    store: Store,
    options: FileCheckOptions,
    differences: string[]
  ): Promise<FileCheck> {
    const files = await store.list('')
    const there = new Map(files.map(({ path, size }) => [path, size]))
    return new FileCheck(store, options, differences, there)
  }

  async take(file: PartFile): Promise<void> {
    const { path, bytes, kind } = file
    const size = this.#there.get(path)
    this.#there.delete(path)
    if (kind === 'alerts') {
      const night = path.slice(0, path.lastIndexOf('/'))
      this.#nights.set(night, [...(this.#nights.get(night) ?? []), { path, bytes }])
    }
    if (size === undefined) this.#late.push(file)
    else await this.#check(file, size)
  }

  /** What the ledger did not name; then alert ids that are in a night more than once. */
  async finish(): Promise<string[]> {
    await this.#checkLate()
    const staged = [...this.#there.keys()].filter((path) => path.startsWith(`${OWN}/staging/`))
    for (const path of this.#options.isLive ? [] : staged) {
      if ((await this.#store.size(path)) === null) continue // someone was at work, and is on
      this.#say(`${path} is left of an unfinished commit; the next run clears it up`)
    }
    for (const path of this.#there.keys()) {
      if (!path.startsWith(`${OWN}/`)) this.#say(`${path} belongs to no part`)
    }
    const copies: string[] = []
    for (const files of this.#nights.values()) copies.push(...(await this.#copies(files)))
    return copies
  }

  #say(difference: string): void {
    this.#differences.push(difference)
  }

  async #checkLate(): Promise<void> {
    const missing: PartFile[] = []
    for (const file of this.#late) {
      const size = await this.#store.size(file.path)
      if (size === null) missing.push(file)
      else await this.#check(file, size)
    }
    if (missing.length > 0 && this.#options.isLive) await delay(PLACED_MS)
    for (const file of missing) {
      const size = this.#options.isLive ? await this.#store.size(file.path) : null
      if (size === null) this.#say(`${file.path} is missing`)
      else await this.#check(file, size)
    }
  }

  async #check(file: PartFile, size: number): Promise<void> {
    if (size !== file.bytes) {
      this.#say(`${file.path} has ${size} bytes instead of ${file.bytes}`)
      return
    }
    try {
      const isParquet = file.kind === 'alerts' || file.kind === 'quarantine'
      if (!isParquet && !this.#options.deep) return
      const reads = rangeReads(this.#store, file.path, file.bytes)
      const rows = isParquet
        ? Number((await parquetMetadataAsync(reads)).num_rows)
        : countData(await this.#store.read(file.path))
      if (rows !== file.rows) this.#say(`${file.path} holds ${rows} rows instead of ${file.rows}`)
    } catch (error) {
      this.#say(`${file.path} cannot be read: ${(error as Error).message}`)
    }
  }

  /** Ids that are in the files of one night more than once; eight bytes of memory an alert. */
  async #copies(files: readonly Pick<PartFile, 'path' | 'bytes'>[]): Promise<string[]> {
    let ids = new BigInt64Array(1024)
    let count = 0
    for (const { path, bytes } of files) {
      for (const id of await this.#ids(path, bytes)) {
        if (count === ids.length) {
          const larger = new BigInt64Array(count * 2)
          larger.set(ids)
          ids = larger
        }
        ids[count++] = id
      }
    }
    const sorted = ids.subarray(0, count).sort()
    const copies: string[] = []
    for (let i = 1; i < count; i++) if (sorted[i] === sorted[i - 1]) copies.push(String(sorted[i]))
    return copies
  }

  async #ids(path: string, bytes: number): Promise<bigint[]> {
    try {
      const file = rangeReads(this.#store, path, bytes)
      const rows = await parquetReadObjects({ file, columns: ['alert_id'], compressors })
      return rows.map((row) => row['alert_id'] as bigint)
    } catch (error) {
      this.#say(`${path}: its ids cannot be read: ${(error as Error).message}`)
      return []
    }
  }
}

function countData(bytes: Uint8Array): number {
  let count = 0
  eachBlock(bytes, (packets) => (count += packets))
  return count
}
