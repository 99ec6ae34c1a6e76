import { setTimeout as delay } from 'node:timers/promises'
import { SiskinError } from '../errors.ts'
import { committedBatches } from './committed.ts'
import type { FetchedPartition } from './committed.ts'
import { checkMoving, checkUncut, requestOf, wasAsked } from './cursor.ts'
import type { Cursor } from './cursor.ts'
import { clientOptions } from './client.ts'
import { isLeaderless, LenientConsumer } from './clients.ts'
import { PartitionError } from './partition-error.ts'
import { isKafkaError } from './refusals.ts'
import type { KafkaAccess } from './settings.ts'

/** A message of a transaction that was committed, or of none. */
export interface CommittedMessage {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since 1970, as its producer or the broker set it. */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: ReadonlyMap<string, Buffer>
}

/** Where to read a partition: from `offset` on, to before `end`; without an end for ever. */
export interface ReadPosition {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly end?: number
}

/** What one fetch brought of one partition; there may be no message in it. */
export interface Chunk {
  readonly topic: string
  readonly partition: number
  readonly messages: readonly CommittedMessage[]
  /** Where to go on: behind messages that were aborted and behind markers too. */
  readonly next: number
  /** Offset of the first message whose transaction is open; the partition's end if none is. */
  readonly stableEnd: number
  /** Offsets that were asked for and that Kafka has deleted by now. */
  readonly expired: number
}

/** Offsets of a partition, all but `first` exclusive. */
export interface PartitionSpan {
  readonly topic: string
  readonly partition: number
  /** Those before it are deleted: their time was over, or someone had them deleted. */
  readonly first: number
  readonly stableEnd: number
  readonly end: number
}

/** Bytes that are read at a time. */
interface ReadSizes {
  /** Most of one fetch. */
  readonly fetch: number
  /** Most of one partition in a fetch. */
  readonly partition: number
  /** So much of a partition is read before the next has its turn: long runs make few, large parts. */
  readonly run: number
}

const MIB = 1024 * 1024
const SIZES: ReadSizes = { fetch: 16 * MIB, partition: MIB, run: 0 }
const FETCH_WAIT_MS = 500
/** Where several brokers are asked, one that has nothing must not hold up what the others have. */
const SHORT_WAIT_MS = 50
/** Longer than all that the client tries again. */
const ROUND_MS = 120_000
const ELECTION_MS = 10_000
const LOOK_MS = 250
const EARLIEST = -2n
const LATEST = -1n

/**
 * Reads topics as a read_committed reader must: what was aborted is never seen, what is in an open
 * transaction not yet. It is in no group and leaves no trace in Kafka.
 *
 * The client's own filter lets an aborted message through if the marker of the abort lies in a later
 * fetch, or if its producer aborted twice in one; what it leaves is therefore filtered again, by the
 * broker's list of aborted transactions.
 */
export class CommittedReader {
  readonly #consumer: LenientConsumer
  readonly #sizes: ReadSizes

  constructor(access: KafkaAccess, clientId: string, topics: readonly string[], sizes = SIZES) {
    this.#sizes = sizes
    this.#consumer = new LenientConsumer({ ...clientOptions(access, clientId), groupId: clientId })
    this.#consumer.topics.trackAll(...topics)
  }

  /** Where the partitions of these topics begin and end now. */
  async spans(topics: readonly string[]): Promise<PartitionSpan[]> {
    const ask = (timestamp: bigint, isolationLevel: 0 | 1) =>
      this.#consumer.listOffsets({ topics: [...topics], timestamp, isolationLevel })
    const first = await ask(EARLIEST, 0)
    const ends = await ask(LATEST, 0)
    const stable = await ask(LATEST, 1)
    return [...ends].flatMap(([topic, own]) =>
      own.map((end, partition) => ({
        topic,
        partition,
        first: Number(first.get(topic)?.[partition] ?? 0),
        stableEnd: Number(stable.get(topic)?.[partition] ?? 0),
        end: Number(end)
      }))
    )
  }

  /** Chunk after chunk, until every place with an end is read to it, or `signal` comes. */
  async *read(places: readonly ReadPosition[], signal?: AbortSignal): AsyncGenerator<Chunk, void> {
    const moved = performance.now()
    let open: Cursor[] = places.map(
      ({ topic, partition, offset, end = Number.POSITIVE_INFINITY }) => {
        return { topic, partition, end, next: offset, epoch: -1, moved, run: 0 }
      }
    )
    let alone: Cursor | null = null
    for (;;) {
      open = open.filter(({ next, end }) => next < end)
      if (open.length === 0 || signal?.aborted) return
      const chunks = await inTime(this.#round(alone ? [alone] : open))
      alone = this.#goesOn(chunks, alone)
      for (const [cursor, chunk] of chunks) {
        cursor.next = chunk.next
        cursor.moved = performance.now()
        yield chunk
      }
      checkMoving(open)
    }
  }

  /**
   * Who is asked alone next time: a broker gives its partitions turns, a fetch each, and a long run of
   * one is better than short ones of many. Nobody once a run is over, or when none is behind.
   */
  #goesOn(chunks: readonly [Cursor, Chunk][], before: Cursor | null): Cursor | null {
    let longest: Cursor | null = null
    for (const [cursor, { messages, next, stableEnd }] of chunks) {
      const bytes = messages.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
      cursor.run = bytes + (cursor === before ? cursor.run : 0)
      const isBehind = next < Math.min(stableEnd, cursor.end)
      if (isBehind && cursor.run > (longest?.run ?? 0)) longest = cursor
    }
    return longest && longest.run < this.#sizes.run ? longest : null
  }

