import type { Admin, Message } from '@platformatic/kafka'
import type { PartRecord } from '../persist/ledger.ts'
import type { Store } from '../persist/store.ts'
import type { Bounds } from './bounds.ts'
import type { MicroBatch } from './batcher.ts'
import { crashPoint } from './crash.ts'
import type { Group, Lease } from './group.ts'
import { sourceOf } from './group.ts'
import { isFenced } from './kafka.ts'
import { drop, place } from './landing.ts'
import { stablePositions } from './positions.ts'
import { UnsureError } from './publish.ts'
import type { Publisher } from './publish.ts'
import type { StagedPart } from './worker.ts'

export interface CommitterOptions {
  readonly store: Store
  readonly admin: Admin
  readonly groupId: string
  readonly group: Group
  readonly publisher: Publisher
  readonly lease: Lease
  readonly bounds: Bounds
}

/**
 * Brings staged micro-batches of one lease into the lake and the topics.
 * `commit` says what became of one: `landed`, or `void` because the partitions are another's by now.
 */
export class Committer {
  readonly #options: CommitterOptions
  readonly #crash = crashPoint()

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  async commit(batch: MicroBatch, parts: readonly StagedPart[]): Promise<'landed' | 'void'> {
    const records = parts.map(({ record }) => record)
    this.#crash.begin(Math.max(...records.map(({ first }) => first)))
    if (!(await this.#publish(batch, parts))) {
      await this.#drop(records)
      return 'void'
    }
    this.#crash.at('committed')
    const { store, bounds } = this.#options
    for (const record of records) await place(store, record, this.#crash.at)
    for (const { source, last } of records) await bounds.landed(store, source, last)
    this.#crash.at('done')
    return 'landed'
  }

  /** False if the transaction did not count and never will, because the lease is over. */
  async #publish(batch: MicroBatch, parts: readonly StagedPart[]): Promise<boolean> {
    const { publisher, group, lease } = this.#options
    if (lease.ended.aborted) return false
    const positions = batch.map(({ lastMessage }) => this.#underLease(lastMessage))
    const messages = parts.flatMap((part) => part.messages)
    try {
      await publisher.commit(group, { messages, positions }, this.#crash.at)
      return true
    } catch (error) {
      if (error instanceof UnsureError) {
        if (await this.#counted(batch)) return true
        await this.#drop(parts.map(({ record }) => record))
        throw error
      }
      if (isFenced(error)) return false
      await this.#drop(parts.map(({ record }) => record))
      throw error
    }
  }

  /**
   * A message names the membership that was in force when it came in, which may be one further than the
   * one that its fetch was asked under: the lease says under which it is ours.
   */
  #underLease(message: Message): Message {
    const { group, groupId, lease } = this.#options
    const consumer = {
      groupId,
      generationId: lease.generation,
      memberId: lease.memberId,
      coordinatorId: group.consumer.coordinatorId
    }
    return { ...message, metadata: { consumer } }
  }

  /** Asks the group's positions, once nothing is pending any more. */
  async #counted(batch: MicroBatch): Promise<boolean> {
    const { admin, groupId } = this.#options
    const partitions = batch.map(({ lastMessage: { topic, partition } }) => ({ topic, partition }))
    const never = new AbortController().signal
    const positions = await stablePositions(admin, groupId, partitions, never)
    return batch.every(
      ({ lastMessage, fetched }) => (positions.get(sourceOf(lastMessage)) ?? 0) > fetched.last
    )
  }

  async #drop(records: readonly PartRecord[]): Promise<void> {
    for (const record of records) await drop(this.#options.store, record)
  }
}
