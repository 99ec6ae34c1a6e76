import type { Command } from 'commander'
import { isJson, tellFailure } from './common/log.ts'
import { buildProgram } from './program.ts'

process.on('uncaughtException', (error) => process.exit(tellFailure(error)))
for (const stream of [process.stdout, process.stderr]) stream.on('error', unwritten)

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
  const { guard } = await import('./run/guard.ts')
  return guard(process.argv[1]!, process.argv.slice(2))
}

/** Wrong use is told once, by us. */
function hush(command: Command): void {
  command.configureOutput({ writeErr: () => {} })
  for (const inner of command.commands) hush(inner)
}

/** Who reads us may have enough of it (`| head`): that is no failure. A full disk behind us is. */
function unwritten(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') process.exitCode = tellFailure(error)
}
