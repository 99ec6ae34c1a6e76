import { closeSync, openSync } from 'node:fs'
import type { OnStreamStep } from '../commit/recovery.ts'

/** Where a test wants the member to die. */
export interface CrashPoint {
  /** Says which part the next steps belong to, by its first position. */
  begin(first: number): void
  readonly at: OnStreamStep
}

/**
 * For recovery tests: SISKIN_STREAM_CRASH=<first position>:<step>:<file>:<signal> kills the process at
 * that step of the commit of the first part that reaches the position, or freezes it (SIGSTOP). Once:
 * the file says that it was done.
 */
export function crashPoint(): CrashPoint {
  const [position = '', step, file, signal = 'SIGKILL'] = (
    process.env['SISKIN_STREAM_CRASH'] ?? ''
  ).split(':')
  if (!step || !file) return { begin: () => {}, at: () => {} }
  let current = 0
  return {
    begin: (first) => (current = first),
    at: (reached) => {
      if (reached !== step || current < Number(position) || !isFirst(file)) return
      process.kill(process.pid, signal)
    }
  }
}

function isFirst(file: string): boolean {
  try {
    closeSync(openSync(file, 'wx'))
    return true
  } catch {
    return false
  }
}
