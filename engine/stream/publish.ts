import { Producer } from '@platformatic/kafka'
import type { Message, MessageToProduce } from '@platformatic/kafka'
import type { SelectedMessage } from '../publish/kafka.ts'
import type { Group } from './group.ts'
import { clientOptions } from './kafka.ts'
import type { OnStreamStep } from './landing.ts'
import type { Framing } from './schema.ts'
import type { KafkaAccess } from './settings.ts'

type Transaction = Awaited<ReturnType<Producer['beginTransaction']>>
type Produced = MessageToProduce

export interface Publication {
  readonly messages: readonly SelectedMessage[]
  /** The last message of each partition. */
  readonly positions: readonly Message[]
}

/** The transaction did not come to its end for sure: only the group's positions tell if it counted. */
export class UnsureError extends Error {
  override readonly name = 'UnsureError'
}

/** The client would ask to go on as producer 0, and be fenced where another had the name before. */
const NO_PRODUCER = { producerId: -1n, producerEpoch: -1 }

/** Publishes in transactions. One per member; a successor of the same name fences it. */
export class Publisher {
  readonly #producer: Producer
  readonly #framing: Framing
  readonly #prefix: string
  readonly #maxBytes: number

  constructor(
    access: KafkaAccess,
    name: string,
    { framing, prefix, maxBytes }: { framing: Framing; prefix: string; maxBytes: number }
  ) {
    this.#framing = framing
    this.#prefix = prefix
    this.#maxBytes = maxBytes
    this.#producer = new Producer({
      ...clientOptions(access, name),
      transactionalId: name,
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
   * go with the generation under which they were fetched: a member whose partitions were given away
   * meanwhile fails here.
   * @throws UnsureError when the end of the transaction was not heard; else it did not count.
   */
  async commit(group: Group, publication: Publication, onStep: OnStreamStep): Promise<void> {
    const transaction = await this.#producer.beginTransaction()
    try {
      await transaction.addConsumer(group.consumer)
      for (const position of publication.positions) await transaction.addOffset(position)
      onStep('begun')
      await this.#send(transaction, publication.messages)
      onStep('sent')
    } catch (error) {
      await transaction.abort().catch((aborting: unknown) => {
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

  async #send(transaction: Transaction, messages: readonly SelectedMessage[]): Promise<void> {
    for (const chunk of cutBySize(messages, this.#maxBytes)) {
      await transaction.send({ messages: chunk.map((message) => this.#produced(message)) })
    }
  }

  #produced({ topic, filter, survey, key, value, bare }: SelectedMessage): Produced {
    const headers: Record<string, string> = {
      survey,
      filter,
      ...this.#framing.headers,
      ...(bare && { stamps: 'left-out' })
    }
    return {
      topic: this.#prefix + topic,
      key: Buffer.from(key),
      value: this.#framing.frame(value),
      headers: new Map(
        Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)])
      )
    }
  }

  async close(): Promise<void> {
    await this.#producer.close(true)
  }
}

/** Key, headers and framing of a message, generously. */
const OVERHEAD = 1024

/**
 * Cuts messages so that no topic gets more than `most` bytes in one send: the client makes one batch
 * of what a partition gets, and a batch may be no larger than a message.
 */
export function cutBySize<T extends Pick<SelectedMessage, 'topic' | 'value'>>(
  messages: readonly T[],
  most: number
): T[][] {
  const chunks: T[][] = []
  const filling = new Map<string, { chunk: number; bytes: number }>()
  for (const message of messages) {
    const size = message.value.length + OVERHEAD
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
