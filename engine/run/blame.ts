import { existsSync, readFileSync, writeFileSync } from 'node:fs'

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
 * What a process was working on when it died, of something that no thread survives (memory, a fault in a
 * library): noted in a file of its guard's, who starts it again. So the range that did it is halved until the packet is
 * alone, as when a member dies.
 */
export class Blame {
  readonly #path: string
  readonly #deaths: readonly BlamedRange[]

  private constructor(path: string, deaths: readonly BlamedRange[]) {
    this.#path = path
    this.#deaths = deaths
  }

  static open(path: string): Blame {
    return new Blame(path, read(path).deaths)
  }

  working(ranges: readonly BlamedRange[]): void {
    const noted: Noted = { working: ranges, deaths: this.#deaths }
    writeFileSync(this.#path, JSON.stringify(noted))
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
}

/** To be called by the guard when the process has died: what it worked on is to blame. False: it worked on nothing. */
export function blame(path: string): boolean {
  const { working, deaths } = read(path)
  writeFileSync(path, JSON.stringify({ working: [], deaths: [...deaths, ...working] }))
  return working.length > 0
}

function read(path: string): Noted {
  if (!existsSync(path)) return { working: [], deaths: [] }
  return JSON.parse(readFileSync(path, 'utf8')) as Noted
}
