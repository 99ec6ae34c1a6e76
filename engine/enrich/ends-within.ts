import { Script } from 'node:vm'
import { codeOf, SiskinError } from '../errors.ts'

const call = new Script('globalThis.siskinInTime()')

/** Something of a contributor was stopped that does not end. */
class EndlessError extends SiskinError {
  override readonly name = 'EndlessError'
  override readonly code = 'endless'
}

/**
 * Calls a function of a contributor, and stops it when it does not end: for where nobody else watches. No `finally` within what
 * is stopped runs.
 * @param where `over 100 alerts`
 * @throws EndlessError naming `who`
 */
export function endsWithin<T>(ms: number, who: string, where: string, work: () => T): T {
  const holder = globalThis as { siskinInTime?: () => T }
  holder.siskinInTime = work
  try {
    return call.runInThisContext({ timeout: ms }) as T
  } catch (error) {
    if (codeOf(error) !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
    throw new EndlessError(
      `${who} does not end: it was stopped after ${ms / 1000} s${where}; is there a loop that never ends?`,
      1,
      { cause: error }
    )
  } finally {
    delete holder.siskinInTime
  }
}

export function isEndless(error: unknown): error is SiskinError {
  return error instanceof EndlessError
}
