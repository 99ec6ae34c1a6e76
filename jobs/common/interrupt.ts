import { SiskinError } from '../../engine/errors.ts'

/** A command was told to stop, and made nothing: exit code 130. */
export class Interrupted extends SiskinError {
  override readonly name = 'Interrupted'
  override readonly code = 'interrupted'
}

/** What Ctrl-C, or whoever manages the process, tells a command. */
export interface Interrupt {
  /** Aborted at the first time; at the second the process ends. */
  readonly signal: AbortSignal
  /** The command is over: from now on a signal does what it does by itself. */
  end(): void
}

/**
 * Lets a command end what it has in hand when it is told to stop (SIGINT, SIGTERM); told once more it ends at once, with
 * exit code 130.
 * @param onFirst says what is going on
 */
export function interruptible(onFirst: () => void = () => {}): Interrupt {
  const stop = new AbortController()
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(130)
    stop.abort()
    onFirst()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    signal: stop.signal,
    end() {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    }
  }
}
