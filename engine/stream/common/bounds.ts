import { OWN, spanOfRecord } from '../../lake/ledger.ts'
import type { PositionSpan } from '../../lake/ledger.ts'
import { fileName } from '../../store/file-name.ts'
import { readNote, replaceFile } from '../../store/replace-file.ts'
import type { Store } from '../../store/store.ts'
import type { WorkingRange } from './messages.ts'

/** What a range did to those who worked on it. */
export interface Strikes extends PositionSpan {
  readonly source: string
  /** Members that died of it, or could not bring it into the lake. */
  readonly deaths: number
  /** Transactions that took too long: too much at once, no fault of a packet. */
  readonly slow: number
  /** How it ended the last time. */
  readonly reason: string
}

export type Strike = 'death' | 'slow'

function folderOf(source: string): string {
  return `${OWN}/deaths/${fileName(source)}`
}

/** Counts a strike; kept in the lake, so that whoever owns the partition next knows of it. */
export async function countStrike(
  store: Store,
  { source, first, last }: WorkingRange,
  strike: Strike,
  reason: string
): Promise<Strikes> {
  const path = `${folderOf(source)}/${first}-${last}.json`
  const before = await readNote<Partial<Strikes>>(store, path)
  const deaths = (before?.deaths ?? 0) + (strike === 'death' ? 1 : 0)
  const slow = (before?.slow ?? 0) + (strike === 'slow' ? 1 : 0)
  const strikes = { source, first, last, deaths, slow, reason }
  await replaceFile(store, path, strikes)
  return strikes
}

/** After two deaths a range is halved: one that has so many is a single message, and not even quarantine takes it. */
const HOPELESS = 4

/**
 * How far a part may reach beyond its first message, given the deaths so far. A range that killed its member is tried once
 * more as it was; after the second death it is halved, until the packet that kills is alone.
 */
export class Bounds {
  #deaths: Strikes[] = []

  static async read(store: Store, sources: readonly string[]): Promise<Bounds> {
    const bounds = new Bounds()
    for (const source of sources) {
      for (const { path } of await store.list(folderOf(source))) {
        if (!spanOfRecord(path)) continue
        const strikes = await readNote<Strikes>(store, path)
        if (strikes) bounds.#deaths.push(strikes)
        else await store.remove(path)
      }
    }
    return bounds
  }

  /** Halves go on with one strike of the whole. */
  #strikesOf(
    source: string,
    first: number,
    last: number,
    count: (strikes: Strikes) => number
  ): number {
    const same = this.#deaths.find(
      (death) => death.source === source && death.first === first && death.last === last
    )
    const inherited = this.#deaths.some(
      (death) =>
        death.source === source &&
        death.first <= first &&
        death.last >= last &&
        death.last - death.first > last - first &&
        count(death) > 0
    )
    return (same ? count(same) : 0) + (inherited ? 1 : 0)
  }

  /** The last offset that a part may hold which begins at `first`. */
  lastOf(source: string, first: number): number {
    let most = Number.POSITIVE_INFINITY
    for (const death of this.#deaths) {
      if (death.source !== source || death.last < first) continue
      if (death.first > first) {
        most = Math.min(most, death.first - 1)
      } else if (this.#strikesOf(source, death.first, death.last, ofAnyKind) < 2) {
        most = Math.min(most, death.last)
      } else {
        const middle = Math.floor((death.first + death.last) / 2)
        most = Math.min(most, first <= middle ? middle : death.last)
      }
    }
    return most
  }

  /**
   * A single message that ended its member more than once is quarantined unread, with what it did as
   * the reason; null for all others.
   */
  poisonOf(source: string, first: number, last: number): string | null {
    if (this.#strikesOf(source, first, last, ({ deaths }) => deaths) < 2) return null
    const same = this.#deaths.find((death) => death.source === source && death.first === first)
    return same?.reason ?? 'it ended its member every time it was worked on'
  }

  /** What keeps a message of a source out of the lake and out of quarantine; null: nothing does. */
  hopeless(source: string): string | null {
    const found = this.#deaths.find(
      ({ source: own, deaths }) => own === source && deaths >= HOPELESS
    )
    return found ? `the message at ${found.first}: ${found.reason}` : null
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

function ofAnyKind({ deaths, slow }: Strikes): number {
  return deaths + slow
}
