import type { PartRecord } from '../persist/ledger.ts'
import type { StreamSettings } from './settings.ts'

/** What a member tells its supervisor. */
export type FromStreamMember =
  | { readonly kind: 'joined'; readonly memberId: string; readonly partitions: number }
  /** The range that its pipeline is in; null between two. */
  | { readonly kind: 'working'; readonly range: WorkingRange | null }
  | {
      readonly kind: 'committed'
      readonly records: readonly PartRecord[]
      readonly seconds: number
    }
  | {
      readonly kind: 'alive'
      /** Messages fetched and not worked on yet. */
      readonly waiting: number
      /** Messages in Kafka that are not taken in yet. */
      readonly lag: number
      readonly memory: number
    }
  | {
      readonly kind: 'log'
      readonly level: 'info' | 'warn' | 'error'
      readonly message: string
    }
  | { readonly kind: 'failed'; readonly message: string; readonly exitCode: 1 | 2 }

export interface WorkingRange {
  readonly source: string
  readonly first: number
  readonly last: number
}

/** What a supervisor tells its member: how to begin; to end after the commit that is going on. */
export type ToStreamMember =
  | { readonly kind: 'start'; readonly name: string; readonly settings: StreamSettings }
  | { readonly kind: 'stop' }
