import { join, sep } from 'node:path'
import { openSources } from '../../consume/open.ts'
import { DEFAULT_CUT } from '../../consume/scanner.ts'
import type { Cut } from '../../consume/scanner.ts'
import type { SourceBook } from '../../consume/book.ts'
import type { Source, Span } from '../../consume/source.ts'
import { Damage } from '../../consume/bytes.ts'
import { OtherContentError } from '../../consume/folder-changes.ts'
import { SiskinError, UsageError } from '../../errors.ts'
import type { PacketRange } from '../../packets.ts'
import { ledgerSources } from '../../lake/ledger-walk.ts'
import type { PositionSpan } from '../../lake/ledger.ts'
import { placeOfSource } from '../../verify/source-counts.ts'
import type { Store } from '../../store/store.ts'
import { sourceBook } from '../../run/claimed-sources.ts'
import { keepDamage } from '../../run/damage.ts'

const EVERYTHING = { packets: Number.POSITIVE_INFINITY, bytes: 2 ** 40 }

interface LookedFor {
  readonly archive: Source | null
  /** Why there is none. */
  readonly why: string
  /** It may be there: it is not to be given up. */
  readonly isFault: boolean
}

/** The archives and folders that sources of a lake were read from, where they are at hand. */
export class ArchiveInput {
  readonly #store: Store
  readonly #given: readonly string[]
  #opened: Map<string, Source> | null = null
  /** By the path that the lake remembers: to tell a folder, all of it is read. */
  readonly #remembered = new Map<string, Promise<Map<string, Source>>>()
  readonly #used = new Set<Source>()

  /** @param given where sources lie now, besides those whose places the lake remembers. */
  constructor(store: Store, given: readonly string[]) {
    this.#store = store
    this.#given = given
  }

  /**
   * The source of this name; null where it is not at hand. A file with another content is another source.
   * @throws SiskinError where there is something that cannot be read: it may be the archive.
   */
  async find(name: string): Promise<Source | null> {
    this.#opened ??= await this.#open(this.#given)
    const given = this.#opened.get(name)
    if (given) this.#used.add(given)
    if (given) return given
    const path = await placeOfSource(this.#store, name)
    if (path === null) return null
    const remembered = this.#remembered.get(path) ?? this.#open([path]).catch(noneOf)
    this.#remembered.set(path, remembered)
    return (await remembered).get(name) ?? null
  }

  /** The same, and what to say where there is none. */
  async look(name: string): Promise<LookedFor> {
    try {
      const archive = await this.find(name)
      const why = archive ? '' : `the archive of ${name} is not at hand (--source)`
      return { archive, why, isFault: false }
    } catch (error) {
      if (!(error instanceof SiskinError)) throw error
      const why = `where the archive of ${name} was, something cannot be read: ${error.message}`
      return { archive: null, why, isFault: true }
    }
  }

  /** Those of the given places that nothing was asked for of. */
  get unused(): readonly string[] {
    const used = [...this.#used].map(({ path }) => path)
    return this.#given.filter((place) => {
      const below = join(place, sep)
      return !used.some((path) => path === place || path.startsWith(below))
    })
  }

  /**
   * Learns again what was known of a source; @returns its packets, null where its archive breaks off. That is
   * remembered as after a run: where all before it is in the lake.
   */
  async learn(path: string, name: string): Promise<number | null> {
    const book = sourceBook(this.#store)
    const source = (await openSources([path], { book })).find((own) => own.name === name)
    if (!source) throw new SiskinError(`${path} is not the archive of ${name} any more`)
    const done = await book.done(name)
    let isAllThere = true
    try {
      for await (const _ of rangesBut(source, done, DEFAULT_CUT)) isAllThere = false
    } catch (error) {
      if (!(error instanceof Damage)) throw error
      if (isAllThere) await keepDamage(this.#store, new Map([[name, error]]))
      return null
    }
    const record = await book.load(name)
    return record?.kind === 'file' ? record.count : null
  }

  async #open(paths: readonly string[]): Promise<Map<string, Source>> {
    if (paths.length === 0) return new Map()
    const book = await this.#lookOnly()
    const sources = await openSources(paths, { book })
    return new Map(sources.map((source) => [source.name, source]))
  }

  /** The lake's book for a look: of what it lost, the ledger still has the names. */
  async #lookOnly(): Promise<SourceBook> {
    const book = sourceBook(this.#store)
    const inLedger = await ledgerSources(this.#store)
    return {
      ...book,
      names: async () => [...new Set([...(await book.names()), ...inLedger])],
      load: async (name) => {
        const known = await book.load(name).catch((error: unknown) => {
          if (error instanceof SiskinError) return null // damaged
          throw error
        })
        return known ?? (inLedger.includes(name) ? { kind: 'lost', name } : null)
      },
      save: async () => {}
    }
  }
}

/** Nothing of what was remembered is where it was. @throws what says less than that. */
function noneOf(error: unknown): Map<string, Source> {
  if (error instanceof UsageError || error instanceof OtherContentError) return new Map()
  throw error
}

/** Packets of exactly these positions, each span as one range. No span may touch the next. */
export async function* rangesExactly(
  source: Source,
  wanted: readonly PositionSpan[]
): AsyncGenerator<PacketRange, void> {
  yield* rangesWithin(source, wanted, EVERYTHING)
}

/** Packets of these positions, cut into parts as a run cuts them. */
export async function* rangesWithin(
  source: Source,
  wanted: readonly PositionSpan[],
  cut = DEFAULT_CUT
): AsyncGenerator<PacketRange, void> {
  yield* rangesBut(source, around(wanted), cut)
}

function rangesBut(source: Source, done: readonly Span[], cut: Cut): ReturnType<Source['ranges']> {
  const allocate = (size: number) => new SharedArrayBuffer(Math.min(size, 64 * 1024 * 1024))
  return source.ranges({ done, cut, onRead: () => {}, allocate })
}

/** All positions but these. */
function around(wanted: readonly PositionSpan[]): Span[] {
  const spans: Span[] = []
  let next = 0
  for (const { first, last } of wanted.toSorted((a, b) => a.first - b.first)) {
    if (first > next) spans.push([next, first - 1])
    next = last + 1
  }
  return [...spans, [next, Number.MAX_SAFE_INTEGER]]
}
