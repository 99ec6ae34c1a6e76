import type { ChildProcess } from 'node:child_process'
import type { DeathCause, Gauges } from './metrics.ts'
import type { FromStreamMember, PartitionLag, WorkingRange } from './messages.ts'
import type { Aside } from './takeover.ts'

/** The place of one member at its supervisor, whoever has it. */
export interface Seat {
  readonly name: string
  child: ChildProcess | null
  memberId: string | null
  range: WorkingRange | null
  knowsLag: boolean
  lags: readonly PartitionLag[]
  waiting: number
  memory: number
  /** When it last took something in, or had nothing to take in. */
  progress: number
  /** Deaths since it last took something in. */
  failures: number
  told: Extract<FromStreamMember, { kind: 'failed' }> | null
  /** Partitions that are its own and that it leaves alone. */
  aside: readonly Aside[]
  /** Its supervisor killed it for making no progress. */
  stalled: boolean
}

export function newSeat(name: string): Seat {
  const seat = { name, child: null, progress: performance.now(), failures: 0 }
  return { ...seat, ...nobody() }
}

/** What is known of a member that has not said anything yet. */
export function nobody() {
  return {
    memberId: null,
    range: null,
    knowsLag: false,
    lags: [],
    waiting: 0,
    memory: 0,
    told: null,
    aside: [],
    stalled: false
  } satisfies Partial<Seat>
}

export function lagOf({ lags }: Seat): number {
  return lags.reduce((sum, { lag }) => sum + lag, 0)
}

export function causeOf({ told, stalled }: Seat): DeathCause {
  if (stalled) return 'stalled'
  return told ? 'failed' : 'crashed'
}

export function gaugesOf(seats: readonly Seat[]): Omit<Gauges, 'ready'> {
  return {
    members: seats.length,
    alive: seats.filter(({ child }) => child).length,
    joined: seats.filter(({ child, memberId }) => child && memberId).length,
    waiting: seats.reduce((sum, { waiting }) => sum + waiting, 0),
    lags: seats.flatMap(({ lags }) => lags),
    aside: seats.flatMap(({ aside }) => aside),
    memory: Object.fromEntries(seats.map(({ memory }, i) => [String(i), memory]))
  }
}
