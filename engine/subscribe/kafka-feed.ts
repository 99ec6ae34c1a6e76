import type { Admin } from '@platformatic/kafka'
import { CommittedReader } from '../stream/committed-reader.ts'
import type { Chunk, PartitionSpan, Place } from '../stream/committed-reader.ts'
import { Group } from '../stream/group.ts'
import type { Lease } from '../stream/group.ts'
import { sourceOf } from '../stream/partition.ts'
import type { Partition } from '../stream/partition.ts'
import { isFenced, openAdmin } from '../stream/kafka.ts'
import { stablePositions } from '../stream/coordination.ts'
import type { KafkaAccess } from '../stream/settings.ts'
import { unreadable } from './feed.ts'
import type { Batch, Feed, Incoming, Start } from './feed.ts'
import type { SchemaFinder } from './schemas.ts'

export interface KafkaFeedOptions {
  readonly access: KafkaAccess
  readonly clientId: string
  readonly group: string
  readonly topics: readonly string[]
  readonly from: Start
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
 * A lease says which partitions are ours. It ends with a rebalance: what was handed out and not
 * committed is then handed out again, here or by another member. At least once, never less.
 */
export class KafkaFeed implements Feed {
  readonly #options: KafkaFeedOptions
  readonly #admin: Admin
  readonly #look: NodeJS.Timeout | undefined
  /** Ends of partitions at the time they were met first. */
  readonly #ends = new Map<string, number>()
  #group: Group
  #reader: CommittedReader
  #lease: Lease | null = null
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

  #newGroup(): Group {
    const { access, clientId, group, topics } = this.#options
    const settings = { kafka: access, group, sessionSeconds: SESSION_SECONDS }
    return new Group(settings, clientId, topics)
  }

  #newReader(): CommittedReader {
    const { access, clientId, topics } = this.#options
    return new CommittedReader(access, `${clientId}-reader`, topics)
  }

  async next(stop: AbortSignal): Promise<Batch | null> {
    for (;;) {
      if (stop.aborted || !(await this.#hasLease(stop))) return null
      const lease = this.#lease!
      const { done, value: chunk } = await this.#chunks!.next()
      if (done) {
        if (lease.ended.aborted || this.#changed.signal.aborted) continue
        return null
      }
      if (chunk.expired > 0) this.#tellExpired(chunk)
      if (chunk.messages.length > 0) {
        return this.#batch(lease, chunk, stop).catch((error: unknown) => {
          if (stop.aborted) return null
          throw error
        })
      }
      await this.#commit(lease, chunk, chunk.next)
    }
  }

  async #hasLease(stop: AbortSignal): Promise<boolean> {
    if (this.#changed.signal.aborted) await this.#beginAnew()
    if (this.#lease && !this.#lease.ended.aborted) return true
    if (!this.#lease) await this.#group.join()
    for (let lease = await this.#group.lease(stop); lease; lease = await this.#group.lease(stop)) {
      try {
        const places = await this.#places(lease)
        if (places.length === 0) this.#tellNothing()
        const until = AbortSignal.any([stop, lease.ended, this.#changed.signal])
        this.#chunks = this.#reader.read(places, until)
        this.#lease = lease
        this.#hasBegun = true
        return true
      } catch (error) {
        if (!lease.ended.aborted && !isFenced(error)) throw error
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
    this.#lease = null
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

  /** Where the partitions of a lease are read from and to. */
  async #places(lease: Lease): Promise<Place[]> {
    const { group, topics, follow } = this.#options
    const { partitions, ended } = lease
    if (partitions.length === 0) return []
    const known = await stablePositions(this.#admin, group, partitions, ended)
    const spans = await this.#reader.spans(topics)
    this.#partitions ||= spans.length
    const isFirst = !this.#hasBegun // later, partitions go on where their last reader ended
    const fresh = new Set(partitions.map(sourceOf).filter((source) => !this.#ends.has(source)))
    const times = isFirst ? await this.#timeOffsets(partitions) : new Map<string, number>()
    const places = partitions.map(({ topic, partition }): Place => {
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

  async #batch(lease: Lease, chunk: Chunk, stop: AbortSignal): Promise<Batch> {
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
        if (last) await this.#commit(lease, chunk, isAll ? chunk.next : last.offset + 1)
      }
    }
  }

  async #commit(lease: Lease, { topic, partition }: Partition, offset: number): Promise<void> {
    if (lease.ended.aborted) return // the partition's owner by now begins where we stood before
    try {
      await this.#commitAll([{ topic, partition, offset }])
    } catch (error) {
      if (!isFenced(error)) throw error
    }
  }

  async #commitAll(places: readonly Place[]): Promise<void> {
    const offsets = places.map(({ topic, partition, offset }) => {
      return { topic, partition, offset: BigInt(offset), leaderEpoch: -1 }
    })
    await this.#group.consumer.commit({ offsets })
  }

  #tellExpired({ topic, partition, expired }: Chunk): void {
    this.#options.onNote(
      `${topic}-${partition}: ${expired} offsets were deleted by Kafka before they were read`
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
