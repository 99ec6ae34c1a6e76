import { surveyOf } from '../duplicates/decode-once.ts'
import { catchUpIndex, streamSources } from '../duplicates/catch-up.ts'
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
  readonly #warn: (message: string) => void
  #writing = Promise.resolve()

  private constructor(
    store: Store,
    writers: ReadonlyMap<string, IndexWriter>,
    warn: (message: string) => void
  ) {
    this.#store = store
    this.#writers = writers
    this.#warn = warn
  }

  /** Also puts into the table what the lake holds and the index does not: of these sources, and of streams. Others are brought into it. */
  static async open(
    store: Store,
    sources: readonly string[],
    seen: SeenAlerts,
    warn: (message: string) => void
  ): Promise<RunIndex> {
    const writers = new Map<string, IndexWriter>()
    for (const source of sources) {
      const writer = await IndexWriter.open(store, source, TRIGGER)
      writers.set(source, writer)
      remember(seen, writer.young)
    }
    await catchUpIndex(store, sources, warn)
    await atOnce(await streamSources(store), SOURCES_AT_ONCE, async (source) => {
      remember(seen, await youngParts(store, source, MOST_YOUNG))
    })
    return new RunIndex(store, writers, warn)
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
