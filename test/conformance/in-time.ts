import process from 'node:process'
import { setImmediate } from 'node:timers'
import { Script } from 'node:vm'
import { pure } from '../../engine/pure.ts'

/** Most a module or filter may take over one made-up batch before it is stopped. */
const MOST_MS = 10_000

const call = new Script('globalThis.siskinUnderTest()')

/** Something was stopped that does not end. */
class Endless extends Error {}

/**
 * Calls a function of a contributor and stops it when it does not end.
 * @throws Endless naming `who`.
 */
export function inTime<T>(who: string, work: () => T): T {
  try {
    return pure(() => stopped(work)) // around what is stopped: no `finally` runs within
  } catch (error) {
    if (!isTimeout(error)) throw error
    throw new Endless(
      `${who} does not end: it was stopped after ${MOST_MS / 1000} s; is there a loop that never ends?`,
      { cause: error }
    )
  }
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

function stopped<T>(work: () => T): T {
  const holder = globalThis as { siskinUnderTest?: () => T }
  holder.siskinUnderTest = work
  return call.runInThisContext({ timeout: MOST_MS }) as T
}

function isTimeout(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
}
