import { createInterface } from 'node:readline/promises'
import type { OnStreamStep } from '../../engine/stream/commit/recovery.ts'

/** Asks a person; where there is none, no. */
export async function confirm(): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return false
  const asking = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return /^y(es)?$/i.test((await asking.question('\nDo it? [y/N] ')).trim())
  } finally {
    asking.close()
  }
}

/** For tests: SISKIN_REPAIR_CRASH=<step>:<nth> kills the process when it is at that step for the nth time. */
export const crashAt: OnStreamStep = (() => {
  const [step, nth = '1'] = (process.env['SISKIN_REPAIR_CRASH'] ?? '').split(':')
  let times = 0
  return (at) => {
    if (at === step && ++times === Number(nth)) process.kill(process.pid, 'SIGKILL')
  }
})()
