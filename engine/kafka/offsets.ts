import type { Admin } from '@platformatic/kafka'
import { sourceOf } from './partition.ts'
import type { Partition } from './partition.ts'
import type { From } from './settings.ts'

export const EARLIEST = -2n
export const LATEST = -1n

/** Clocks of members, brokers and producers differ by less. */
export const CLOCKS_MS = 3_600_000

/** The first offsets of their partitions whose messages are at least as young, by source. */
export async function offsetsAt(
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
  for (const { name: topic, partitions: own } of await admin.listOffsets({ topics })) {
    for (const { partitionIndex: partition, offset } of own) {
      if (offset >= 0n) offsets.set(sourceOf({ topic, partition }), Number(offset))
    }
  }
  return offsets
}

/** Offsets at which partitions begin that the group has no position of. */
export async function firstOffsets(
  admin: Admin,
  partitions: readonly Partition[],
  from: From
): Promise<Map<string, number>> {
  const at = from === 'latest' ? LATEST : typeof from === 'number' ? BigInt(from) : EARLIEST
  const offsets = await offsetsAt(admin, partitions, at)
  const later = partitions.filter((partition) => !offsets.has(sourceOf(partition)))
  const ends = await offsetsAt(admin, later, LATEST) // no message is as young as the time asked for
  return new Map([...offsets, ...ends])
}
