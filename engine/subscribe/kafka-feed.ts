import type { Admin } from '@platformatic/kafka'
import { amount } from '../amount.ts'
import { CommittedReader } from '../kafka/committed-reader.ts'
import type { Chunk, PartitionSpan, ReadPosition } from '../kafka/committed-reader.ts'
import { ConsumerGroup } from '../kafka/group.ts'
import type { Assignment } from '../kafka/group.ts'
import { sourceOf } from '../kafka/partition.ts'
import type { Partition } from '../kafka/partition.ts'
import { isFenced, openAdmin } from '../kafka/client.ts'
import { stablePositions } from '../kafka/positions.ts'
import type { KafkaAccess } from '../kafka/settings.ts'
import { unreadable } from './feed.ts'
import type { MessageBatch, Feed, Incoming, ReadFrom } from './feed.ts'
import type { SchemaFinder } from './schemas.ts'

export interface KafkaFeedOptions {
  readonly access: KafkaAccess
  readonly clientId: string
  readonly group: string
  readonly topics: readonly string[]
  readonly from: ReadFrom
  /** Go on at the end; else stop at what was the end when the partition was met. */
  readonly follow: boolean
  /** How often new partitions are looked for while it follows. */
  readonly refreshSeconds: number
  readonly schemas: SchemaFinder
  readonly onNote: (message: string) => void
}

/** A subscriber that is silent for so long loses its partitions. */
const SESSION_SECONDS = 10

/**
 * Reads topics as a member of a consumer group, committed transactions only.
 *
 * A assignment says which partitions are ours. It ends with a rebalance: what was handed out and not
 * committed is then handed out again, here or by another member. At least once, never less.
 */
export class KafkaFeed implements Feed {
  readonly #options: KafkaFeedOptions
  readonly #admin: Admin
  readonly #look: NodeJS.Timeout | undefined
  /** Ends of partitions at the time they were met first. */
  readonly #ends = new Map<string, number>()
  #group: ConsumerGroup
  #reader: CommittedReader
  #assignment: Assignment | null = null
  #chunks: AsyncGenerator<Chunk, void> | null = null
  #hasBegun = false
  /** Aborted when the topics have other partitions than the group was joined for. */
  #changed = new AbortController()
  #partitions = 0

  constructor(options: KafkaFeedOptions) {
    const { access, clientId, follow, refreshSeconds } = options
    this.#options = options
    this.#admin = openAdmin(access, `${clientId}-admin`)
    this.#group = this.#newGroup()
    this.#reader = this.#newReader()
    if (follow) this.#look = setInterval(() => void this.#lookForChange(), refreshSeconds * 1000)
  }

