import { CommanderError } from 'commander'
import { messageOf, SiskinError } from '../engine/errors.ts'
import { buildProgram } from './program.ts'

/** Says what went wrong, if nobody has, and returns the exit code: 1 it failed, 2 it was asked wrongly. */
function tell(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof SiskinError) {
    console.error(`siskin: ${error.message}`)
    return error.exitCode
  }
  console.error(`siskin: unexpected: ${error instanceof Error ? error.stack : messageOf(error)}`)
  return 1
}

try {
  await buildProgram().parseAsync()
} catch (error) {
  process.exitCode = tell(error)
}
