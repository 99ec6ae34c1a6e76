import { randomBytes } from 'node:crypto'
import type { Survey } from '../../contract/index.ts'
import { surveyOf } from '../../duplicates/decode-once.ts'
import type { Meet } from '../../duplicates/decode-once.ts'
import { behindMarks, markBehind } from '../../duplicates/behind.ts'
import { IndexWriter } from '../../duplicates/index-writer.ts'
import type { IndexTrigger } from '../../duplicates/index-writer.ts'
import type { MarkedPart } from '../../duplicates/index-files.ts'
import { MarkTable } from '../../duplicates/mark-table.ts'
import { readMarks } from '../../duplicates/marks.ts'
import type { SeenIndex } from '../../duplicates/seen-index.ts'
import { messageOf } from '../../errors.ts'
import { atOnce } from '../../store/at-once.ts'
import type { PartRecord } from '../../lake/ledger.ts'
import { partName } from '../../lake/ledger.ts'
import type { Store } from '../../store/store.ts'

/** What a partition has in memory, and what its next owner has to read, is no more than that. */
const TRIGGER: IndexTrigger = { parts: 64, marks: 20_000, gapless: false }
/** What is young of a partition goes into the index when nothing came for so long, for those who have others. */
const QUIET_MS = 60_000
const SOURCES_AT_ONCE = 4

interface OwnSource {
  /** Resolves when what landed and is not in the index is in memory. */
  readonly opened: Promise<void>
  writer: IndexWriter | null
  writing: Promise<void>
  /** Marks that the source is behind: of members before, and its own while parts may land. */
  behind: string[]
  marked: Promise<void> | null
  /** Parts that are committed, and that the writer has not heard of yet. */
  unheard: number
  /** When the last part landed, ms since 1970. */
  landed: number
}

interface Claimed {
  readonly survey: Survey
  readonly mark: [low: number, high: number, digest: number]
}

/**
 * The alerts of a member's partitions that the index does not have yet: those of parts that landed lately,
 * read from the ledger when a partition is taken over, and those of parts on their way. The latter count for
 * the parts made after them, which never land without them; of parts that are dropped they are forgotten.
 */
export class DuplicateWindow {
  readonly #store: Store
  readonly #index: SeenIndex
  readonly #warn: (message: string) => void
  /** No two that ever live have the same. */
  readonly #name = randomBytes(6).toString('hex')
  #marks = 0
  readonly #table = new MarkTable()
  readonly #sources = new Map<string, OwnSource>()
  /** By part, on their way: what they claimed, and their records once they are made. */
  readonly #claimed = new Map<string, Claimed[]>()
  readonly #made = new Map<string, PartRecord>()

  constructor(store: Store, index: SeenIndex, warn: (message: string) => void) {
    this.#store = store
    this.#index = index
    this.#warn = warn
  }

  /** Marks in memory. */
  get size(): number {
    return this.#table.size
  }

