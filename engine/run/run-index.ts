import { surveyOf } from '../duplicates/decode-once.ts'
import { behindMarks, behindSources, markBehind } from '../duplicates/behind.ts'
import { catchUpIndex, streamsAmong } from '../duplicates/catch-up.ts'
import { IndexWriter, youngParts } from '../duplicates/index-writer.ts'
import type { IndexTrigger } from '../duplicates/index-writer.ts'
import type { MarkedPart } from '../duplicates/index-files.ts'
import { readMarks } from '../duplicates/marks.ts'
import { messageOf } from '../errors.ts'
import { atOnce } from '../store/at-once.ts'
import type { PartRecord } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'
import type { SeenAlerts } from './seen.ts'

/** Files of the index are as large as that for a source of files: 600 kB. */
const TRIGGER: IndexTrigger = { parts: Number.POSITIVE_INFINITY, marks: 50_000, gapless: true }
/** Parts of a partition that its stream may not have put into the index yet. */
const MOST_YOUNG = 80
const SOURCES_AT_ONCE = 8

/** Keeps the index of copies for the sources of a run: as their parts land, and to the last when the run ends. */
export class RunIndex {
  readonly #store: Store
  readonly #writers: ReadonlyMap<string, IndexWriter>
  /** By source, the marks that it is behind. */
  readonly #marks: ReadonlyMap<string, readonly string[]>
  readonly #warn: (message: string) => void
  #writing = Promise.resolve()

  private constructor(
    store: Store,
    writers: ReadonlyMap<string, IndexWriter>,
    marks: ReadonlyMap<string, readonly string[]>,
    warn: (message: string) => void
  ) {
    this.#store = store
    this.#writers = writers
    this.#marks = marks
    this.#warn = warn
  }

  /**
   * Also puts into the table what the lake holds and the index does not: of these sources, and of streams. Others are brought into it.
   * @param runs the numbers of their claims, by source
   */
  static async open(
    store: Store,
    runs: ReadonlyMap<string, number>,
    seen: SeenAlerts,
    warn: (message: string) => void
  ): Promise<RunIndex> {
    const writers = new Map<string, IndexWriter>()
    const before = await behindMarks(store)
    const marks = new Map<string, string[]>()
    for (const [source, run] of runs) {
      const own = await markBehind(store, source, String(run)).catch((error: unknown) => {
        warn(`that ${source} is in work cannot be noted for others: ${messageOf(error)}`)
      })
      marks.set(source, [...(before.get(source) ?? []), ...(own ? [own] : [])])
      const writer = await IndexWriter.open(store, source, TRIGGER)
      writers.set(source, writer)
      remember(seen, writer.young)
    }
    await catchUpIndex(store, [...runs.keys()], warn)
    const streams = await streamsAmong(store, await behindSources(store))
    await atOnce(streams, SOURCES_AT_ONCE, async (source) => {
      remember(seen, await youngParts(store, source, MOST_YOUNG))
    })
    return new RunIndex(store, writers, marks, warn)
  }

  landed(record: PartRecord): void {
    const writer = this.#writers.get(record.source)
    if (!writer) return
    writer.add(record)
    this.#write(record.source, writer, false)
  }

  async close(): Promise<void> {
    for (const [source, writer] of this.#writers) this.#write(source, writer, true)
    await this.#writing
    for (const [source, { young }] of this.#writers) {
      if (young.length > 0) continue
      for (const mark of this.#marks.get(source) ?? []) await this.#store.remove(mark)
    }
  }

  /**
   * After a failure, as far as that can be done: of parts that landed last nobody may have heard. What cannot is
   * done by the next run, or a repair; why not is what the run failed of. `check` throws where a source is another's
   * by now.
   */
  async settle(check: (source: string) => Promise<void>): Promise<void> {
    await this.#writing
    for (const source of this.#writers.keys()) {
      try {
        await check(source)
        const writer = await IndexWriter.open(this.#store, source, TRIGGER)
        while (await writer.write(true));
      } catch {
        return
      }
    }
  }

  #write(source: string, writer: IndexWriter, all: boolean): void {
    const write = async () => {
      while (await writer.write(all)); // files of one size, then the rest
    }
    this.#writing = this.#writing.then(write).catch((error: unknown) => {
      this.#warn(
        `copies of the alerts of ${source} are not recognised until it is run again: ${messageOf(error)}`
      )
    })
  }
}

function remember(seen: SeenAlerts, parts: readonly MarkedPart[]): void {
  for (const { marks = {} } of parts) {
    for (const [night, list] of readMarks(marks)) {
      for (const mark of list) seen.remember(surveyOf(night), ...mark)
    }
  }
}
