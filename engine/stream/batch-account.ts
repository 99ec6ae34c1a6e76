import { emptySpread, observe } from '../metrics/spread.ts'
import type { Spread } from '../metrics/spread.ts'
import type { MicroBatch } from './batcher.ts'
import type { Landed } from './committer.ts'
import { METRICS } from './metric-defs.ts'
import type { StagedPart } from './worker.ts'

/** What a micro-batch is doing while time passes, in order. */
export const STAGES = {
  wait: 'for packets, or for the trigger',
  decode: 'packets to columns',
  enrich: 'all modules',
  select: 'all filters, and the messages of what they select',
  parquet: 'the files of the lake, in memory',
  stage: 'the files into the staging folder of the lake, durable',
  turn: 'for the commit of the micro-batch before',
  transaction: 'messages and positions into Kafka: the commit',
  place: 'the files to their places in the lake'
} as const

type Stage = keyof typeof STAGES

/** Seconds that a micro-batch waited: for packets, and for the commit of the one before. */
export interface Waits {
  readonly wait: number
  readonly turn: number
}

/** What a member tells of a micro-batch beside the records of its parts. */
export interface BatchAccount {
  readonly seconds: Readonly<Record<Stage, number>>
  /** Bytes of packets by input topic. */
  readonly bytes: Readonly<Record<string, number>>
  /** By input topic: seconds from a message's time stamp until it was published. */
  readonly latency: Readonly<Record<string, Spread>>
}

export class Stopwatch {
  #mark = performance.now()

  /** Seconds since the last lap. */
  lap(): number {
    const now = performance.now()
    const seconds = (now - this.#mark) / 1000
    this.#mark = now
    return seconds
  }
}

export function batchAccount(
  batch: MicroBatch,
  parts: readonly StagedPart[],
  { wait, turn }: Waits,
  { at, transactionSeconds, placeSeconds }: Landed
): BatchAccount {
  const sum = (of: (part: StagedPart) => number | undefined) =>
    parts.reduce((total, part) => total + (of(part) ?? 0), 0)
  const seconds = {
    wait,
    decode: sum(({ record }) => record.seconds['decode']),
    enrich: sum(({ record }) => record.seconds['enrich']),
    select: sum(({ record }) => record.seconds['publish']),
    parquet: sum(({ record }) => record.seconds['parquet']),
    stage: sum(({ stageSeconds }) => stageSeconds),
    turn,
    transaction: transactionSeconds,
    place: placeSeconds
  }
  const bytes: Record<string, number> = {}
  const latency: Record<string, Spread> = {}
  const { bounds } = METRICS.latency
  for (const { topic, fetched, times } of batch) {
    bytes[topic] = (bytes[topic] ?? 0) + fetched.length
    const spread = (latency[topic] ??= emptySpread(bounds))
    for (const time of times) {
      if (time > 0) observe(spread, bounds, Math.max(0, at - time) / 1000) // -1: it has none
    }
  }
  return { seconds, bytes, latency }
}
