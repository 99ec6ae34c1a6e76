import { OWN } from '../persist/ledger.ts'
import type { Store } from '../persist/store.ts'

/** A range that was being worked on when its member died, and how often. */
export interface Death {
  readonly source: string
  readonly first: number
  readonly last: number
  readonly deaths: number
}

function folderOf(source: string): string {
  return `${OWN}/deaths/${source}`
}

/** Counts a death; kept in the lake, so that whoever owns the partition next knows of it. */
export async function countDeath(
  store: Store,
  source: string,
  first: number,
  last: number
): Promise<number> {
  const path = `${folderOf(source)}/${first}-${last}.json`
  const before = (await store.size(path)) === null ? 0 : await deathsIn(store, path)
  const staged = `${path}.new`
  await store.remove(staged)
  await store.write(staged, [Buffer.from(JSON.stringify({ deaths: before + 1 }))])
  await store.rename(staged, path)
  await store.settle([folderOf(source)])
  return before + 1
}

async function deathsIn(store: Store, path: string): Promise<number> {
  const { deaths } = JSON.parse(Buffer.from(await store.read(path)).toString()) as Partial<Death>
  return deaths ?? 0
}

/**
 * How far a part may reach beyond its first message, given the deaths so far. A range that killed its member is tried once
 * more as it was; after the second death it is halved, until the packet that kills is alone.
 */
export class Bounds {
  #deaths: Death[] = []

  static async read(store: Store, sources: readonly string[]): Promise<Bounds> {
    const bounds = new Bounds()
    for (const source of sources) {
      for (const { path } of await store.list(folderOf(source))) {
        const match = /\/(\d+)-(\d+)\.json$/.exec(path)
        if (!match) continue
        const deaths = await deathsIn(store, path)
        bounds.#deaths.push({ source, first: Number(match[1]), last: Number(match[2]), deaths })
      }
    }
    return bounds
  }

  /** Halves go on with one death of the whole. */
  #deathsOf(source: string, first: number, last: number): number {
    const same = this.#deaths.find(
      (death) => death.source === source && death.first === first && death.last === last
    )
    const inherited = this.#deaths.some(
      (death) =>
        death.source === source &&
        death.first <= first &&
        death.last >= last &&
        death.last - death.first > last - first
    )
    return (same?.deaths ?? 0) + (inherited ? 1 : 0)
  }

  /** The last offset that a part may hold which begins at `first`. */
  lastOf(source: string, first: number): number {
    let most = Number.POSITIVE_INFINITY
    for (const death of this.#deaths) {
      if (death.source !== source || death.last < first) continue
      if (death.first > first) {
        most = Math.min(most, death.first - 1)
      } else if (this.#deathsOf(source, death.first, death.last) < 2) {
        most = Math.min(most, death.last)
      } else {
        const middle = Math.floor((death.first + death.last) / 2)
        most = Math.min(most, first <= middle ? middle : death.last)
      }
    }
    return most
  }

  /** It killed its member more than once: a single message of that kind is quarantined unread. */
  isPoison(source: string, first: number, last: number): boolean {
    return this.#deathsOf(source, first, last) >= 2
  }

  /** Forgets ranges that are in the lake. */
  async landed(store: Store, source: string, last: number): Promise<void> {
    const past = this.#deaths.filter((death) => death.source === source && death.last <= last)
    if (past.length === 0) return
    this.#deaths = this.#deaths.filter((death) => !past.includes(death))
    for (const death of past) {
      await store.remove(`${folderOf(source)}/${death.first}-${death.last}.json`)
    }
  }
}
