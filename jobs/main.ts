import { messageOf, SiskinError } from '../engine/errors.ts'
import { buildProgram } from './program.ts'

try {
  await buildProgram().parseAsync()
} catch (error) {
  if (error instanceof SiskinError) console.error(`siskin: ${error.message}`)
  else
    console.error(`siskin: unexpected: ${error instanceof Error ? error.stack : messageOf(error)}`)
  process.exitCode = error instanceof SiskinError ? error.exitCode : 1
}
