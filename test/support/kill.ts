import { expect } from 'vitest'
import { random } from './random.ts'
import { siskin, startSiskin } from './siskin.ts'
import type { Outcome } from './siskin.ts'

/** Runs a command that kills itself at a step: `<first packet of the part, or for the how-manieth time>:<step>`. */
export async function killAt(
  point: string,
  args: readonly string[],
  input: string | null = null
): Promise<Outcome> {
  const variable = args[0] === 'repair' || args[0] === 'requeue' ? 'REPAIR_CRASH' : 'CRASH'
  const killed = await siskin(args, { [`SISKIN_${variable}`]: point }, input)
  expect(killed.signal, `the crash point ${point} was reached`).toBe('SIGKILL')
  return killed
}

interface Lot {
  readonly kills: number
  /** So long after its begin at the latest. */
  readonly withinMs: number
  /** Another lake, and the command for it: every time one came to its end. */
  readonly next: (finished: number) => readonly string[]
  readonly judge: (finished: number) => Promise<void>
}

/** Kills a command at random moments and begins it again, until it was killed so often; what came to its end is judged. */
export async function killAtRandom({ kills, withinMs, next, judge }: Lot) {
  const dice = random(20260110)
  let killed = 0
  for (let finished = 0; killed < kills; finished++) {
    const args = next(finished)
    for (let isKilled = true; isKilled && killed < kills;) {
      const { child, ended } = startSiskin(args)
      const kill = setTimeout(() => child.kill('SIGKILL'), dice() * withinMs)
      await ended
      clearTimeout(kill)
      isKilled = child.signalCode === 'SIGKILL'
      if (isKilled) killed++
    }
    const last = await siskin(args)
    expect(last.code, last.stderr).toBe(0)
    await judge(finished)
  }
}

/** For the environment of a stream: kills a member at a step, or freezes it, once; the file `mark` says that it was done. */
export function crashOfMember(
  step: string,
  mark: string,
  signal: 'SIGKILL' | 'SIGSTOP' = 'SIGKILL',
  first = 30
): Record<string, string> {
  return { SISKIN_STREAM_CRASH: `${first}:${step}:${mark}:${signal}` }
}
