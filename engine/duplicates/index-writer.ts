import { ledgerPath, spansFrom } from '../lake/ledger.ts'
import type { PositionSpan } from '../lake/ledger.ts'
import { packedAt } from '../lake/records.ts'
import { readNote } from '../store/replace-file.ts'
import type { Store } from '../store/store.ts'
import { indexedUpTo, removeDrafts, setIndexedUpTo, writeIndex } from './index-files.ts'
import type { MarkedPart, WrittenFile } from './index-files.ts'
import { MARK_BYTES } from './marks.ts'

/** A record that is torn counts as none. */
async function markedAt(
  store: Store,
  source: string,
  span: PositionSpan
): Promise<MarkedPart | null> {
  const alone = await readNote<MarkedPart>(store, ledgerPath(source, span.first, span.last))
  return alone ?? (await packedAt<MarkedPart>(store, source, span))
}

/** Records that are read at the same time. */
const READ_AT_ONCE = 8

/** When parts that are in no index file yet are put into one: whichever comes first. */
export interface IndexTrigger {
  readonly parts: number
  readonly marks: number
  /** Parts of the source may land out of order: what lies behind a hole has to wait. */
  readonly gapless: boolean
}

/** What was put into the index: its parts are young no more. */
export interface Indexed {
  readonly files: readonly WrittenFile[]
  readonly parts: readonly MarkedPart[]
}

/**
 * Puts the marks of a source's parts into the index as they land. One writer a source; a second one, of a member
 * that was overtaken, writes nothing wrong, only twice.
 */
export class IndexWriter {
  /** Parts that landed and are not in the index, ascending. */
  young: MarkedPart[] = []
  readonly #store: Store
  readonly #source: string
  readonly #trigger: IndexTrigger
  #next: number

  private constructor(store: Store, source: string, trigger: IndexTrigger, next: number) {
    this.#store = store
    this.#source = source
    this.#trigger = trigger
    this.#next = next
  }

  /** Reads what landed since the index was written last, and brings it up to date. */
  static async open(store: Store, source: string, trigger: IndexTrigger): Promise<IndexWriter> {
    await removeDrafts(store, source)
    const next = await indexedUpTo(store, source)
    const writer = new IndexWriter(store, source, trigger, next)
    for await (const part of landedFrom(store, source, next)) {
      writer.add(part)
      await writer.write()
    }
    return writer
  }

  /** A part that is known already is not added again. */
  add({ first, last, started, marks }: MarkedPart): void {
    if (first < this.#next || this.young.some((other) => other.first === first)) return
    const at = this.young.findLastIndex((other) => other.first < first) + 1
    this.young.splice(at, 0, { first, last, started, ...(marks && { marks }) })
  }

  /** Writes what is due, or all that can be. Null if that is nothing. */
  async write(all = false): Promise<Indexed | null> {
    const parts = this.#due(all)
    const last = parts.at(-1)
    if (!last) return null
    const files = await writeIndex(this.#store, this.#source, parts)
    await setIndexedUpTo(this.#store, this.#source, last.last + 1)
    this.#next = last.last + 1
    const done = new Set(parts)
    this.young = this.young.filter((part) => !done.has(part))
    return { files, parts }
  }

  /** The parts of the next file, in order; none if they are too few. */
  #due(all: boolean): MarkedPart[] {
    const { parts: most, marks: full, gapless } = this.#trigger
    const due: MarkedPart[] = []
    let marks = 0
    for (const part of this.young) {
      const end = due.at(-1)
      if (gapless && part.first !== (end ? end.last + 1 : this.#next)) break
      due.push(part)
      marks += marksIn(part)
      if (due.length >= most || marks >= full) return due
    }
    return all ? due : []
  }
}

/** How many alerts of a part can be told again. */
export function marksIn({ marks = {} }: MarkedPart): number {
  const texts = Object.values(marks)
  return texts.reduce((sum, text) => sum + Math.floor((text.length * 3) / 4 / MARK_BYTES), 0)
}

/** The parts of a source that landed and are not in the index yet, at most the youngest so many. */
export async function youngParts(
  store: Store,
  source: string,
  most: number
): Promise<MarkedPart[]> {
  const next = await indexedUpTo(store, source)
  return Array.fromAsync(landedFrom(store, source, next, most))
}

/** A record that is torn is passed over: its copies may stay, and `repair` makes both it and the index again. */
export async function* landedFrom(
  store: Store,
  source: string,
  next: number,
  most = Number.POSITIVE_INFINITY
): AsyncGenerator<MarkedPart, void> {
  const spans = (await spansFrom(store, source, next)).slice(-most)
  for (let at = 0; at < spans.length; at += READ_AT_ONCE) {
    const some = spans.slice(at, at + READ_AT_ONCE)
    const records = await Promise.all(some.map((span) => markedAt(store, source, span)))
    yield* records.filter((record) => record !== null)
  }
}
