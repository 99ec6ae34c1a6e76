import { isCovered, OWN } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'
import { dayOf, indexFiles, readIndexFile } from './index-files.ts'
import type { IndexFile, WrittenFile } from './index-files.ts'
import type { Marks, Met } from './marks.ts'

export interface IndexOptions {
  /** Days for which a copy is recognised after its original landed; null: for ever. */
  readonly days: number | null
  readonly warn: (message: string) => void
  /** Bytes of marks kept in memory. */
  readonly cacheBytes?: number
  /** What it is now, ms since 1970. */
  readonly now?: () => number
}

const CACHE_BYTES = 64 * 1024 * 1024
/** Nights whose index files are known by name. */
const NIGHTS = 64
/** What others indexed is seen after so long. */
const REFRESH_MS = 30_000
const DAY_MS = 86_400_000

interface Listing {
  readonly at: number
  readonly files: IndexFile[]
}

/** Tells of alerts whether they, or others of their ids, are in the lake: as far as parts are in the index. */
export class SeenIndex {
  readonly #store: Store
  readonly #options: IndexOptions
  readonly #listings = new Map<string, Listing>()
  /** The marks of files, those that were asked for last at the end. */
  readonly #cache = new Map<string, Marks>()
  readonly #damaged = new Set<string>()
  /** Whether the lake has all that a file is of, as long as its listing is known. */
  readonly #whole = new WeakMap<IndexFile, Promise<boolean>>()
  /** Files that this process wrote: a list of names that was asked for before the last is not whole. */
  #written = 0
  /** Bytes of marks in memory. */
  cached = 0

  constructor(store: Store, options: IndexOptions) {
    this.#store = store
    this.#options = options
  }

  /**
   * @param night `survey/night`. @returns of those of the marks that are not new how they stand, by their
   * place in the list.
   */
  async look(night: string, marks: Marks): Promise<Map<number, Exclude<Met, 'new'>>> {
    const found = new Map<number, Exclude<Met, 'new'>>()
    for (const file of await this.#files(night)) {
      const [from, to] = rangeIn(marks, file)
      if (from >= to) continue
      const known = (await this.#isWhole(file)) ? await this.#marks(file.path) : null
      if (known) compare(marks, from, to, known, found)
    }
    return found
  }

  /** What was written meanwhile, by this process. */
  wrote(files: readonly WrittenFile[]): void {
    this.#written += files.length
    for (const { night, marks, ...file } of files) {
      const listing = this.#listings.get(night)
      if (!listing || listing.files.some(({ path }) => path === file.path)) continue
      listing.files.push(file)
      this.#keep(file.path, marks)
    }
  }

  /** Names of files are looked up anew: others wrote what this one relies on. */
  refresh(): void {
    this.#listings.clear()
  }

  async #files(night: string): Promise<readonly IndexFile[]> {
    const now = this.#options.now?.() ?? Date.now()
    const known = this.#listings.get(night)
    if (known && now - known.at < REFRESH_MS) return known.files
    const written = this.#written
    const all = await indexFiles(this.#store, night)
    const files = all.length === 0 ? [] : await this.#valid(all, now)
    if (written !== this.#written) return this.#files(night)
    this.#listings.delete(night)
    this.#listings.set(night, { at: now, files })
    if (this.#listings.size > NIGHTS) this.#listings.delete(this.#listings.keys().next().value!)
    return files
  }

  /** Those of the last days, and of sources that are still in the lake. */
  async #valid(files: readonly IndexFile[], now: number): Promise<IndexFile[]> {
    const { days } = this.#options
    const since = days === null ? 0 : dayOf(new Date(now - days * DAY_MS).toISOString())
    const sources = await this.#store.entries(`${OWN}/ledger`)
    const there = new Set(sources.map(({ name }) => name))
    return files.filter(({ source, landed }) => landed >= since && there.has(source))
  }

  /**
   * A file counts as long as the ledger has all parts that it is of: what it names and the lake lost is to be
   * taken in again, and not to be taken for a copy of itself.
   */
  #isWhole(file: IndexFile): Promise<boolean> {
    let whole = this.#whole.get(file)
    if (!whole) {
      whole = isCovered(this.#store, file.source, file.first, file.last)
      this.#whole.set(file, whole)
    }
    return whole
  }

  async #marks(path: string): Promise<Marks | null> {
    const known = this.#cache.get(path)
    if (known) {
      this.#cache.delete(path)
      this.#cache.set(path, known)
      return known
    }
    if (this.#damaged.has(path)) return null
    const marks = await readIndexFile(this.#store, path)
    if (marks !== 'damaged') {
      if (marks) this.#keep(path, marks)
      return marks
    }
    this.#damaged.add(path)
    this.#options.warn(`${path} is damaged: copies of the alerts it was of are not recognised`)
    return null
  }

  #keep(path: string, marks: Marks): void {
    this.#cache.set(path, marks)
    this.cached += marks.words.byteLength
    for (const [oldest, { words }] of this.#cache) {
      if (this.cached <= (this.#options.cacheBytes ?? CACHE_BYTES) || oldest === path) break
      this.#cache.delete(oldest)
      this.cached -= words.byteLength
    }
  }
}

/** The marks whose ids a file may hold: [from, to). */
function rangeIn(marks: Marks, { least, greatest }: IndexFile): [number, number] {
  const above = greatest + 1n
  return [marks.from(...wordsOf(least)), marks.from(...wordsOf(above))]
}

function wordsOf(id: bigint): [low: number, high: number] {
  return [Number(id & 0xffffffffn), Number(id >> 32n)]
}

function compare(
  marks: Marks,
  from: number,
  to: number,
  known: Marks,
  found: Map<number, Exclude<Met, 'new'>>
): void {
  for (let i = from; i < to; i++) {
    const [low, high, digest] = marks.at(i)
    const met = known.meet(low, high, digest)
    if (met === 'copy' || (met === 'revision' && !found.has(i))) found.set(i, met)
  }
}
