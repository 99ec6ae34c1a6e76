import type { PartFile, PartRecord } from './ledger.ts'

/** Something that a lake should not have, or should have and has not. */
export type Finding =
  /** A file of a part that is not there, or not what it was. */
  (
    | { readonly kind: 'file'; readonly record: PartRecord; readonly file: PartFile }
    /** Committed, and not in its place yet. */
    | { readonly kind: 'unplaced'; readonly record: PartRecord; readonly file: PartFile }
    /** Positions that are in no part. */
    | {
        readonly kind: 'gap'
        readonly source: string
        readonly first: number
        readonly last: number
        readonly isStream: boolean
      }
    /** A record of the ledger that cannot be read. */
    | { readonly kind: 'record'; readonly source: string; readonly path: string }
    /** A file, or a folder of files, that no part names. */
    | { readonly kind: 'foreign'; readonly path: string }
    /** Staged, and nobody alive will finish it. */
    | { readonly kind: 'attempt'; readonly source: string; readonly folder: string }
    /** A file that its writer died over. */
    | { readonly kind: 'draft'; readonly path: string }
    | { readonly kind: 'empty'; readonly path: string }
    /** Kafka had deleted messages before they were read. */
    | { readonly kind: 'lost'; readonly record: PartRecord }
    /** A source of files that was begun and not read to its end. */
    | { readonly kind: 'unfinished'; readonly source: string }
    /** Of all other kinds: nothing that can be mended by itself. */
    | { readonly kind: 'other' }
  ) & {
    readonly text: string
    /** False: the lake is whole all the same, and it is only told. */
    readonly isDifference: boolean
  }

export type OnFinding = (finding: Finding) => void
