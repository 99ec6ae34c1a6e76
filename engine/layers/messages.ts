import type { Failure } from '../making/failure.ts'
import type { LayerName } from '../lake/layer-name.ts'
import type { PartRecord } from '../lake/ledger.ts'

/** A part whose layers are made. */
export interface PartSpan {
  readonly source: string
  readonly first: number
  readonly last: number
  readonly alerts: number
}

/** What a member that makes layers is started with. */
export interface LayerMemberSettings {
  readonly lake: string
  readonly modules: readonly string[]
  readonly filters: readonly string[]
  readonly asOf: string | null
  /** Folder of the catalogues that modules and filters ask; null: none. */
  readonly catalogues: string | null
  readonly layers: readonly LayerName[]
  /** By the text of a layer: the number of this reprocessing among those of it. */
  readonly runs: Readonly<Record<string, number>>
  /** Others have the same runs: each part is claimed (`task-claim.ts`). */
  readonly isShared: boolean
  readonly beat: SharedArrayBuffer
  /** Tests only: die at this step of a commit of this part (by its first packet). */
  readonly crash: { readonly first: number; readonly step: string } | null
}

export interface LayerTask {
  readonly id: number
  readonly part: PartSpan
  /** A number that no other attempt of this reprocessing has. */
  readonly attempt: number
  readonly stopped: readonly string[]
}

export type FromLayerMember =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'done'
      readonly id: number
      readonly records: readonly PartRecord[]
      readonly newer: readonly string[]
      /** Resident memory of the process, bytes. */
      readonly memory: number
    }
  | ({ readonly kind: 'failed'; readonly id: number } & Failure)
  | { readonly kind: 'log'; readonly level: 'warn' | 'error'; readonly message: string }