  /** The partitions of a new assignment; of those before nothing is on its way any more. */
  take(sources: readonly string[]): void {
    this.#sources.clear()
    this.#claimed.clear()
    this.#made.clear()
    this.#table.clear()
    const before = behindMarks(this.#store)
    before.catch(() => {}) // heard of with each partition
    const opening = sources.map((source) => {
      const { promise: opened, resolve, reject } = Promise.withResolvers<void>()
      opened.catch(() => {}) // heard of when a part of it is made
      const own: OwnSource = {
        opened,
        writer: null,
        writing: Promise.resolve(),
        behind: [],
        marked: null,
        unheard: 0,
        landed: Date.now()
      }
      this.#sources.set(source, own)
      return async () => this.#open(source, own, before).then(resolve, reject)
    })
    void atOnce(opening, SOURCES_AT_ONCE, (open) => open())
  }

  async #open(source: string, own: OwnSource, before: ReturnType<typeof behindMarks>) {
    own.behind = (await before).get(source) ?? []
    const writer = await IndexWriter.open(this.#store, source, TRIGGER)
    this.#index.refresh() // a former owner may have written into it
    if (this.#sources.get(source) !== own) return
    own.writer = writer
    for (const part of writer.young) this.#each(part, (...mark) => this.#table.add(...mark))
  }

  /** Waits until all is known that landed of a partition. @throws what the store fails of. */
  async ready(source: string): Promise<void> {
    await this.#sources.get(source)?.opened
  }

  /** Begins to make a part, or begins it again: the function claims an alert for it. */
  begin(part: string): Meet {
    this.#forget(part)
    const claimed: Claimed[] = []
    this.#claimed.set(part, claimed)
    return (survey, ...mark) => {
      const met = this.#table.meet(survey, ...mark)
      if (met === 'copy') return met
      this.#table.add(survey, ...mark)
      claimed.push({ survey, mark })
      return met
    }
  }

  /** Resolves when it is noted that the index is behind with its source: before that nothing of it may land. */
  async made(record: PartRecord): Promise<void> {
    this.#made.set(nameOf(record), record)
    const own = this.#sources.get(record.source)
    if (!own) return
    own.marked ??= this.#mark(record.source, own)
    await own.marked
  }

  async #mark(source: string, own: OwnSource): Promise<void> {
    try {
      own.behind.push(await markBehind(this.#store, source, `${this.#name}-${this.#marks++}`))
    } catch (error) {
      own.marked = null
      this.#warn(`that ${source} is in work cannot be noted for others: ${messageOf(error)}`)
    }
  }

  /** A part that a thread before this one made, and that is not committed yet. */
  madeBefore(record: PartRecord): void {
    const claimed: Claimed[] = []
    this.#each(record, (survey, ...mark) => {
      this.#table.add(survey, ...mark)
      claimed.push({ survey, mark })
    })
    this.#claimed.set(nameOf(record), claimed)
    this.#made.set(nameOf(record), record) // its source was marked by that thread
  }

  committed(part: string): void {
    const record = this.#made.get(part)
    this.#claimed.delete(part)
    this.#made.delete(part)
    const own = record && this.#sources.get(record.source)
    if (!own) return
    own.landed = Date.now()
    own.unheard++
    own.writing = own.writing
      .then(() => own.opened)
      .then(
        () => own.writer?.add(record),
        () => {} // the partition is not read, nor indexed, until it can be
      )
      .then(() => void own.unheard--)
    this.#write(record.source, own, false)
  }

  /** None of the parts on their way will land. */
  dropped(): void {
    for (const part of this.#claimed.keys()) this.#forget(part)
  }

  /** To be called from time to time: puts what is left of quiet partitions into the index. */
  tidy(now = Date.now()): void {
    for (const [source, own] of this.#sources) {
      if (!own.writer || own.behind.length === 0 || now - own.landed < QUIET_MS) continue
      own.landed = now
      this.#write(source, own, true)
    }
  }

  /** An orderly end: all that landed goes into the index. */
  async close(): Promise<void> {
    for (const [source, own] of this.#sources) if (own.writer) this.#write(source, own, true)
    await this.idle()
  }

  /** Resolves when what was begun to be written is. */
  async idle(): Promise<void> {
    await Promise.all([...this.#sources.values()].map(({ writing }) => writing))
  }

  #write(source: string, own: OwnSource, all: boolean): void {
    const write = async () => {
      const done = await own.writer?.write(all)
      if (done) {
        this.#index.wrote(done.files) // before they are forgotten here
        for (const part of done.parts) this.#each(part, (...mark) => this.#table.remove(...mark))
      }
      if (all) await this.#settle(source, own)
    }
    own.writing = own.writing.then(write).catch((error: unknown) => {
      this.#warn(`the index of copies of ${source} is behind: ${messageOf(error)}`)
    })
  }

  /** All that landed is in the index, and nothing is on its way: the source is behind no more. */
  async #settle(source: string, own: OwnSource): Promise<void> {
    const isMade = [...this.#made.values()].some((record) => record.source === source)
    const isOnItsWay = isMade || own.unheard > 0
    const isOwn = this.#sources.get(source) === own
    if (!isOwn || isOnItsWay || !own.writer || own.writer.young.length > 0) return
    const marks = own.behind
    own.behind = []
    own.marked = null
    for (const mark of marks) await this.#store.remove(mark)
  }

  #forget(part: string): void {
    for (const { survey, mark } of this.#claimed.get(part) ?? []) {
      this.#table.remove(survey, ...mark)
    }
    this.#claimed.delete(part)
    this.#made.delete(part)
  }

  #each({ marks = {} }: MarkedPart, visit: (survey: Survey, ...mark: Claimed['mark']) => void) {
    for (const [night, list] of readMarks(marks)) {
      for (const mark of list) visit(surveyOf(night), ...mark)
    }
  }
}

function nameOf({ source, first, last }: PartRecord): string {
  return partName(source, first, last)
}
