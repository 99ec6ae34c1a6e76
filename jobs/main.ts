import type { Command } from 'commander'
import { isJson, tellFailure } from './log.ts'
import { buildProgram } from './program.ts'

const program = await buildProgram(process.argv.slice(2))
if (isJson()) hush(program)

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = wantsGuard(error) ? await guardThis() : tellFailure(error)
}

/** The run before died: this one is done by a process that we survive. */
function wantsGuard(error: unknown): boolean {
  return error instanceof Error && error.name === 'GuardWanted'
}

async function guardThis(): Promise<number> {
  const { guard } = await import('./guard.ts')
  return guard(process.argv[1]!, process.argv.slice(2))
}

/** Wrong use is told once, by us. */
function hush(command: Command): void {
  command.configureOutput({ writeErr: () => {} })
  for (const inner of command.commands) hush(inner)
}
