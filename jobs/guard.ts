import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blame, Blame } from '../engine/run/blame.ts'

/** Names the file in which a guarded process notes what it works on. */
const VARIABLE = 'SISKIN_BLAME'

/** What this process is to take care of, if it has a guard. It ends with its guard. */
export function ownBlame(): Blame | null {
  const path = process.env[VARIABLE]
  if (path === undefined) return null
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  return Blame.open(path)
}

/** How a process ends that something killed: the system for its memory, or a fault in a library. */
const KILLED = new Set<NodeJS.Signals>(['SIGKILL', 'SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGILL'])

/**
 * Runs a program in a process of its own, and again when it is killed, each time with more care for what it
 * worked on: until the packet that does it is in quarantine. Returns its exit code.
 */
export async function guard(program: string, args: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'siskin-guard-'))
  const path = join(folder, 'blame.json')
  try {
    for (;;) {
      const { code, signal } = await runOnce(program, args, path)
      if (code !== null) return code
      const isKilled = signal !== null && KILLED.has(signal)
      if (!isKilled || !blame(path)) return 1
      console.error(`siskin: the process was ended by ${signal}: it is run again, with more care`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

function runOnce(program: string, args: readonly string[], path: string): Promise<End> {
  const child = fork(program, args, { env: { ...process.env, [VARIABLE]: path } })
  const pass = (signal: NodeJS.Signals) => child.kill(signal)
  const ignore = () => {} // a terminal's Ctrl-C goes to both
  process.on('SIGTERM', pass)
  process.on('SIGINT', ignore)
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      process.off('SIGTERM', pass)
      process.off('SIGINT', ignore)
      resolve({ code, signal })
    })
  })
}
