import type { PartRecord } from '../../lake/ledger.ts'
import type { Batcher } from './batcher.ts'
import { sourceOf } from '../../kafka/partition.ts'
import type { Context } from './member.ts'
import type { PartitionStart } from '../commit/takeover.ts'

const EVERY_MS = 1000

/** What tells how far behind a member is, as long as it has these partitions. */
export interface LagMeter {
  committed(records: readonly PartRecord[]): void
  stop(): void
}

/** Asks every second where the partitions end, and holds that against what is committed. */
export function measureLag(
  { admin, state }: Context,
  starts: readonly PartitionStart[],
  batcher: Batcher
): LagMeter {
  const positions = new Map(starts.map(({ source, offset }) => [source, offset]))
  const ends = new Map(positions)
  const topics = [...Map.groupBy(starts, ({ topic }) => topic)].map(([name, own]) => ({
    name,
    partitions: own.map(({ partition }) => ({ partitionIndex: partition, timestamp: -1n }))
  }))
  let isAsking = false
  let isOver = false

  const ask = async () => {
    isAsking = true
    const answer = await admin.listOffsets({ topics }).catch(() => [])
    for (const { name, partitions } of answer) {
      for (const { partitionIndex, offset } of partitions) {
        ends.set(sourceOf({ topic: name, partition: partitionIndex }), Number(offset))
      }
    }
    isAsking = false
    if (isOver) return
    tell()
    state.knowsLag ||= answer.length > 0
  }

  /** What is read and no message, markers of transactions mostly, is not behind. */
  const positionOf = (source: string): number => {
    const committed = positions.get(source) ?? 0
    const open = batcher.waiting > 0 || committed < batcher.nextOf(source)
    return open ? committed : batcher.readingOf(source)
  }

  const tell = () => {
    state.waiting = batcher.waiting
    state.lags = starts.map(({ source, topic, partition }) => {
      const end = ends.get(source) ?? 0
      return { topic, partition, lag: Math.max(0, end - positionOf(source)) }
    })
  }

  void ask()
  const timer = setInterval(() => {
    if (!isAsking) void ask()
  }, EVERY_MS)
  return {
    committed(records) {
      for (const { source, last } of records) positions.set(source, last + 1)
      tell()
    },
    stop() {
      isOver = true
      clearInterval(timer)
      Object.assign(state, { knowsLag: false, waiting: 0, lags: [] })
    }
  }
}
