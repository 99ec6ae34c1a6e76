import { messageOf, OutageError, SiskinError, UsageError } from '../errors.ts'
import { isOutage } from '../store/errors.ts'

/** An error as it goes from a thread to who started it. */
export interface Failure {
  readonly message: string
  readonly exitCode: 1 | 2
  /** Something outside does not take or give anything: no fault of the packets. */
  readonly isOutage: boolean
}

export function failureOf(error: unknown): Failure {
  const isOurs = error instanceof SiskinError
  return {
    message: isOurs || !(error instanceof Error) ? messageOf(error) : stackOf(error),
    exitCode: isOurs ? error.exitCode : 1,
    isOutage: error instanceof OutageError || error instanceof UsageError || isOutage(error)
  }
}

/** An error that is not one of ours is a defect: its stack helps whoever mends it. */
function stackOf(error: Error): string {
  return error.stack ?? error.message
}