  /** One fetch from each broker that leads one of the partitions. */
  async #round(cursors: readonly Cursor[]): Promise<[Cursor, Chunk][]> {
    const topics = [...new Set(cursors.map(({ topic }) => topic))]
    const metadata = await this.#metadata(topics, cursors)
    const known = ({ topic }: Cursor) => metadata.topics.get(topic)
    const byLeader = Map.groupBy(
      cursors,
      (cursor) => known(cursor)?.partitions[cursor.partition]?.leader ?? -1
    )
    const wait = byLeader.size > 1 ? SHORT_WAIT_MS : FETCH_WAIT_MS
    const fetches = [...byLeader].map(([node, own]) => {
      const ids = new Map(own.map((cursor) => [cursor.topic, known(cursor)?.id ?? '']))
      return this.#fetch(node, own, ids, wait)
    })
    return (await Promise.all(fetches)).flat()
  }

  /** @throws PartitionError for one that has no leader for longer than an election takes. */
  async #metadata(topics: string[], cursors: readonly Cursor[]) {
    for (let waited = 0; ; waited += LOOK_MS) {
      const found = await this.#consumer.metadata({ topics, forceUpdate: waited > 0 })
      const leaderless = cursors.find(({ topic, partition }) => {
        const own = found.topics.get(topic)?.partitions[partition]
        return own && isLeaderless(own)
      })
      if (!leaderless) return found
      if (waited >= ELECTION_MS) throw leaderlessError(leaderless)
      await delay(LOOK_MS)
    }
  }

  async #fetch(
    node: number,
    cursors: readonly Cursor[],
    ids: ReadonlyMap<string, string>,
    maxWaitTime: number
  ): Promise<[Cursor, Chunk][]> {
    const requests = new Map(
      cursors.map((cursor) => [cursor, requestOf(cursor, this.#sizes.partition)])
    )
    try {
      const { responses } = await this.#consumer.fetch({
        node,
        isolationLevel: 1,
        minBytes: 1,
        maxBytes: this.#sizes.fetch,
        maxWaitTime,
        topics: [...ids].map(([topic, topicId]) => ({
          topicId,
          partitions: [...requests].flatMap(([cursor, request]) =>
            cursor.topic === topic ? [request] : []
          )
        }))
      })
      return responses.flatMap(({ topicId, partitions }) =>
        partitions.flatMap((fetched): [Cursor, Chunk][] => {
          const cursor = cursors.find(
            ({ topic, partition }) =>
              ids.get(topic) === topicId && partition === fetched.partitionIndex
          )
          if (!cursor || !wasAsked(cursor, requests.get(cursor))) return []
          checkUncut(cursor, fetched)
          const last = fetched.records?.at(-1)
          if (!last) return []
          cursor.epoch = last.partitionLeaderEpoch
          return [[cursor, chunkOf(cursor, fetched)]]
        })
      )
    } catch (error) {
      if (!isKafkaError(error, 'OFFSET_OUT_OF_RANGE')) throw error
      return this.#jump(cursors, error)
    }
  }

  /** Steps over what Kafka has deleted meanwhile. */
  async #jump(cursors: readonly Cursor[], error: unknown): Promise<[Cursor, Chunk][]> {
    const spans = await this.spans([...new Set(cursors.map(({ topic }) => topic))])
    const jumps: [Cursor, Chunk][] = []
    for (const cursor of cursors) {
      const { topic, partition, next, end } = cursor
      const span = spans.find((own) => own.topic === topic && own.partition === partition)
      if (!span) continue
      if (next > span.end) {
        throw new PartitionError(
          `${topic}-${partition} ends at offset ${span.end}, ${next} was asked for: was the topic made anew?`
        )
      }
      if (next >= span.first) continue
      const to = Math.min(span.first, end)
      const chunk = { topic, partition, messages: [], next: to, stableEnd: span.stableEnd }
      jumps.push([cursor, { ...chunk, expired: to - next }])
    }
    const asked = cursors.filter(({ epoch }) => epoch >= 0)
    if (jumps.length === 0 && asked.length === 0) throw error
    for (const cursor of asked) cursor.epoch = -1 // the broker knows so old a leader no more
    return jumps
  }

  async close(): Promise<void> {
    await this.#consumer.close(true)
  }
}

function leaderlessError({ topic, partition }: Cursor): PartitionError {
  return new PartitionError(
    `${topic}-${partition} has no leader now: are all brokers and disks there that have it?`
  )
}

function chunkOf({ topic, partition, next: from, end }: Cursor, fetched: FetchedPartition): Chunk {
  const batches = fetched.records ?? []
  const messages: CommittedMessage[] = []
  for (const batch of committedBatches(fetched)) {
    for (const { offsetDelta, timestampDelta, key, value, headers } of batch.records) {
      const offset = Number(batch.firstOffset) + offsetDelta
      if (offset < from || offset >= end) continue
      const timestamp = Number(batch.firstTimestamp + timestampDelta)
      const named = new Map(headers.map(([name, text]) => [String(name), text ?? Buffer.alloc(0)]))
      messages.push({ topic, partition, offset, timestamp, key, value, headers: named })
    }
  }
  const reached = batches.map((batch) => Number(batch.firstOffset) + batch.lastOffsetDelta + 1)
  const next = Math.min(end, Math.max(from, ...reached))
  return {
    topic,
    partition,
    messages,
    next,
    stableEnd: Number(fetched.lastStableOffset),
    expired: 0
  }
}

async function inTime<T>(round: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(new SiskinError(`Kafka did not answer a fetch within ${ROUND_MS / 1000} s`))
  }, ROUND_MS)
  try {
    return await Promise.race([round, late])
  } finally {
    clearTimeout(timer)
  }
}
