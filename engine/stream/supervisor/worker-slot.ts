import type { ChildProcess } from 'node:child_process'
import { judgedAfterMs } from '../../making/hang-watch.ts'
import { OTHER_WORK_MS } from '../../making/part-maker.ts'
import type { DeathCause, Gauges } from './metrics.ts'
import type { FromStreamMember, PartitionLag, WorkingRange } from '../common/messages.ts'
import type { Aside } from '../common/aside.ts'

/** The place of one member at its supervisor, whoever has it. */
export interface Slot {
  readonly name: string
  child: ChildProcess | null
  memberId: string | null
  range: WorkingRange | null
  knowsLag: boolean
  lags: readonly PartitionLag[]
  waiting: number
  memory: number
  /** When it last did what it should: waiting for what is outside counts, and so does beginning. */
  progress: number
  /** When it last said that it is alive. */
  heard: number
  /** When it last took something in, or had nothing to take in. */
  moved: number
  /** What outside it waits for; null: nothing. */
  waitsFor: string | null
  /** What its last member ended of, until it is well again. */
  trouble: string | null
  /** Deaths since it last took something in. */
  failures: number
  told: Extract<FromStreamMember, { kind: 'failed' }> | null
  /** Partitions that are its own and that it leaves alone. */
  aside: readonly Aside[]
  /** Its supervisor killed it for making no progress. */
  stalled: boolean
}

export function newSlot(name: string): Slot {
  const now = performance.now()
  const slot = { name, child: null, progress: now, moved: now, trouble: null, failures: 0 }
  return { ...slot, ...nobody() }
}

/** What is known of a member that has not said anything yet. */
export function nobody() {
  return {
    memberId: null,
    range: null,
    waitsFor: null,
    heard: 0,
    knowsLag: false,
    lags: [],
    waiting: 0,
    memory: 0,
    told: null,
    aside: [],
    stalled: false
  } satisfies Partial<Slot>
}

export function lagOf({ lags }: Slot): number {
  return lags.reduce((sum, { lag }) => sum + lag, 0)
}

/** A member says every second that it is alive. */
const SILENT_MS = 15_000

/**
 * How long a member may take nothing in. What hangs in a part is for its member to find: by the processor's time too, and the part is
 * counted for it. Who looks by the clock alone waits until that is judged for sure, as long as the member itself is well.
 */
export function patienceMs(
  { range, heard }: Pick<Slot, 'range' | 'heard'>,
  seconds: number
): number {
  const isWatched = range !== null && performance.now() - heard < SILENT_MS
  return Math.max(seconds * 1000, isWatched ? judgedAfterMs(OTHER_WORK_MS) : 0)
}

/** Why none of the members takes anything in, though there is something; null where one does, or has nothing to. */
export function standstillOf(slots: readonly Slot[], seconds: number): string | null {
  const since = performance.now() - seconds * 1000
  if (slots.some(({ child, memberId, moved }) => child && memberId && moved > since)) return null
  const reasons = slots.flatMap(({ waitsFor, trouble }) =>
    waitsFor === null ? (trouble ?? []) : `it waits for ${waitsFor}`
  )
  return [`no member took anything in for ${seconds} s`, ...new Set(reasons)].join('; ')
}

export function causeOf({ told, stalled }: Slot): DeathCause {
  if (stalled) return 'stalled'
  return told ? 'failed' : 'crashed'
}

export function gaugesOf(slots: readonly Slot[]): Omit<Gauges, 'ready'> {
  return {
    members: slots.length,
    alive: slots.filter(({ child }) => child).length,
    joined: slots.filter(({ child, memberId }) => child && memberId).length,
    waiting: slots.reduce((sum, { waiting }) => sum + waiting, 0),
    lags: slots.flatMap(({ lags }) => lags),
    aside: slots.flatMap(({ aside }) => aside),
    memory: Object.fromEntries(slots.map(({ memory }, i) => [String(i), memory]))
  }
}
