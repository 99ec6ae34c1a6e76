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

/**
 * What processes were working on when they died, of something that no thread survives (memory, a fault in a
 * library): noted in the lake before the work begins, so that it is known whatever died with them. The range that did
 * it is halved until the packet is alone, as when a member dies.
 */
export class Blame {
  readonly #store: Store
  readonly #path: string
  readonly #deaths: readonly BlamedRange[]
  /** Notes are written one after the other. */
  #writing = Promise.resolve()

  private constructor(store: Store, path: string, deaths: readonly BlamedRange[]) {
    this.#store = store
    this.#path = path
    this.#deaths = deaths
  }

  /** To be called by the run that has claimed the source: what was in work is what its process died of. */
  static async open(store: Store, source: string): Promise<Blame> {
    const path = `${OWN}/deaths/${source}/run.json`
    const { working = [], deaths = [] } = (await readNote<Partial<Noted>>(store, path)) ?? {}
    const all = [...deaths, ...working]
    await replaceFile(store, path, { working: [], deaths: all })
    return new Blame(store, path, all)
  }

  /** Resolves when it is noted that these ranges are in work. */
  working(ranges: readonly BlamedRange[]): Promise<void> {
    const noted: Noted = { working: ranges, deaths: this.#deaths }
    const writing = this.#writing.then(() => replaceFile(this.#store, this.#path, noted))
    this.#writing = writing.catch(() => {}) // whoever waits for this note hears of it
    return writing
  }

  /** How often processes died of a range; its halves go on with one death of the whole. */
  deathsOf(source: string, first: number, last: number): number {
    const own = this.#deaths.filter((death) => death.source === source)
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
    await this.#store.remove(dirname(this.#path))
  }
}
