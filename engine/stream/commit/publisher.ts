import { murmur2 } from '@platformatic/kafka'
import type { Message, MessageToProduce } from '@platformatic/kafka'
import type { SelectedMessage } from '../../publish/kafka.ts'
import { SISKIN_VERSION } from '../../version.ts'
import type { FinkClaims } from '../claims/claim-fink.ts'
import { UnsureError } from './coordination.ts'
import type { Position } from './coordination.ts'
import type { ConsumerGroup, Assignment } from '../../kafka/group.ts'
import { clientOptions, TRANSACTION_MS } from '../../kafka/client.ts'
import type { OnStreamStep } from './recovery.ts'
import { refusalOf } from '../../kafka/refusals.ts'
import type { Framing } from './schema.ts'
import type { KafkaAccess } from '../../kafka/settings.ts'
import { TransactionalProducer } from '../../kafka/clients.ts'
import type { OpenTransaction } from '../../kafka/clients.ts'

type Produced = MessageToProduce

export interface Publication {
  readonly messages: readonly SelectedMessage[]
  readonly positions: readonly Position[]
}

/** Names and limits of the topics. */
export interface PublisherOutput {
  readonly prefix: string
  /** Of the topics in Fink's form, where there are any. */
  readonly finkPrefix: string
  /** Most bytes that one topic gets in one send. */
  readonly maxBytes: number
}

/** The client would ask to go on as producer 0, and be fenced where another had the name before. */
const NO_PRODUCER = { producerId: -1n, producerEpoch: -1 }

/** Then the broker has ended it for sure, one way or the other; what is heard later is not waited for. */
const MOST_MS = TRANSACTION_MS + 10_000

/** Publishes in transactions. One per member; a successor of the same name fences it. */
export class Publisher {
  readonly #producer: TransactionalProducer
  readonly #framing: Framing
  readonly #output: PublisherOutput
  readonly #claims: FinkClaims | null

  constructor(
    access: KafkaAccess,
    name: string,
    framing: Framing,
    output: PublisherOutput,
    claims: FinkClaims | null = null
  ) {
    this.#framing = framing
    this.#output = output
    this.#claims = claims
    this.#producer = new TransactionalProducer({
      ...clientOptions(access, name),
      transactionalId: name,
      timeout: TRANSACTION_MS, // the client takes it for the transaction's, and for that of a send
      idempotent: true,
      compression: 'zstd'
    })
  }

  /**
   * Ends the transaction that an earlier process of this name may have left open, so that nobody has
   * to wait for Kafka to do it.
   */
  async start(): Promise<void> {
    const transaction = await this.#producer.beginTransaction(NO_PRODUCER)
    await transaction.cancel() // nothing was in it: asking for the name was all
  }

  /**
   * Step 2 of a commit: the messages and the group's positions, together or not at all. The positions
   * go with the generation of the assignment, whatever the client joined since: a member whose partitions were
   * given away meanwhile fails here.
   * @throws UnsureError when the end of the transaction was not heard; else it did not count.
   */
  async commit(
    group: ConsumerGroup,
    assignment: Assignment,
    publication: Publication,
    onStep: OnStreamStep
  ): Promise<void> {
    await this.#claims?.before(publication.messages)
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      reject(new UnsureError(`the transaction took more than ${MOST_MS / 1000} s`))
    }, MOST_MS)
    try {
      await Promise.race([this.#commit(group, assignment, publication, onStep), late])
    } finally {
      clearTimeout(timer)
    }
  }

  async #commit(
    group: ConsumerGroup,
    assignment: Assignment,
    { messages, positions }: Publication,
    onStep: OnStreamStep
  ): Promise<void> {
    await this.#learnPartitions(positions)
    const transaction = await this.#producer.begin()
    try {
      await transaction.addConsumer(group.consumer)
      for (const position of positions) {
        await transaction.addOffset(this.#offsetOf(position, group, assignment))
      }
      onStep('begun')
      await this.#send(transaction, messages)
      onStep('sent')
    } catch (error) {
      await this.#producer.giveUp(transaction).catch((aborting: unknown) => {
        throw new UnsureError(`the transaction could not be aborted: ${String(aborting)}`, {
          cause: error
        })
      })
      throw error
    }
    try {
      await transaction.commit()
    } catch (error) {
      throw new UnsureError('the end of the transaction was not heard', { cause: error })
    }
  }

  /** Whether the way to their topics is sound: messages with the same keys, and nothing else, are taken. Their transaction is aborted. */
  async passes(messages: readonly SelectedMessage[]): Promise<boolean> {
    const transaction = await this.#producer.begin()
    try {
      await this.#send(transaction, messages.map(emptied))
    } catch (error) {
      await this.#producer.giveUp(transaction)
      if (refusalOf(error)?.kind !== 'way') throw error
      return false
    }
    await transaction.abort()
    return true
  }

  /** The client never ends a commit of a partition that is younger than what it knows of the topic. */
  async #learnPartitions(positions: readonly Position[]): Promise<void> {
    if (positions.length === 0) return
    const topics = [...new Set(positions.map(({ topic }) => topic))]
    const known = await this.#producer.metadata({ topics })
    const isKnown = ({ topic, partition }: Position) =>
      known.topics.get(topic)?.partitions[partition] !== undefined
    if (!positions.every(isKnown)) await this.#producer.metadata({ topics, forceUpdate: true })
  }

  /** As the client wants to be told: the last message that counts, and the membership by which it is ours. */
  #offsetOf(
    { topic, partition, next }: Position,
    group: ConsumerGroup,
    assignment: Assignment
  ): Message {
    const { generation: generationId, memberId } = assignment
    const { groupId, coordinatorId } = group.consumer
    const consumer = { groupId, generationId, memberId, coordinatorId }
    // the client reads no more of a message than this
    return {
      topic,
      partition,
      offset: BigInt(next) - 1n,
      metadata: { consumer }
    } as unknown as Message
  }

  async #send(transaction: OpenTransaction, messages: readonly SelectedMessage[]): Promise<void> {
    const { prefix, finkPrefix, maxBytes } = this.#output
    for (const chunk of cutBySize(messages, maxBytes)) {
      const produced = chunk.map((message) =>
        producedOf(message, this.#framing, prefix, finkPrefix)
      )
      await transaction.send({ messages: produced })
    }
  }

  async close(): Promise<void> {
    await this.#producer.close(true)
  }
}

