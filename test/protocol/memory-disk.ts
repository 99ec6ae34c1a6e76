import { SiskinError } from '../../engine/errors.ts'
import type { Entry, Store, StoredFile } from '../../engine/store/store.ts'

type Folder = Map<string, Folder | Uint8Array>

const ADVICE: Record<string, string> = { EEXIST: 'it is there already' }

function refused(verb: string, path: string, code: string): SiskinError {
  const cause = Object.assign(new Error(code), { code })
  return new SiskinError(`cannot ${verb} ${path}: ${ADVICE[code] ?? code}`, 1, { cause })
}

/** Folders and files in memory, each operation at once and whole. */
export class MemoryDisk {
  readonly #root: Folder = new Map()

  #find(path: string): Folder | Uint8Array | null {
    let found: Folder | Uint8Array | undefined = this.#root
    if (path === '') return found
    for (const name of path.split('/')) {
      if (!(found instanceof Map)) return null
      found = found.get(name)
    }
    return found ?? null
  }

  #makeFolderOf(path: string, verb: string): { folder: Folder; name: string } {
    const names = path.split('/')
    const name = names.pop()!
    let folder = this.#root
    for (const next of names) {
      let below = folder.get(next)
      if (below === undefined) folder.set(next, (below = new Map()))
      if (!(below instanceof Map)) throw refused(verb, path, 'ENOTDIR')
      folder = below
    }
    return { folder, name }
  }

  write(path: string, bytes: Uint8Array): void {
    const { folder, name } = this.#makeFolderOf(path, 'write')
    if (folder.has(name)) throw refused('write', path, 'EEXIST')
    folder.set(name, bytes)
  }

  /** Puts bytes into a file that was opened before; nothing where it was removed meanwhile. */
  fill(path: string, bytes: Uint8Array): void {
    if (!(this.#find(path) instanceof Uint8Array)) return
    const { folder, name } = this.#makeFolderOf(path, 'write')
    folder.set(name, bytes)
  }

  read(path: string): Uint8Array {
    const found = this.#find(path)
    if (found instanceof Uint8Array) return found
    throw refused('read', path, found ? 'EISDIR' : 'ENOENT')
  }

  size(path: string): number | null {
    const found = this.#find(path)
    return found instanceof Uint8Array ? found.byteLength : null
  }

  entries(path: string): Entry[] {
    const found = this.#find(path)
    if (!(found instanceof Map)) return []
    return [...found]
      .map(([name, entry]) => ({ name, isFolder: entry instanceof Map }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  list(path: string): StoredFile[] {
    const files: StoredFile[] = []
    const walk = (folder: Folder, root: string) => {
      for (const [name, entry] of folder) {
        const path = root === '' ? name : `${root}/${name}`
        if (entry instanceof Map) walk(entry, path)
        else files.push({ path, size: entry.byteLength })
      }
    }
    const found = this.#find(path)
    if (found instanceof Map) walk(found, path)
    return files.sort((a, b) => (a.path < b.path ? -1 : 1))
  }

  rename(from: string, to: string): void {
    const moved = this.#find(from)
    if (moved === null) throw refused('rename to', to, 'ENOENT')
    const target = this.#makeFolderOf(to, 'rename to')
    const there = target.folder.get(target.name)
    if (there instanceof Map && !(moved instanceof Map)) throw refused('rename to', to, 'EISDIR')
    if (there instanceof Map && there.size > 0) throw refused('rename to', to, 'ENOTEMPTY')
    const origin = this.#makeFolderOf(from, 'rename to')
    origin.folder.delete(origin.name)
    target.folder.set(target.name, moved)
  }

  remove(path: string): void {
    if (this.#find(path) === null) return
    const { folder, name } = this.#makeFolderOf(path, 'remove')
    folder.delete(name)
  }
}

/** The disk as a store, for who uses it alone. */
export function memoryStore(disk: MemoryDisk): Store {
  return {
    root: 'memory',
    async write(path, pieces) {
      const bytes = Buffer.concat(pieces)
      disk.write(path, bytes)
      return bytes.byteLength
    },
    async writeFrom(path, pieces) {
      return this.write(path, await Array.fromAsync(pieces()))
    },
    async create(path, bytes) {
      disk.write(path, bytes)
    },
    async read(path, from = 0, length) {
      return disk.read(path).subarray(from, length === undefined ? undefined : from + length)
    },
    size: async (path) => disk.size(path),
    list: async (folder) => disk.list(folder),
    entries: async (folder) => disk.entries(folder),
    rename: async (from, to) => disk.rename(from, to),
    sync: async () => {},
    remove: async (path) => disk.remove(path),
    modified: async (path) => (disk.size(path) === null ? null : 0)
  }
}
