import process from 'node:process'
import { setImmediate } from 'node:timers'
import { endsWithin } from '../../engine/enrich/ends-within.ts'
import { pure } from '../../engine/pure.ts'

/** Most a module or filter may take over one made-up batch before it is stopped. */
const MOST_MS = 10_000

/**
 * Calls a function of a contributor and stops it when it does not end.
 * @throws SiskinError naming `who`.
 */
export function inTime<T>(who: string, work: () => T): T {
  return pure(() => endsWithin(MOST_MS, who, '', work)) // around what is stopped: no `finally` runs within
}

/** The same for what may be asynchronous: what comes after its first `await` is held to the time too. */
export function inTimeLater<T>(who: string, work: () => T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    // Not from within a promise's callback: there V8 would not run those that wait.
    setImmediate(() => {
      try {
        resolve(inTime(who, () => drained(work())))
      } catch (error) {
        reject(error)
      }
    })
  })
}

function drained<T>(given: T | Promise<T>): T | Promise<T> {
  if (given instanceof Promise) {
    given.catch(() => {}) // whoever awaits it hears of it
    ;(process as unknown as { _tickCallback(): void })._tickCallback()
  }
  return given
}
