import { setTimeout as delay } from 'node:timers/promises'
import type { LookupStatus } from '../../contract/index.ts'
import { messageOf, SiskinError } from '../../errors.ts'
import type { Asked, Matches, Positions, Wanted } from '../asked.ts'
import { fromText } from '../kinds.ts'
import type { AnswerBook } from './answer-book.ts'
import { Breaker } from './breaker.ts'
import { xmatch } from './service.ts'
import type { Near, Place, Table } from './service.ts'

/** Places of one call; the service takes more, and answers later. */
const BLOCK = 10_000
const TIMEOUT_MS = 30_000
/** Batches whose questions wait for the service; those of more are not asked. */
const MOST_WAITING = 8
/** One more try, after a moment. */
const PAUSE_MS = 500

export interface CdsOptions {
  readonly name: string
  readonly table: Table
  /** What was answered before, by the radius that was asked. */
  readonly book: (radius: number) => AnswerBook
  /** Columns that anybody wants: all are asked at once. */
  readonly columns: readonly string[]
  /** Milliseconds that a batch waits for answers at most. */
  readonly budget: number
  readonly warn: (message: string) => void
}

type Answer = Near | null | 'unavailable'

/**
 * A table of the CDS that is asked over the network. Of a batch only what nobody asked before; what has no answer when the
 * budget is spent is `unavailable`, and known when the alert's object is seen again: calls go on beside the work.
 */
export function askCds(options: CdsOptions): Asked {
  const breaker = new Breaker()
  let isTold = false
  let call: Promise<void> = Promise.resolve()
  let waiting = 0
  const askBlock = async (book: AnswerBook, block: readonly Place[], radius: number) => {
    try {
      const places = block.filter((place) => book.find(place) === undefined)
      if (places.length === 0 || !breaker.mayAsk()) return
      book.keep(places, await twice(options, places, radius))
      breaker.succeeded()
      isTold = false
    } catch (error) {
      breaker.failed()
      if (!isTold)
        options.warn(
          `catalogue ${options.name}: ${messageOf(error)}; who asks meanwhile gets "unavailable"`
        )
      isTold = true
    }
  }
  return {
    name: options.name,
    version: 'live',
    async nearest(positions, { radius }, wanted) {
      const book = options.book(radius)
      const places = placesOf(positions)
      const unknown = distinct(places.filter((place) => place && book.find(place) === undefined))
      if (unknown.length > 0 && waiting < MOST_WAITING) {
        waiting++
        // One call at a time, the others behind it: a slow service is not asked the faster.
        call = call.then(async () => {
          for (let from = 0; from < unknown.length; from += BLOCK) {
            await askBlock(book, unknown.slice(from, from + BLOCK), radius)
          }
          waiting--
        })
        await Promise.race([call, delay(options.budget, null, { ref: false })])
      }
      const answers = places.map((place): Answer => {
        if (!place) return null
        const found = book.find(place)
        return found === undefined ? 'unavailable' : found
      })
      return matchesOf(answers, wanted)
    }
  }
}

/** A text that is no value of its kind says nothing, and neither does NaN. */
function saying(value: unknown): unknown {
  return value === undefined || Number.isNaN(value) ? null : value
}

async function twice(
  { table, columns }: CdsOptions,
  places: readonly Place[],
  radius: number
): Promise<(Near | null)[]> {
  const once = () =>
    xmatch(table, places, { columns, radius, signal: AbortSignal.timeout(TIMEOUT_MS) })
  try {
    return await once()
  } catch (error) {
    if (!(error instanceof SiskinError && error.canRetry)) throw error
    await delay(PAUSE_MS * (1 + Math.random())) // not all members at the same moment
    return await once()
  }
}

/** Null for none. */
function placesOf({ ra, dec }: Positions): (Place | null)[] {
  return Array.from(ra, (value, row) =>
    Number.isNaN(value) || Number.isNaN(dec[row]) ? null : { ra: value, dec: dec[row]! }
  )
}

function distinct(places: readonly (Place | null)[]): Place[] {
  const found = new Map<string, Place>()
  for (const place of places) if (place) found.set(`${place.ra} ${place.dec}`, place)
  return [...found.values()]
}

function matchesOf(answers: readonly Answer[], wanted: Wanted): Matches {
  const near = (row: number): Near | null => {
    const answer = answers[row]
    return answer === 'unavailable' || !answer ? null : answer
  }
  return {
    status: (row): LookupStatus => {
      if (answers[row] === 'unavailable') return 'unavailable'
      return near(row) ? 'found' : 'none'
    },
    separation: (row) => near(row)?.separation ?? null,
    value: (column, row) => {
      const found = near(row)
      const text = found?.values[column]?.trim() ?? ''
      return text === '' ? null : saying(fromText(text, wanted.get(column)!))
    }
  }
}
