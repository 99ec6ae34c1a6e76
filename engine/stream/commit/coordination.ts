import type { Admin } from '@platformatic/kafka'
import type { ConsumerGroup, Assignment } from '../../kafka/group.ts'
import { isFenced } from '../../kafka/client.ts'
import { stablePositions } from '../../kafka/positions.ts'
import type { OnStreamStep } from './recovery.ts'
import { EARLIEST, firstOffsets, LATEST, offsetsAt } from '../../kafka/offsets.ts'
import { sourceOf } from '../../kafka/partition.ts'
import type { Partition } from '../../kafka/partition.ts'
import type { MessageMark } from '../../packets.ts'
import { marksAt } from './same-log.ts'
import { isPublished } from './published.ts'
import type { PublishedTopics } from './published.ts'
import type { Publisher } from './publisher.ts'
import type { PartRecord } from '../../lake/ledger.ts'
import type { SelectedMessage } from '../../publish/kafka.ts'
import type { From } from '../../kafka/settings.ts'
import { describeTopics } from '../../kafka/topic-list.ts'

/** Where a source goes on. */
export interface Position extends Partition {
  /** Offset of the next message to take in. */
  readonly next: number
}

/** What the broker has of a partition now. */
export interface LogSpan {
  readonly first: number
  readonly end: number
  /** Tells a topic from a former one of its name. */
  readonly topicId: string
}

/** The partitions were given away: whatever was under way did not count and never will. */
export class FencedError extends Error {
  override readonly name = 'FencedError'
}

/** The end of a transaction was not heard: only who comes after it can find out if it counted. */
export class UnsureError extends Error {
  override readonly name = 'UnsureError'
}

/**
 * What is Kafka's business and not the lake's: who has a partition, where it goes on, and that both are
 * changed together with what is published, or not at all.
 */
export interface Coordination {
  /** The group's positions by source, none of which a transaction that is still open can change. */
  positions(partitions: readonly Partition[], ended: AbortSignal): Promise<Map<string, number>>
  /** What there is of the partitions, by source; one whose topic is gone is left out. */
  spans(partitions: readonly Partition[]): Promise<Map<string, LogSpan>>
  /** Where partitions begin that nobody read yet, by source. */
  begin(partitions: readonly Partition[], from: From): Promise<Map<string, number>>
  /** What Kafka has at these offsets: see `same-log.ts`. */
  marksAt(
    places: readonly (Partition & { readonly offset: number })[]
  ): Promise<Map<string, MessageMark | null>>
  /** All that a part has selected, and it did select, is in the topics. */
  published(record: PartRecord): Promise<boolean>
  /** Messages like these come through to their topics, with nothing in them; nobody sees them. */
  passes(messages: readonly SelectedMessage[]): Promise<boolean>
  /**
   * Messages and positions, together or not at all, and only while the assignment is in force.
   * @throws FencedError, UnsureError; after any other error it did not count either.
   */
  commit(
    assignment: Assignment,
    messages: readonly SelectedMessage[],
    positions: readonly Position[],
    onStep: OnStreamStep
  ): Promise<void>
}

export interface KafkaClients {
  readonly admin: Admin
  readonly group: ConsumerGroup
  readonly publisher: Publisher
  readonly groupId: string
  readonly topics: PublishedTopics
}

export function kafkaCoordination({
  admin,
  group,
  publisher,
  groupId,
  topics
}: KafkaClients): Coordination {
  return {
    positions: (partitions, ended) => stablePositions(admin, groupId, partitions, ended),
    async spans(partitions) {
      const topics = [...new Set(partitions.map(({ topic }) => topic))]
      const { topics: known } = await describeTopics(admin, topics)
      const firsts = await offsetsAt(admin, partitions, EARLIEST)
      const ends = await offsetsAt(admin, partitions, LATEST)
      const spans = new Map<string, LogSpan>()
      for (const partition of partitions) {
        const source = sourceOf(partition)
        const topicId = known.get(partition.topic)?.id
        const end = ends.get(source)
        if (topicId === undefined || end === undefined) continue
        spans.set(source, { first: firsts.get(source) ?? 0, end, topicId })
      }
      return spans
    },
    begin: (partitions, from) => firstOffsets(admin, partitions, from),
    marksAt: (places) => marksAt(admin, topics.access, topics.name, places),
    published: (record) => isPublished(admin, topics, record),
    passes: (messages) => publisher.passes(messages),
    async commit(assignment, messages, positions, onStep) {
      if (assignment.ended.aborted)
        throw new FencedError('the partitions are another member’s by now')
      try {
        await publisher.commit(group, assignment, { messages, positions }, onStep)
      } catch (error) {
        if (error instanceof UnsureError) throw error
        if (isFenced(error)) throw new FencedError('Kafka refused the generation', { cause: error })
        throw error
      }
    }
  }
}