function emptied(message: SelectedMessage): SelectedMessage {
  return { ...message, value: new Uint8Array(0) }
}

/** A selected alert as it goes out. */
export function producedOf(
  message: SelectedMessage,
  framing: Framing,
  prefix: string,
  finkPrefix: string
): Produced {
  const { topic, filter, survey, source, night, key, value, bare, schema, history } = message
  const marks = { survey, filter, ...(bare && { stamps: 'left-out' }) }
  const origin = { source, night: String(night), ...(history !== undefined && { history }) }
  if (schema) {
    return {
      topic: finkPrefix + topic,
      partition: murmur2(Buffer.from(key)) >>> 0, // else all would lie in one: they have one key
      key: Buffer.from(schema),
      value: Buffer.from(value),
      headers: headersOf({ ...marks, version: SISKIN_VERSION, ...origin })
    }
  }
  return {
    topic: prefix + topic,
    key: Buffer.from(key),
    value: framing.frame(value),
    headers: headersOf({ ...marks, ...framing.headers, ...origin })
  }
}

function headersOf(texts: Readonly<Record<string, string>>): Map<Buffer, Buffer> {
  return new Map(
    Object.entries(texts).map(([name, text]) => [Buffer.from(name), Buffer.from(text)])
  )
}

/** Key, headers and framing of a message, generously. */
const OVERHEAD = 1024

/**
 * Cuts messages so that no topic gets more than `most` bytes in one send: the client makes one batch
 * of what a partition gets, and a batch may be no larger than a message.
 */
export function cutBySize<T extends Pick<SelectedMessage, 'topic' | 'value' | 'schema'>>(
  messages: readonly T[],
  most: number
): T[][] {
  const chunks: T[][] = []
  const filling = new Map<string, { chunk: number; bytes: number }>()
  for (const message of messages) {
    const size = message.value.length + (message.schema?.length ?? 0) + OVERHEAD
    const before = filling.get(message.topic) ?? { chunk: 0, bytes: 0 }
    const fits = before.bytes === 0 || before.bytes + size <= most
    const now = fits
      ? { chunk: before.chunk, bytes: before.bytes + size }
      : { chunk: before.chunk + 1, bytes: size }
    filling.set(message.topic, now)
    const chunk = (chunks[now.chunk] ??= [])
    chunk.push(message)
  }
  return chunks
}
