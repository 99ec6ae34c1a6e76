import { existsSync, readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { readState, STATE } from './state.ts'

const STOP_MS = 20_000

if (existsSync(STATE)) {
  for (const { name, pids } of readState().reverse()) {
    await Promise.all(pids.map(stop))
    console.log(`${name} stopped`)
  }
  rmSync(dirname(STATE), { recursive: true, force: true })
} else console.log('nothing is up')

/** SIGTERM, and SIGKILL when that is not enough. */
async function stop(pid: number): Promise<void> {
  if (isOurs(pid)) process.kill(pid, 'SIGTERM')
  for (const end = Date.now() + STOP_MS; isOurs(pid) && Date.now() < end;) await delay(100)
  if (isOurs(pid)) process.kill(pid, 'SIGKILL')
  while (isOurs(pid)) await delay(20)
}

/** Runs, and has our folder in its command line: another process may have the number by now. */
function isOurs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    const state = `/proc/${pid}/cmdline`
    return !existsSync('/proc/self') || readFileSync(state, 'utf8').includes(dirname(STATE))
  } catch {
    return false
  }
}
