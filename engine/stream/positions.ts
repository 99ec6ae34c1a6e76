import { setTimeout as delay } from 'node:timers/promises'
import type { Admin } from '@platformatic/kafka'
import { UsageError } from '../errors.ts'
import type { Store } from '../persist/store.ts'
import type { Group, Lease } from './group.ts'
import { sourceOf } from './partition.ts'
import type { Partition } from './partition.ts'
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
  /** The group read it before, on from where it could: what it read then is not in this lake. */
  readonly isElsewhere: boolean
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

const EARLIEST = -2n
const LATEST = -1n

/** The first offsets of their partitions whose messages are at least as young, by source. */
async function offsetsAt(
  admin: Admin,
  partitions: readonly Partition[],
  timestamp: bigint
): Promise<Map<string, number>> {
  const offsets = new Map<string, number>()
  if (partitions.length === 0) return offsets
  const topics = [...Map.groupBy(partitions, ({ topic }) => topic)].map(([name, own]) => ({
    name,
    partitions: own.map(({ partition }) => ({ partitionIndex: partition, timestamp }))
  }))
  for (const { name, partitions: own } of await admin.listOffsets({ topics })) {
    for (const { partitionIndex, offset } of own) {
      if (offset < 0n) continue
      offsets.set(sourceOf({ topic: name, partition: partitionIndex }), Number(offset))
    }
  }
  return offsets
}

/** Offsets at which partitions begin that the group has no position of. */
async function firstOffsets(
  admin: Admin,
  partitions: readonly Partition[],
  from: StreamSettings['from']
): Promise<Map<string, number>> {
  const at = from === 'latest' ? LATEST : typeof from === 'number' ? BigInt(from) : EARLIEST
  const offsets = await offsetsAt(admin, partitions, at)
  const later = partitions.filter((partition) => !offsets.has(sourceOf(partition)))
  const ends = await offsetsAt(admin, later, LATEST) // no message is as young as the time asked for
  return new Map([...offsets, ...ends])
}

/**
 * Takes partitions over: settles what their former owners left staged, and says where to read on. A
 * partition without a position gets one at once, so that the next owner begins at the same place. One
 * that ends before the group's position, or before what the lake holds, is left alone: its topic was
 * made anew under the old name.
 */
export async function takeOver(
  admin: Admin,
  group: Group,
  lease: Lease,
  store: Store,
  { group: groupId, from }: StreamSettings
): Promise<{ starts: Start[]; anew: string[] }> {
  const { partitions, ended } = lease
  if (partitions.length === 0) return { starts: [], anew: [] }
  const positions = await stablePositions(admin, groupId, partitions, ended)
  const fresh = partitions.filter((partition) => !positions.has(sourceOf(partition)))
  const firsts = await firstOffsets(admin, fresh, from)
  const ends = await offsetsAt(admin, partitions, LATEST)
  const earliest = await offsetsAt(admin, partitions, EARLIEST)
  const starts: Start[] = []
  const anew: string[] = []
  for (const partition of partitions) {
    const source = sourceOf(partition)
    const offset = positions.get(source) ?? firsts.get(source) ?? 0
    const end = ends.get(source) ?? offset
    const settled = await settle(store, source, offset)
    if (Math.max(offset, settled.end ?? 0) > end) {
      anew.push(source)
      continue
    }
    if (settled.end !== null && settled.end > offset) {
      throw new UsageError(
        `the lake ${store.root} holds ${source} up to offset ${settled.end}, but group ${groupId} is at ${offset}: go on with the group that filled it, or choose another --lake`
      )
    }
    const begins = settled.end === null
    const isElsewhere =
      begins && positions.has(source) && from === 'earliest' && offset > (earliest.get(source) ?? 0)
    starts.push({ ...partition, source, offset, begins, isElsewhere, settled })
  }
  const set = starts
    .filter(({ source }) => !positions.has(source))
    .map(({ topic, partition, offset }) => {
      return { topic, partition, offset: BigInt(offset), leaderEpoch: -1 }
    })
  if (set.length > 0) await group.consumer.commit({ offsets: set })
  return { starts, anew }
}
