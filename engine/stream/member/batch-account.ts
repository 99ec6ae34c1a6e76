import { emptyHistogram, observe } from '../../metrics/histogram.ts'
import type { Histogram } from '../../metrics/histogram.ts'
import type { MicroBatch } from './batcher.ts'
import type { Landed } from './committer.ts'
import { METRICS } from '../common/metric-defs.ts'
import type { BatchAccount } from '../common/batch-stages.ts'
import type { StagedPart } from './worker.ts'

/** Seconds that a micro-batch waited: for packets, and for the commit of the one before. */
export interface Waits {
  readonly wait: number
  readonly turn: number
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
  const latency: Record<string, Histogram> = {}
  const { bounds } = METRICS.latency
  for (const { topic, fetched, times } of batch) {
    bytes[topic] = (bytes[topic] ?? 0) + fetched.length
    const histogram = (latency[topic] ??= emptyHistogram(bounds))
    for (const time of times) {
      if (time > 0) observe(histogram, bounds, Math.max(0, at - time) / 1000) // -1: it has none
    }
  }
  return { seconds, bytes, latency }
}