  #newGroup(): ConsumerGroup {
    const { access, clientId, group, topics } = this.#options
    const settings = { kafka: access, group, sessionSeconds: SESSION_SECONDS }
    return new ConsumerGroup(settings, clientId, topics)
  }

  #newReader(): CommittedReader {
    const { access, clientId, topics } = this.#options
    return new CommittedReader(access, `${clientId}-reader`, topics)
  }

  async next(stop: AbortSignal): Promise<MessageBatch | null> {
    for (;;) {
      if (stop.aborted || !(await this.#hasAssignment(stop))) return null
      const assignment = this.#assignment!
      const { done, value: chunk } = await this.#chunks!.next()
      if (done) {
        if (assignment.ended.aborted || this.#changed.signal.aborted) continue
        return null
      }
      if (chunk.expired > 0) this.#tellExpired(chunk)
      if (chunk.messages.length > 0) {
        return this.#batch(assignment, chunk, stop).catch((error: unknown) => {
          if (stop.aborted) return null
          throw error
        })
      }
      await this.#commit(assignment, chunk, chunk.next)
    }
  }

  async #hasAssignment(stop: AbortSignal): Promise<boolean> {
    if (this.#changed.signal.aborted) await this.#beginAnew()
    if (this.#assignment && !this.#assignment.ended.aborted) return true
    if (!this.#assignment) await this.#group.join()
    for (
      let assignment = await this.#group.assignment(stop);
      assignment;
      assignment = await this.#group.assignment(stop)
    ) {
      try {
        const places = await this.#places(assignment)
        if (places.length === 0) this.#tellNothing()
        const until = AbortSignal.any([stop, assignment.ended, this.#changed.signal])
        this.#chunks = this.#reader.read(places, until)
        this.#assignment = assignment
        this.#hasBegun = true
        return true
      } catch (error) {
        if (!assignment.ended.aborted && !isFenced(error)) throw error
      }
    }
    return false
  }

  /** The client does not see partitions that are added: joining again does. */
  async #beginAnew(): Promise<void> {
    await this.#group.close().catch(() => {})
    await this.#reader.close().catch(() => {})
    this.#group = this.#newGroup()
    this.#reader = this.#newReader()
    this.#assignment = null
    this.#changed = new AbortController()
  }

  async #lookForChange(): Promise<void> {
    const topics = [...this.#options.topics]
    const found = await this.#admin.metadata({ topics, forceUpdate: true }).catch(() => null)
    if (!found) return
    const counts = topics.map((topic) => found.topics.get(topic)?.partitionsCount ?? 0)
    const partitions = counts.reduce((sum, count) => sum + count, 0)
    if (this.#partitions > 0 && partitions > this.#partitions) this.#changed.abort()
    this.#partitions = Math.max(partitions, this.#partitions)
  }

  /** Where the partitions of a assignment are read from and to. */
  async #places(assignment: Assignment): Promise<ReadPosition[]> {
    const { group, topics, follow } = this.#options
    const { partitions, ended } = assignment
    if (partitions.length === 0) return []
    const known = await stablePositions(this.#admin, group, partitions, ended)
    const spans = await this.#reader.spans(topics)
    this.#partitions ||= spans.length
    const isFirst = !this.#hasBegun // later, partitions go on where their last reader ended
    const fresh = new Set(partitions.map(sourceOf).filter((source) => !this.#ends.has(source)))
    const times = isFirst ? await this.#timeOffsets(partitions) : new Map<string, number>()
    const places = partitions.map(({ topic, partition }): ReadPosition => {
      const source = sourceOf({ topic, partition })
      const span = spans.find((own) => own.topic === topic && own.partition === partition)
      if (!span) return { topic, partition, offset: 0, end: 0 }
      if (fresh.has(source)) this.#ends.set(source, span.stableEnd)
      const told = isFirst ? this.#told(span, times.get(source)) : null
      const offset = told ?? known.get(source) ?? span.first
      const end = this.#ends.get(source) ?? 0
      return { topic, partition, offset, ...(follow ? {} : { end }) }
    })
    const moved = places.filter((place) => known.get(sourceOf(place)) !== place.offset)
    if (moved.length > 0) await this.#commitAll(moved)
    return places
  }

  /** What `--from` says about a partition; null: the group's own position counts. */
  #told({ first, stableEnd }: PartitionSpan, atTime: number | undefined): number | null {
    const { from } = this.#options
    if (from === 'committed') return null
    if (from === 'earliest') return first
    return from === 'latest' ? stableEnd : (atTime ?? stableEnd)
  }

  /** Offsets of the first messages as young as `--from`, if that is a time. */
  async #timeOffsets(partitions: readonly Partition[]): Promise<Map<string, number>> {
    const { from } = this.#options
    const offsets = new Map<string, number>()
    if (typeof from !== 'number' || partitions.length === 0) return offsets
    const topics = [...Map.groupBy(partitions, ({ topic }) => topic)].map(([name, own]) => ({
      name,
      partitions: own.map(({ partition }) => {
        return { partitionIndex: partition, timestamp: BigInt(from) }
      })
    }))
    for (const { name, partitions: own } of await this.#admin.listOffsets({ topics })) {
      for (const { partitionIndex: partition, offset } of own) {
        if (offset >= 0n) offsets.set(sourceOf({ topic: name, partition }), Number(offset))
      }
    }
    return offsets
  }

  async #batch(assignment: Assignment, chunk: Chunk, stop: AbortSignal): Promise<MessageBatch> {
    const messages: Incoming[] = []
    for (const message of chunk.messages) {
      const { topic, partition, offset } = message
      const place = `${topic}-${partition} at offset ${offset}`
      const found = await this.#options.schemas.find(message, stop)
      const isFault = 'fault' in found
      messages.push(isFault ? unreadable(topic, place, found.fault) : { topic, place, ...found })
    }
    return {
      messages,
      commit: async (count) => {
        const last = chunk.messages[count - 1]
        const isAll = count === messages.length
        if (last) await this.#commit(assignment, chunk, isAll ? chunk.next : last.offset + 1)
      }
    }
  }

  async #commit(
    assignment: Assignment,
    { topic, partition }: Partition,
    offset: number
  ): Promise<void> {
    if (assignment.ended.aborted) return // the partition's owner by now begins where we stood before
    try {
      await this.#commitAll([{ topic, partition, offset }])
    } catch (error) {
      if (!isFenced(error)) throw error
    }
  }

  async #commitAll(places: readonly ReadPosition[]): Promise<void> {
    const offsets = places.map(({ topic, partition, offset }) => {
      return { topic, partition, offset: BigInt(offset), leaderEpoch: -1 }
    })
    await this.#group.consumer.commit({ offsets })
  }

  #tellExpired({ topic, partition, expired }: Chunk): void {
    this.#options.onNote(
      `${topic}-${partition}: ${amount(expired, 'offset')} deleted by Kafka before anybody read what was there`
    )
  }

  #tellNothing(): void {
    const { group } = this.#options
    this.#options.onNote(`other members of the group ${group} have all partitions`)
  }

  async close(): Promise<void> {
    clearInterval(this.#look)
    await this.#group.close().catch(() => {})
    await this.#reader.close().catch(() => {})
    await this.#admin.close().catch(() => {})
  }
}
