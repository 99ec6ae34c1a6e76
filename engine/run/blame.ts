import { dirname } from 'node:path/posix'
import { OWN } from '../lake/ledger.ts'
import { readNote, replaceFile } from '../store/replace-file.ts'
import type { Store } from '../store/store.ts'

/** Packets [first, last] of a source. */
export interface BlamedRange {
  readonly source: string
  readonly first: number
  readonly last: number
}

interface Noted {
  /** What is being worked on now. */
  readonly working: readonly BlamedRange[]
  /** What was being worked on when a process died, once for every death. */
  readonly deaths: readonly BlamedRange[]
}

const DEATHS = `${OWN}/deaths`
const pathOf = (source: string) => `${DEATHS}/${source}/run.json`

/**
 * What processes were working on when they died, of something that no thread survives (memory, a fault in a
 * library): noted in the lake before the work begins, so that it is known whatever died with them. The range that did
 * it is halved until the packet is alone, as when a member dies. Each source has a note of its own: who runs one of them
 * alone is to know of it too.
 */
export class Blame {
  readonly #store: Store
  readonly #deaths: ReadonlyMap<string, readonly BlamedRange[]>
  /** Sources that have something in their notes. */
  readonly #noted: Set<string>
  /** Those of which ranges are in work by their notes. */
  #working: readonly string[] = []
  /** Notes are written one after the other. */
  #writing = Promise.resolve()

  private constructor(store: Store, deaths: ReadonlyMap<string, readonly BlamedRange[]>) {
    this.#store = store
    this.#deaths = deaths
    this.#noted = new Set(deaths.keys())
  }

  /** To be called by the run that has claimed the sources: what was in work is what its process died of. */
  static async open(store: Store, sources: readonly string[]): Promise<Blame> {
    const deaths = new Map<string, readonly BlamedRange[]>()
    const known = new Set((await store.entries(DEATHS)).map(({ name }) => name))
    for (const source of sources.filter((own) => known.has(own))) {
      const noted = await readNote<Partial<Noted>>(store, pathOf(source)) // one that is damaged is written anew
      const all = [...(noted?.deaths ?? []), ...(noted?.working ?? [])]
      await replaceFile(store, pathOf(source), { working: [], deaths: all })
      deaths.set(source, all)
    }
    return new Blame(store, deaths)
  }

  /** Resolves when it is noted that these ranges are in work. */
  working(ranges: readonly BlamedRange[]): Promise<void> {
    const writing = this.#writing.then(() => this.#note(ranges))
    this.#writing = writing.catch(() => {}) // whoever waits for this note hears of it
    return writing
  }

  async #note(ranges: readonly BlamedRange[]): Promise<void> {
    const bySource = Map.groupBy(ranges, ({ source }) => source)
    for (const source of new Set([...this.#working, ...bySource.keys()])) {
      this.#noted.add(source)
      await replaceFile(this.#store, pathOf(source), {
        working: bySource.get(source) ?? [],
        deaths: this.#deaths.get(source) ?? []
      })
    }
    this.#working = [...bySource.keys()]
  }

  /** How often processes died of a range; its halves go on with one death of the whole. */
  deathsOf(source: string, first: number, last: number): number {
    const own = this.#deaths.get(source) ?? []
    const same = own.filter((death) => death.first === first && death.last === last).length
    const isInside = own.some(
      (death) =>
        death.first <= first && death.last >= last && death.last - death.first > last - first
    )
    return same + (isInside ? 1 : 0)
  }

  /** What is in work is not to blame: the run came to its end, or somebody ended it. */
  async forget(): Promise<void> {
    await this.#writing
    for (const source of this.#noted) await this.#store.remove(dirname(pathOf(source)))
  }
}
