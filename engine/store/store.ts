/** One file of a store. */
export interface StoredFile {
  /** Path below the root, with `/`. */
  readonly path: string
  readonly size: number
}

/** What a folder holds itself, by name. */
export interface Entry {
  readonly name: string
  readonly isFolder: boolean
}

export interface Whereabouts {
  readonly number: string
  readonly place: string
}

/**
 * Where the lake lies. Paths are relative to the root and use `/`. All that resolves has happened
 * and lasts: a written file is durable, a rename is seen whole or not at all.
 */
export interface Store {
  /** As the user named it. */
  readonly root: string
  /** Writes a new file from pieces; returns its size. Fails if it exists. */
  write(path: string, pieces: readonly Uint8Array[]): Promise<number>
  /** The same of pieces that come one after the other, and come again where they are asked for again. */
  writeFrom(path: string, pieces: () => AsyncIterable<Uint8Array>): Promise<number>
  /** Writes a new small file whole or not at all: of two at once, one fails as if it existed before. */
  create(path: string, bytes: Uint8Array): Promise<void>
  /** Bytes [from, from + length) of a file; to its end without a length. */
  read(path: string, from?: number, length?: number): Promise<Uint8Array>
  /** Size of a file, null if there is none. */
  size(path: string): Promise<number | null>
  /**
   * All files below a folder, sorted by path; none if there is no such folder. With `drafts` also those
   * that a store hides while they are written, and for ever where their writer died.
   */
  list(folder: string, drafts?: boolean): Promise<StoredFile[]>
  /** What lies in a folder itself, sorted by name, without sizes: cheap however deep it is below. */
  entries(folder: string): Promise<Entry[]>
  /** Moves a file or a folder to its name, making folders on the way and replacing what is there. */
  rename(from: string, to: string): Promise<void>
  /** Makes renames into folders durable, once for many. */
  sync(folders: Iterable<string>): Promise<void>
  /** Removes a file or a folder with all that is in it; nothing to remove is no error. */
  remove(path: string): Promise<void>
  /** When a file was written, in ms by the clock of who keeps the store; null if there is none. */
  modified(path: string): Promise<number | null>
  /** What tells a file from a copy of it, and stays when it is moved; and where it lies, whoever asks. */
  whereabouts?(path: string): Promise<Whereabouts>
  /** Removes a folder if nothing is in it; false if something is. A store that cannot leaves it out. */
  removeEmpty?(folder: string): Promise<boolean>
}
