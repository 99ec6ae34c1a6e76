import { fork } from 'node:child_process'

/** Set for a process that has a guard. */
const VARIABLE = 'SISKIN_GUARDED'

/** How long a process may take to end when its guard has ended. */
const ORPHAN_MS = 500

/** True for a process that has a guard, and ends with it. */
export function isGuarded(): boolean {
  if (process.env[VARIABLE] === undefined) return false
  const end = () => process.kill(process.pid, 'SIGKILL')
  if (!process.connected) end() // the guard ended while this started
  process.once('disconnect', () => setTimeout(end, ORPHAN_MS))
  return true
}

/** How a process ends that something killed: the system for its memory, or a fault in a library. */
const KILLED = new Set<NodeJS.Signals>(['SIGKILL', 'SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGILL'])

/** A packet alone takes about twenty deaths of a range to be found. */
const MOST_DEATHS = 500

/**
 * Runs a program in a process of its own, and again when it is killed, each time with more care for what it
 * worked on: until the packet that does it is in quarantine. Returns its exit code.
 */
export async function guard(program: string, args: readonly string[]): Promise<number> {
  for (let deaths = 0; deaths < MOST_DEATHS; deaths++) {
    const { code, signal } = await runOnce(program, args)
    if (code !== null) return code
    if (signal === null || !KILLED.has(signal)) return 1
    console.error(`siskin: the process was ended by ${signal}: it is run again, with more care`)
  }
  return 1
}

interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

function runOnce(program: string, args: readonly string[]): Promise<End> {
  const child = fork(program, args, { env: { ...process.env, [VARIABLE]: '1' } })
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
