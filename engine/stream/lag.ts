import type { PartRecord } from '../persist/ledger.ts'
import type { Batcher } from './batcher.ts'
import { sourceOf } from './group.ts'
import type { Equipment } from './member.ts'
import type { Start } from './positions.ts'

const EVERY_MS = 1000

/** What tells how far behind a member is, as long as it has these partitions. */
export interface LagMeter {
  committed(records: readonly PartRecord[]): void
  stop(): void
}

/** Asks once a second where the partitions end, and holds that against what is committed. */
export function measureLag(
  { admin, state }: Equipment,
  starts: readonly Start[],
  batcher: Batcher
): LagMeter {
  const positions = new Map(starts.map(({ source, offset }) => [source, offset]))
  const ends = new Map(positions)
  const topics = [...Map.groupBy(starts, ({ topic }) => topic)].map(([name, own]) => ({
    name,
    partitions: own.map(({ partition }) => ({ partitionIndex: partition, timestamp: -1n }))
  }))
  let isAsking = false

  const ask = async () => {
    isAsking = true
    for (const { name, partitions } of await admin.listOffsets({ topics }).catch(() => [])) {
      for (const { partitionIndex, offset } of partitions) {
        ends.set(sourceOf({ topic: name, partition: partitionIndex }), Number(offset))
      }
    }
    isAsking = false
  }

  const tell = () => {
    state.waiting = batcher.waiting
    state.lag = 0
    for (const [source, end] of ends) {
      state.lag += Math.max(0, end - (positions.get(source) ?? end))
    }
  }

  const timer = setInterval(() => {
    if (!isAsking) void ask()
    tell()
  }, EVERY_MS)
  return {
    committed(records) {
      for (const { source, last } of records) positions.set(source, last + 1)
      tell()
    },
    stop() {
      clearInterval(timer)
      state.waiting = 0
      state.lag = 0
    }
  }
}
