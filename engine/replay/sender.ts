import { Producer } from '@platformatic/kafka'
import type { Admin, MessageToProduce } from '@platformatic/kafka'
import { clientOptions } from '../kafka/client.ts'
import { isKafkaError } from '../kafka/refusals.ts'
import type { KafkaAccess } from '../kafka/settings.ts'
import { createTopics, leastLimit } from '../kafka/topics.ts'
import type { Outgoing } from './packets.ts'

type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

export interface SenderOptions {
  readonly kafka: KafkaAccess
  readonly compression: Compression
  /** Of topics that are made. */
  readonly partitions: number
  readonly replication: number
}

/** A packet and the topic it goes to. */
export interface Addressed extends Outgoing {
  readonly topic: string
}

interface Topic {
  readonly partitions: number
  /** Bytes that a batch may hold. */
  readonly limit: number
  /** Partition of the next message: they take turns, as messages without a key do. */
  turn: number
}

/** Packets that had their turn, and whether Kafka refused them. */
interface Sent {
  readonly count: number
  readonly isRefused: boolean
}

/** Most bytes of one request, over all partitions. */
const REQUEST_BYTES = 8 * 1024 * 1024
/** A message around its value, and a batch around its messages, generously. */
const OVERHEAD = 256
const RETENTION_DAYS = 7

/** Sends packets in their order, without keys, stamped with the time at which they are sent. */
export class Sender {
  readonly #admin: Admin
  readonly #options: SenderOptions
  readonly #producer: Producer
  readonly #topics = new Map<string, Topic>()

  constructor(admin: Admin, options: SenderOptions) {
    this.#admin = admin
    this.#options = options
    this.#producer = new Producer({
      ...clientOptions(options.kafka, 'siskin-replay'),
      idempotent: true,
      compression: options.compression
    })
  }

  /**
   * Sends as many of the packets as fit into one request. One that is larger than a batch may be goes
   * alone: compressed, the broker may take it, or refuse it.
   */
  async send(packets: readonly Addressed[]): Promise<Sent> {
    const messages: MessageToProduce[] = []
    const filled = new Map<string, number>()
    let total = 0
    for (const { topic: name, value } of packets) {
      const topic = await this.prepare(name)
      const partition = topic.turn % topic.partitions
      const size = value.length + OVERHEAD
      const key = `${name}-${partition}`
      const there = filled.get(key) ?? 0
      const isFull = there + size > topic.limit || total + size > REQUEST_BYTES
      if (messages.length > 0 && isFull) break
      messages.push({ topic: name, partition, value })
      filled.set(key, there + size)
      total += size
      topic.turn++
    }
    const now = BigInt(Date.now())
    for (const message of messages) message.timestamp = now
    const count = messages.length
    try {
      await this.#producer.send({ messages })
      return { count, isRefused: false }
    } catch (error) {
      const isLarge = isKafkaError(error, 'MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE')
      if (count > 1 || !isLarge) throw error
      return { count, isRefused: true }
    }
  }

  /** Makes the topic if it is missing. */
  async prepare(name: string): Promise<Topic> {
    const known = this.#topics.get(name)
    if (known) return known
    const { partitions, replication } = this.#options
    const shape = { partitions, replication, retentionDays: RETENTION_DAYS }
    await createTopics(this.#admin, [name], shape)
    const metadata = await this.#admin.metadata({ topics: [name], forceUpdate: true })
    const topic = {
      partitions: metadata.topics.get(name)?.partitionsCount ?? partitions,
      limit: await leastLimit(this.#admin, [name]),
      turn: 0
    }
    this.#topics.set(name, topic)
    return topic
  }

  async close(): Promise<void> {
    await this.#producer.close(true)
  }
}
