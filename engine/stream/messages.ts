import type { PartRecord } from '../persist/ledger.ts'
import type { BatchAccount } from './batch-account.ts'
import type { Strike } from './bounds.ts'
import type { Partition } from './partition.ts'
import type { Aside } from './aside.ts'
import type { StreamSettings } from './settings.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Facts of a line of the log, for machines. */
export type LogFields = Readonly<Record<string, unknown>>

/** What a member tells its supervisor. */
export type FromStreamMember =
  /** Its group gave it these partitions; again after every rebalance. */
  | {
      readonly kind: 'joined'
      readonly memberId: string
      readonly generation: number
      readonly partitions: readonly Partition[]
    }
  /** The range that its pipeline is in; null between two. */
  | { readonly kind: 'working'; readonly range: WorkingRange | null }
  | {
      readonly kind: 'committed'
      readonly records: readonly PartRecord[]
      /** Null: another member committed them, this one put them in their places. */
      readonly batch: BatchAccount | null
    }
  /** A micro-batch that was another member's by the time of its commit. */
  | { readonly kind: 'void'; readonly parts: readonly string[] }
  | {
      readonly kind: 'alive'
      /** False until it has partitions, or is told that there are none for it, and knows their ends. */
      readonly knowsLag: boolean
      /** Messages fetched and not worked on yet. */
      readonly waiting: number
      /** Messages in Kafka that are not taken in yet. */
      readonly lags: readonly PartitionLag[]
      /** What outside is waited for, a registry or the store; null: nothing. */
      readonly waitsFor: string | null
      readonly memory: number
    }
  | {
      readonly kind: 'log'
      readonly level: LogLevel
      readonly message: string
      readonly fields?: LogFields
    }
  /** Partitions that it has and does not read, and why; all of them, again at every change. */
  | { readonly kind: 'aside'; readonly partitions: readonly Aside[] }
  | {
      readonly kind: 'failed'
      readonly message: string
      readonly exitCode: 1 | 2
      /** What it failed at, if the packets are to blame or there were too many of them at once. */
      readonly ranges: readonly WorkingRange[]
      readonly strike: Strike
    }

export interface PartitionLag extends Partition {
  readonly lag: number
}

export interface WorkingRange {
  readonly source: string
  readonly first: number
  readonly last: number
}

/** What a supervisor tells its member: how to begin; to end after the commit that is going on. */
export type ToStreamMember =
  | { readonly kind: 'start'; readonly name: string; readonly settings: StreamSettings }
  | { readonly kind: 'stop' }
