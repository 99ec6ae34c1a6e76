import type { PartRecord } from '../../lake/ledger.ts'
import type { Store } from '../../store/store.ts'
import type { LogEvent } from './events.ts'
import type { StreamSettings } from '../common/settings.ts'

export interface StreamSupervisorOptions {
  readonly settings: StreamSettings
  readonly store: Store
  readonly members: number
  /** Names the members of this supervisor; unique among all supervisors that live. */
  readonly name: string
  /** The program of a member process. */
  readonly program: URL
  /** A member that takes nothing in for so long while there is something to take in is killed. */
  readonly progressSeconds: number
  /** Stop when nothing came for so long; null: go on for ever. */
  readonly idleSeconds: number | null
  readonly signal: AbortSignal
  readonly onRecords: (records: readonly PartRecord[]) => void
  readonly onProgress: (status: StreamStatus) => void
  readonly onLog: (event: LogEvent) => void
  /** What members say past their supervisor, a crash mostly, goes to `onLog` too, not to stderr. */
  readonly hushed?: boolean
}

export interface StreamStatus {
  readonly members: number
  /** Members that are in the group. */
  readonly joined: number
  readonly lag: number
  readonly waiting: number
  /** Partitions that are left alone. */
  readonly aside: number
  /** Seconds of the last commit. */
  readonly commitSeconds: number
  /** The most memory of one member, bytes. */
  readonly memory: number
}
