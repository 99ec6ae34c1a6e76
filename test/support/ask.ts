import { format } from 'node:util'
import { vi } from 'vitest'
import { tellFailure } from '../../jobs/common/log.ts'
import { buildProgram } from '../../jobs/program.ts'
import { siskin } from './siskin.ts'
import type { Outcome } from './siskin.ts'

let turn: Promise<unknown> = Promise.resolve()

/**
 * Runs a command of `siskin` in this process, one at a time: where a test is about what the command does, and not about
 * the process, whose start costs more than most commands do. A run after one that was killed is done by a process, as ever.
 */
export function ask(args: readonly string[]): Promise<Outcome> {
  const answer = turn.then(() => run(args))
  turn = answer.catch(() => {})
  return answer
}

async function run(args: readonly string[]): Promise<Outcome> {
  let [stdout, stderr] = ['', '']
  const out = (text: string) => Boolean((stdout += text))
  const err = (text: string) => Boolean((stderr += text))
  const spies = [
    vi.spyOn(console, 'log').mockImplementation((...said) => out(`${format(...said)}\n`)),
    vi.spyOn(console, 'error').mockImplementation((...said) => err(`${format(...said)}\n`)),
    vi.spyOn(process.stdout, 'write').mockImplementation((said) => out(String(said))),
    vi.spyOn(process.stderr, 'write').mockImplementation((said) => err(String(said)))
  ]
  const { exitCode: before } = process
  process.exitCode = 0
  try {
    const program = await buildProgram(args)
    await program.parseAsync(args, { from: 'user' })
    return { code: exitCode(), signal: null, stdout, stderr }
  } catch (error) {
    if (error instanceof Error && error.name === 'GuardWanted') return await siskin(args)
    return { code: tellFailure(error), signal: null, stdout, stderr }
  } finally {
    process.exitCode = before
    for (const spy of spies) spy.mockRestore()
  }
}

function exitCode(): number {
  return Number(process.exitCode ?? 0)
}
