import type { Command } from 'commander'
import { isJson, tellFailure } from './log.ts'
import { buildProgram } from './program.ts'

const program = await buildProgram(process.argv.slice(2))
if (isJson()) hush(program)

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = tellFailure(error)
}

/** Wrong use is told once, by us. */
function hush(command: Command): void {
  command.configureOutput({ writeErr: () => {} })
  for (const inner of command.commands) hush(inner)
}
