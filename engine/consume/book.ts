import type { Identity } from './identity.ts'
import type { Span } from './source.ts'

/** A file of a folder: told by its content, which positions of the source are given by. */
export interface KnownFile {
  /** Path in the folder, with `/`, when it was first met. */
  readonly name: string
  readonly size: number
  /** See `digestOf`. */
  readonly digest: string
  /** Packets in it; null until it was read to its end. */
  readonly packets: number | null
}

interface Known {
  readonly name: string
  /** Where it lay when it was first met. */
  readonly path: string
  /** Packets in it; null until it was read to its end without damage. */
  readonly count: number | null
}

export interface FileRecord extends Known {
  readonly kind: 'file'
  /** What it was told by, the newest last: a file that grows stays the same source. */
  readonly identities: readonly Identity[]
  /** Its last packet is damaged, and has a position: what comes after cannot go on from it. */
  readonly endsDamaged: boolean
}

export interface FolderRecord extends Known {
  readonly kind: 'folder'
  /** In the order of positions. */
  readonly files: readonly KnownFile[]
  /** Files of the folder that are in the lake as part of another source. */
  readonly elsewhere: readonly KnownFile[]
  /** The source with which the folder began anew. */
  readonly replacedBy: string | null
}

/** A name by which a source that grew is found by its new content. */
interface Alias {
  readonly kind: 'alias'
  readonly name: string
  readonly of: string
}

export type SourceRecord = FileRecord | FolderRecord | Alias

/** What a lake remembers of its sources. */
export interface SourceBook {
  names(): Promise<readonly string[]>
  load(name: string): Promise<SourceRecord | null>
  save(record: SourceRecord): Promise<void>
  /** The packets of a source that are in the lake, ascending. */
  done(name: string): Promise<readonly Span[]>
}

/** For readers without a lake: nothing is known before, and nothing kept. */
export function emptyBook(): SourceBook {
  const records = new Map<string, SourceRecord>()
  return {
    names: async () => [...records.keys()],
    load: async (name) => records.get(name) ?? null,
    save: async (record) => void records.set(record.name, record),
    done: async () => []
  }
}
