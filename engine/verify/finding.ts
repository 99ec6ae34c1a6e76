import type { PartFile, PartRecord } from '../lake/ledger.ts'

/** Of a part that counts duplicates, what says which it is. */
type OrphanPart = Pick<PartRecord, 'part' | 'source' | 'first' | 'last' | 'attempt'> & {
  readonly isStream: boolean
}

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
    /** Records of closed nights that lie together and cannot be read. */
    | { readonly kind: 'pack'; readonly source: string; readonly path: string }
    /** A part of a closed night that parts name, and that is gone. */
    | { readonly kind: 'closed'; readonly source: string; readonly nth: number }
    /** A part that counts packets as duplicates whose originals are in no part. */
    | { readonly kind: 'orphan'; readonly record: OrphanPart }
    /** A file, or a folder of files, that no part names. */
    | { readonly kind: 'foreign'; readonly path: string }
    /** Staged, and nobody alive will finish it. */
    | { readonly kind: 'attempt'; readonly source: string; readonly folder: string }
    /** A file that its writer died over. */
    | { readonly kind: 'draft'; readonly path: string }
    | { readonly kind: 'empty'; readonly path: string }
    /** Kafka had deleted messages before they were read. */
    | { readonly kind: 'lost'; readonly record: PartRecord }
    /** The index of copies of a source is not what the ledger says. */
    | { readonly kind: 'index'; readonly source: string }
    /** What the lake remembers of a source of files is lost or damaged; `path`: what is left of it. */
    | { readonly kind: 'book'; readonly source: string; readonly path: string | null }
    /** A source of files does not have a name that it was also known by: `alias`. */
    | { readonly kind: 'alias'; readonly source: string; readonly alias: string }
    /** A document of columns; `modules` wrote the files that name it, null where none does. */
    | {
        readonly kind: 'columns'
        readonly path: string
        readonly isThere: boolean
        readonly modules: readonly string[] | null
      }
    /** A source of files that was begun and not read to its end. */
    | { readonly kind: 'unfinished'; readonly source: string }
    /** A layer: it is made again by who made it. `orphan`: what it has of a part that is none any more. */
    | { readonly kind: 'layer'; readonly orphan?: PartRecord }
    /** Of all other kinds: nothing that can be mended by itself. */
    | { readonly kind: 'other' }
  ) & {
    readonly text: string
    /** False: the lake is whole all the same, and it is only told. */
    readonly isDifference: boolean
  }

export type OnFinding = (finding: Finding) => void
