import { split } from '../making/split.ts'
import type { PacketRange } from '../packets.ts'

/** A range in the hands of the members, and how it went so far. */
export interface Job {
  readonly id: number
  readonly claimant: number
  readonly range: PacketRange
  readonly stopped: string[]
  deaths: number
  /** How the last of them came. */
  reason: string
  /** The attempt that is going on, or was the last. */
  attempt: number
  readonly done: () => void
}

/** The job, in halves once it has cost two members: each is in the lake when all are. */
export function parted(job: Job, nextId: () => number): Job[] {
  const halves = job.deaths < 2 ? [] : split(job.range)
  if (halves.length < 2) return [job]
  let left = halves.length
  const done = () => {
    if (--left === 0) job.done()
  }
  return halves.map((range) => ({
    id: nextId(),
    claimant: job.claimant,
    range,
    stopped: job.stopped,
    deaths: 1,
    reason: job.reason,
    attempt: 0,
    done
  }))
}

export function strike(job: Job, reason: string): void {
  job.deaths++
  job.reason = reason
}
