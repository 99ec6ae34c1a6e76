import type { Survey } from '../contract/index.ts'
import type { Failure } from '../making/failure.ts'
import type { PacketRange } from '../packets.ts'
import { attemptOfRun } from '../lake/file-commit.ts'
import type { PartRecord } from '../lake/ledger.ts'
import type { SeenMemory } from './seen.ts'

/** What a member is started with. */
export interface MemberSettings {
  readonly lake: string
  readonly modules: readonly string[] | null
  readonly filters: readonly string[] | null
  readonly surveys: readonly Survey[]
  readonly schemas: string | null
  /** Folder of the catalogues that modules and filters ask. */
  readonly catalogues: string | null
  /** Surveys whose packets are kept compressed; null: as befits the store. */
  readonly compressPackets: readonly Survey[] | null
  /** Topics get injected alerts too. */
  readonly withInjected: boolean
  readonly seen: SeenMemory
  /** For how many days a copy is recognised after its original landed; null: for ever. */
  readonly duplicateNights: number | null
  /** Shared with the supervisor: what the member does now. See `Beat`. */
  readonly beat: SharedArrayBuffer
  /** Tests only: die at this step of the commit of this part (by its first packet). */
  readonly crash: { readonly first: number; readonly step: string } | null
}

/** A range to work on, and what earlier attempts at it taught. */
export interface Work {
  readonly id: number
  /** In whose name alert ids are claimed: the parts of a halved range go on in the name of the whole. */
  readonly claimant: number
  readonly range: PacketRange
  /** The run's number among those of the source, and a number that no other attempt of it has. */
  readonly run: number
  readonly attempt: number
  readonly stopped: readonly string[]
  /** It is a single packet that ended its member more than once, and how; null: it is not. */
  readonly poison: string | null
}

/** The name of an attempt: see `lake/two-phase-commit.ts`. */
export function attemptOf({ run, attempt }: Pick<Work, 'run' | 'attempt'>): string {
  return attemptOfRun(run, attempt)
}

export type FromMember =
  /** It can begin another range; the commit of the last one may still be going on. */
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'done'
      readonly id: number
      readonly record: PartRecord
      /** Resident memory of the process, bytes. */
      readonly memory: number
    }
  | ({ readonly kind: 'failed'; readonly id: number } & Failure)
  | { readonly kind: 'log'; readonly level: 'warn' | 'error'; readonly message: string }
