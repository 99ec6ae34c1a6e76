import type { Consumer } from '@platformatic/kafka'
import type { ConsumerGroupJoinPayload } from '@platformatic/kafka'
import { clientOptions } from './client.ts'
import { LenientConsumer } from './clients.ts'
import type { Partition } from './partition.ts'
import type { KafkaAccess } from './settings.ts'

/** The partitions that are this member's for one generation of its group. */
export interface Assignment {
  readonly generation: number
  readonly memberId: string
  readonly partitions: readonly Partition[]
  /** Aborted when the generation ends. */
  readonly ended: AbortSignal
}

/** What a member of a group says of itself. */
export interface Membership {
  readonly kafka: KafkaAccess
  readonly group: string
  /** A member that is silent for so long is taken for dead by its group. */
  readonly sessionSeconds: number
}

/**
 * Membership in the consumer group.
 *
 * `joining` until Kafka says which partitions are ours; then there is a assignment. A rebalance, or a
 * session that ran out, ends the assignment; the client joins again by itself and the next assignment begins.
 * Who waits for a assignment gets the newest; one that ended before it was taken is never seen.
 */
export class ConsumerGroup {
  readonly consumer: Consumer
  #assignment: Assignment | null = null
  #ends = new AbortController()
  #wake: (() => void)[] = []
  #failure: Error | null = null

  constructor(settings: Membership, name: string, topics: readonly string[]) {
    const { kafka, group, sessionSeconds } = settings
    this.consumer = new LenientConsumer({
      ...clientOptions(kafka, name),
      groupId: group,
      autocommit: false,
      sessionTimeout: sessionSeconds * 1000,
      rebalanceTimeout: Math.max(sessionSeconds, 30) * 1000,
      heartbeatInterval: Math.min(3000, (sessionSeconds * 1000) / 4),
      isolationLevel: 1
    })
    this.consumer.topics.trackAll(...topics)
    this.consumer.on('consumer:group:join', (joined) => this.#begin(joined))
    this.consumer.on('consumer:group:rebalance', () => this.#end())
    this.consumer.on('consumer:group:leave', () => this.#end())
    this.consumer.on('error', (error: Error) => this.#fail(error))
  }

  async join(): Promise<void> {
    await this.consumer.joinGroup({})
  }

  /** The assignment in force, or the next one. Null when `stop` comes first. */
  async assignment(stop: AbortSignal): Promise<Assignment | null> {
    while (!stop.aborted) {
      if (this.#failure) throw this.#failure
      if (this.#assignment && !this.#assignment.ended.aborted) return this.#assignment
      await new Promise<void>((resolve) => {
        this.#wake.push(resolve)
        stop.addEventListener('abort', () => resolve(), { once: true })
      })
    }
    return null
  }

  /** Leaves the group, so that others need not wait for the session to run out. */
  async close(): Promise<void> {
    this.#end()
    await this.consumer.close(true)
  }

  #begin({ generationId, memberId, assignments }: ConsumerGroupJoinPayload): void {
    this.#end()
    this.#ends = new AbortController()
    const partitions = (assignments ?? []).flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition }))
    )
    this.#assignment = {
      generation: generationId ?? 0,
      memberId,
      partitions,
      ended: this.#ends.signal
    }
    this.#changed()
  }

  #end(): void {
    this.#ends.abort()
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#end()
    this.#changed()
  }

  #changed(): void {
    const wake = this.#wake
    this.#wake = []
    for (const go of wake) go()
  }
}
