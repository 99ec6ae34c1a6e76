import { Consumer, Producer } from '@platformatic/kafka'
import type { Message, MessageToProduce } from '@platformatic/kafka'
import { clientOptions } from '../../engine/kafka/client.ts'
import type { KafkaAccess } from '../../engine/kafka/settings.ts'
import { cutBySize } from '../../engine/stream/commit/publisher.ts'

/** Milliseconds to publish a micro-batch and move the group's position. */
export interface CommitCost {
  /** In one transaction: exactly once. */
  readonly once: number
  /** First the messages, then the position: at least once. */
  readonly atLeastOnce: number
}

const BATCHES = 30
const MOST_BYTES = 1_000_000

/**
 * What exactly-once costs: the same messages published in the same sends, with and without a
 * transaction around them and the group's position, the two taking turns.
 */
export async function commitCost(
  bootstrap: string,
  topic: string,
  messages: readonly MessageToProduce[]
): Promise<CommitCost> {
  const access: KafkaAccess = {
    brokers: [bootstrap],
    user: null,
    password: null,
    mechanism: 'PLAIN',
    tls: false,
    ca: null
  }
  const plain = new Producer({ ...clientOptions(access, 'plain'), compression: 'zstd' })
  const id = 'bench-once'
  const once = new Producer({
    ...clientOptions(access, id),
    transactionalId: id,
    idempotent: true,
    compression: 'zstd'
  })
  const groupId = 'bench-cost'
  const consumer = new Consumer({ ...clientOptions(access, groupId), groupId })
  const position = await firstMessage(consumer, topic)
  const chunks = cutBySize<ReturnType<typeof sized>>(messages.map(sized), MOST_BYTES)
  const send = async (to: (chunk: MessageToProduce[]) => Promise<unknown>) => {
    for (const chunk of chunks) await to(chunk.map(({ message }) => ({ ...message })))
  }
  const times: Record<keyof CommitCost, number[]> = { once: [], atLeastOnce: [] }
  for (let batch = 0; batch < BATCHES; batch++) {
    times.once.push(
      await timed(async () => {
        const transaction = await once.beginTransaction()
        await transaction.addConsumer(consumer)
        await transaction.addOffset(position)
        await send((some) => transaction.send({ messages: some }))
        await transaction.commit()
      })
    )
    times.atLeastOnce.push(
      await timed(async () => {
        await send((some) => plain.send({ messages: some }))
        const { partition, offset } = position
        const leaderEpoch = -1
        await consumer.commit({ offsets: [{ topic, partition, offset: offset + 1n, leaderEpoch }] })
      })
    )
  }
  await Promise.all([plain.close(true), once.close(true), consumer.close(true)])
  return { once: median(times.once), atLeastOnce: median(times.atLeastOnce) }
}

function sized(message: MessageToProduce) {
  return { message, topic: message.topic, value: Buffer.from(message.value!) }
}

async function firstMessage(consumer: Consumer, topic: string): Promise<Message> {
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false })
  for await (const message of stream) {
    await stream.close()
    return message
  }
  throw new Error(`topic ${topic} is empty`)
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

export function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}
