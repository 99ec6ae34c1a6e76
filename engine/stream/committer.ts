import type { Admin } from '@platformatic/kafka'
import { atOnce } from '../persist/at-once.ts'
import type { PartRecord } from '../persist/ledger.ts'
import type { Store } from '../persist/store.ts'
import type { Bounds } from './bounds.ts'
import type { MicroBatch, Portion } from './batcher.ts'
import { crashPoint } from './crash.ts'
import type { Group, Lease } from './group.ts'
import { isFenced } from './kafka.ts'
import { drop, place } from './landing.ts'
import { stablePositions } from './positions.ts'
import { UnsureError } from './publish.ts'
import type { Position, Publisher } from './publish.ts'
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

/** Parts that are put into their places at the same time. */
const PARTS_AT_ONCE = 4

/** When a micro-batch counted, ms since 1970, and what its commit took. */
export interface Landed {
  readonly at: number
  readonly transactionSeconds: number
  readonly placeSeconds: number
}

/**
 * Brings staged micro-batches of one lease into the lake and the topics.
 * `commit` says what became of one: it landed, or `void` because the partitions are another's by now.
 */
export class Committer {
  readonly #options: CommitterOptions
  readonly #crash = crashPoint()

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  async commit(batch: MicroBatch, parts: readonly StagedPart[]): Promise<Landed | 'void'> {
    const began = performance.now()
    const records = parts.map(({ record }) => record)
    this.#crash.begin(Math.max(...records.map(({ first }) => first)))
    if (!(await this.#publish(batch, parts))) {
      await this.#drop(records)
      return 'void'
    }
    const at = Date.now()
    const published = performance.now()
    this.#crash.at('committed')
    const { store, bounds } = this.#options
    await atOnce(records, PARTS_AT_ONCE, (record) => place(store, record, this.#crash.at))
    for (const { source, last } of records) await bounds.landed(store, source, last)
    this.#crash.at('done')
    const placeSeconds = (performance.now() - published) / 1000
    return { at, transactionSeconds: (published - began) / 1000, placeSeconds }
  }

  /** False if the transaction did not count and never will, because the lease is over. */
  async #publish(batch: MicroBatch, parts: readonly StagedPart[]): Promise<boolean> {
    const { publisher, group, lease } = this.#options
    if (lease.ended.aborted) return false
    const positions = batch.map((portion) => this.#positionOf(portion))
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

  /** The position behind a portion, under the membership by which its partition is ours. */
  #positionOf({ topic, partition, fetched }: Portion): Position {
    const { group, groupId, lease } = this.#options
    const consumer = {
      groupId,
      generationId: lease.generation,
      memberId: lease.memberId,
      coordinatorId: group.consumer.coordinatorId
    }
    return { topic, partition, offset: BigInt(fetched.last), metadata: { consumer } }
  }

  /** Asks the group's positions, once nothing is pending any more. */
  async #counted(batch: MicroBatch): Promise<boolean> {
    const { admin, groupId } = this.#options
    const never = new AbortController().signal
    const positions = await stablePositions(admin, groupId, batch, never)
    return batch.every(({ fetched: { source, last } }) => (positions.get(source) ?? 0) > last)
  }

  async #drop(records: readonly PartRecord[]): Promise<void> {
    for (const record of records) await drop(this.#options.store, record)
  }
}
