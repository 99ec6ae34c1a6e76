import { setTimeout as delay } from 'node:timers/promises'
import type { Admin } from '@platformatic/kafka'
import { UsageError } from '../errors.ts'
import type { Store } from '../persist/store.ts'
import type { Group, Lease, Partition } from './group.ts'
import { sourceOf } from './group.ts'
import { isKafkaError } from './kafka.ts'
import { settle } from './landing.ts'
import type { Settled } from './landing.ts'
import type { StreamSettings } from './settings.ts'

/** Where a partition is read on. */
export interface Start extends Partition {
  readonly source: string
  readonly offset: number
  /** The lake holds nothing of it yet. */
  readonly begins: boolean
  readonly settled: Settled
}

const ASK_AGAIN_MS = 100

/**
 * The group's positions, none of which a transaction that is still completing can change: the client
 * itself would read the old ones, and a batch of the former owner would be processed twice.
 */
export async function stablePositions(
  admin: Admin,
  groupId: string,
  partitions: readonly Partition[],
  ended: AbortSignal
): Promise<Map<string, number>> {
  const byTopic = Map.groupBy(partitions, ({ topic }) => topic)
  const topics = [...byTopic].map(([name, own]) => ({
    name,
    partitionIndexes: own.map(({ partition }) => partition)
  }))
  for (;;) {
    try {
      const groups = await admin.listConsumerGroupOffsets({
        groups: [{ groupId, topics }],
        requireStable: true
      })
      const positions = new Map<string, number>()
      for (const { name, partitions: own } of groups[0]?.topics ?? []) {
        for (const { partitionIndex, committedOffset } of own) {
          if (committedOffset < 0n) continue
          positions.set(
            sourceOf({ topic: name, partition: partitionIndex }),
            Number(committedOffset)
          )
        }
      }
      return positions
    } catch (error) {
      const unstable = isKafkaError(error, 'UNSTABLE_OFFSET_COMMIT')
      if (ended.aborted || !unstable) throw error
      await delay(ASK_AGAIN_MS)
    }
  }
}

/** Offsets at which partitions begin that the group has no position of. */
async function firstOffsets(
  admin: Admin,
  partitions: readonly Partition[],
  from: StreamSettings['from']
): Promise<Map<string, number>> {
  const earliest = -2n
  const latest = -1n
  const at = from === 'latest' ? latest : typeof from === 'number' ? BigInt(from) : earliest
  const offsets = new Map<string, number>()
  const ask = async (asked: readonly Partition[], timestamp: bigint) => {
    const topics = [...Map.groupBy(asked, ({ topic }) => topic)].map(([name, own]) => ({
      name,
      partitions: own.map(({ partition }) => ({ partitionIndex: partition, timestamp }))
    }))
    for (const { name, partitions: own } of await admin.listOffsets({ topics })) {
      for (const { partitionIndex, offset } of own) {
        if (offset >= 0n) {
          offsets.set(sourceOf({ topic: name, partition: partitionIndex }), Number(offset))
        }
      }
    }
  }
  if (partitions.length > 0) await ask(partitions, at)
  const later = partitions.filter((partition) => !offsets.has(sourceOf(partition)))
  if (later.length > 0) await ask(later, latest) // no message is as young as the time asked for
  return offsets
}

/**
 * Takes partitions over: settles what their former owners left staged, and says where to read on. A
 * partition without a position gets one at once, so that the next owner begins at the same place.
 */
export async function takeOver(
  admin: Admin,
  group: Group,
  lease: Lease,
  store: Store,
  { group: groupId, from }: StreamSettings
): Promise<Start[]> {
  const { partitions, ended } = lease
  if (partitions.length === 0) return []
  const positions = await stablePositions(admin, groupId, partitions, ended)
  const fresh = partitions.filter((partition) => !positions.has(sourceOf(partition)))
  const firsts = await firstOffsets(admin, fresh, from)
  const starts: Start[] = []
  for (const partition of partitions) {
    const source = sourceOf(partition)
    const offset = positions.get(source) ?? firsts.get(source) ?? 0
    const settled = await settle(store, source, offset)
    if (settled.end !== null && settled.end > offset) {
      throw new UsageError(
        `the lake ${store.root} holds ${source} up to offset ${settled.end}, but group ${groupId} is at ${offset}: go on with the group that filled it, or choose another --lake`
      )
    }
    starts.push({ ...partition, source, offset, begins: settled.end === null, settled })
  }
  const set = fresh.map(({ topic, partition }) => {
    const offset = BigInt(firsts.get(sourceOf({ topic, partition })) ?? 0)
    return { topic, partition, offset, leaderEpoch: -1 }
  })
  if (set.length > 0) await group.consumer.commit({ offsets: set })
  return starts
}
