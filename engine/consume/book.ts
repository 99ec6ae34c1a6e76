import type { Identity, Stamp } from './identity.ts'
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
  /** Where it lay when it was first met; a folder that was moved and grew, where it grew. */
  readonly path: string
  /** Packets in it; null until it was read to its end without damage. */
  readonly count: number | null
  /** Where it broke off, once all before that was in the lake; left out where it did not. */
  readonly brokenOff?: string
  /** What is missing of it was given up, as its archive is gone for ever; left out where it was not. */
  readonly abandoned?: Abandoned
}

interface Abandoned {
  readonly at: string
  /** Positions between those that are in the lake. */
  readonly missing: readonly Span[]
}

export interface FileRecord extends Known {
  readonly kind: 'file'
  /** What it was told by, the newest last: a file that grows stays the same source. */
  readonly identities: readonly Identity[]
  /** Of the file that was told by the newest of them, at `path`; null where it is to be read to be told. */
  readonly stamp: Stamp | null
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

/** The lake has parts of it, and what it was told by is lost. A file whose content has its name takes its place. */
interface Lost {
  readonly kind: 'lost'
  readonly name: string
}

export type SourceRecord = FileRecord | FolderRecord | Alias | Lost

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

/** A book whose saves are held back until it is certain that they may be made. */
export class DraftBook implements SourceBook {
  readonly #book: SourceBook
  /** As they were when they were first asked for, as JSON. */
  readonly #loaded = new Map<string, string>()
  readonly #held = new Map<string, SourceRecord>()
  #isHeld = true

  constructor(book: SourceBook) {
    this.#book = book
  }

  /** Names of the records that are held back. */
  get written(): readonly string[] {
    return [...this.#held.keys()]
  }

  async names(): Promise<readonly string[]> {
    return [...new Set([...(await this.#book.names()), ...this.#held.keys()])]
  }

  async load(name: string): Promise<SourceRecord | null> {
    const held = this.#held.get(name)
    if (held) return held
    const record = await this.#book.load(name)
    if (this.#isHeld && !this.#loaded.has(name)) this.#loaded.set(name, JSON.stringify(record))
    return record
  }

  async save(record: SourceRecord): Promise<void> {
    if (this.#isHeld) this.#held.set(record.name, record)
    else await this.#book.save(record)
  }

  done(name: string): Promise<readonly Span[]> {
    return this.#book.done(name)
  }

  /** False when somebody changed one of these records since it was loaded, or made it since. */
  async isTrueOf(names: Iterable<string>): Promise<boolean> {
    for (const name of names) {
      const now = JSON.stringify(await this.#book.load(name))
      if (now !== (this.#loaded.get(name) ?? 'null')) return false
    }
    return true
  }

  /** Saves what was held back; from now on nothing is. */
  async keep(): Promise<void> {
    for (const record of this.#held.values()) await this.#book.save(record)
    this.#held.clear()
    this.#isHeld = false
  }
}
