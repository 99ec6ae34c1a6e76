import { setTimeout as delay } from 'node:timers/promises'
import type { Admin } from '@platformatic/kafka'
import { sourceOf } from './partition.ts'
import type { Partition } from './partition.ts'
import { isKafkaError } from './refusals.ts'

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
      for (const { name: topic, partitions: own } of groups[0]?.topics ?? []) {
        for (const { partitionIndex: partition, committedOffset } of own) {
          if (committedOffset >= 0n) {
            positions.set(sourceOf({ topic, partition }), Number(committedOffset))
          }
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
