import { existsSync, statSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readdir, realpath, rename, rm, rmdir, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join, posix, relative, sep } from 'node:path'
import { codeOf, messageOf, SiskinError } from '../errors.ts'
import type { Entry, Store, StoredFile } from './store.ts'

/** Marks a file that is being written, or was when its writer died. */
const DRAFT = '.writing-'

const MOST_LASTING = 1000

/** The lake in a folder of a local (or mounted) disk. */
export function localStore(root: string): Store {
  /** Folders whose own names last; few, as more are asked for again. */
  const lasting = new Set<string>()
  const at = (path: string) => join(root, path)
  const nameOf = (path: string) => relative(root, path).split(sep).join(posix.sep)
  /** A folder that is missing is made; someone may take it away again, once. */
  const inFolder = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
    for (let tries = 0; ; tries++) {
      try {
        return await work()
      } catch (error) {
        if (!['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '') || tries === 2) throw error
        const made = await told(dirname(path), 'make', makeFolders(dirname(path)))
        for (const folder of made) lasting.delete(nameOf(folder))
      }
    }
  }
  /** What is in a folder lasts only where the folder does. */
  const syncAbove = async (folder: string) => {
    if (lasting.size > MOST_LASTING) lasting.clear()
    for (let own = folder; own !== '.' && !lasting.has(own); own = posix.dirname(own)) {
      const above = at(posix.dirname(own))
      await told(above, 'sync', syncFolder(above).catch(absent))
      lasting.add(own)
    }
  }
  return {
    root,
    async write(path, pieces) {
      const write = () => writeWhole(at(path), pieces)
      return told(at(path), 'write', inFolder(at(path), write))
    },
    async writeFrom(path, pieces) {
      const write = () => writeEach(at(path), pieces())
      return told(at(path), 'write', inFolder(at(path), write))
    },
    async create(path, bytes) {
      const make = () => createWhole(at(path), bytes)
      await told(at(path), 'write', inFolder(at(path), make))
    },
    async read(path, from = 0, length) {
      return told(at(path), 'read', readSome(at(path), from, length))
    },
    async size(path) {
      const info = await stat(at(path)).catch(absent)
      return info?.isFile() ? info.size : null
    },
    async list(folder) {
      return listFiles(root, at(folder))
    },
    async entries(folder) {
      return listEntries(at(folder))
    },
    async rename(from, to) {
      const move = () => rename(at(from), at(to))
      await told(at(to), 'rename to', inFolder(at(to), move))
    },
    async sync(folders) {
      const own = [...folders]
      const sync = (folder: string) =>
        told(at(folder), 'sync', syncFolder(at(folder)).catch(absent))
      await Promise.all(own.map(sync)) // one that somebody took away has nothing left to last
      for (const folder of own) await syncAbove(folder)
    },
    async modified(path) {
      const info = await told(at(path), 'look at', stat(at(path)).catch(absent))
      return info?.isFile() ? info.mtimeMs : null
    },
    async whereabouts(path) {
      const place = await told(at(path), 'read', realpath(at(path)))
      const { ino } = await stat(place, { bigint: true })
      return { number: String(ino), place: `${hostname()}:${place}` }
    },
    async removeEmpty(folder) {
      return rmdir(at(folder)).then(
        () => true,
        (error: unknown) => {
          if (codeOf(error) === 'ENOENT') return true
          if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(codeOf(error) ?? '')) return false
          return told(at(folder), 'remove', Promise.reject(error as Error))
        }
      )
    },
    async remove(path) {
      // a partition's former owner may still write into the folder: it is emptied again
      const options = { recursive: true, force: true, maxRetries: 5, retryDelay: 20 }
      await told(at(path), 'remove', rm(at(path), options))
    }
  }
}

/**
 * One after the other: Node's own recursion says "no such file" of a read-only disk, and never ends in a folder that
 * takes none (as /proc).
 */
async function makeFolders(folder: string): Promise<readonly string[]> {
  const missing: string[] = []
  for (let at = folder; !existsSync(at); at = dirname(at)) missing.push(at)
  if (missing.length === 0 && !statSync(folder).isDirectory()) await mkdir(folder) // it says why not
  for (const at of missing.reverse()) {
    await mkdir(at).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error // else another was quicker
    })
  }
  return missing
}

async function writeWhole(path: string, pieces: readonly Uint8Array[]): Promise<number> {
  const size = pieces.reduce((sum, piece) => sum + piece.byteLength, 0)
  const file = await open(path, 'wx')
  try {
    for (let written = 0, first = 0; written < size;) {
      const batch = pieces.slice(first, first + 1000)
      const { bytesWritten } = await file.writev(batch)
      const wanted = batch.reduce((sum, piece) => sum + piece.byteLength, 0)
      if (bytesWritten < wanted) await file.writeFile(Buffer.concat(batch).subarray(bytesWritten))
      written += wanted
      first += batch.length
    }
    await file.datasync()
  } finally {
    await file.close()
  }
  return size
}

async function writeEach(path: string, pieces: AsyncIterable<Uint8Array>): Promise<number> {
  const file = await open(path, 'wx')
  let size = 0
  try {
    for await (const piece of pieces) {
      await file.writeFile(piece)
      size += piece.byteLength
    }
    await file.datasync()
  } finally {
    await file.close()
  }
  return size
}

/** A link to a draft that is complete: it appears with all its bytes, or not at all. */
async function createWhole(path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${path}${DRAFT}${randomBytes(6).toString('hex')}`
  try {
    await writeWhole(draft, [bytes])
    await link(draft, path)
  } finally {
    await rm(draft, { force: true })
  }
  await syncFolder(dirname(path))
}

async function readSome(path: string, from: number, length?: number): Promise<Uint8Array> {
  const file = await open(path)
  try {
    const wanted = length ?? (await file.stat()).size - from
    const bytes = new Uint8Array(wanted)
    let done = 0
    while (done < wanted) {
      const { bytesRead } = await file.read(bytes, done, wanted - done, from + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return bytes.subarray(0, done)
  } finally {
    await file.close()
  }
}

/**
 * Folder by folder: one that goes away meanwhile takes with it what was in it, and nothing else. (Node's own
 * recursive listing fails as a whole.)
 */
async function listFiles(root: string, folder: string): Promise<StoredFile[]> {
  const files: StoredFile[] = []
  const folders = [folder]
  while (folders.length > 0) {
    const own = folders.pop()!
    for (const entry of (await readdir(own, { withFileTypes: true }).catch(absent)) ?? []) {
      const path = join(own, entry.name)
      if (entry.isDirectory()) folders.push(path)
      const info = entry.isFile() ? await stat(path).catch(absent) : null
      if (!info) continue
      const name = relative(root, path).split(sep).join(posix.sep)
      files.push({ path: name, size: info.size })
    }
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1))
}

async function listEntries(folder: string): Promise<Entry[]> {
  const found = (await readdir(folder, { withFileTypes: true }).catch(absent)) ?? []
  const entries = found.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function absent(error: unknown): null {
  const code = codeOf(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return null
  throw error
}

const ADVICE: Record<string, string> = {
  ENOSPC: 'the disk is full: free some space, then run the same command again',
  EDQUOT: 'the quota is used up: free some space, then run the same command again',
  EROFS: 'the file system is read-only: choose another place with --lake',
  EACCES: 'no permission: choose another place with --lake, or run as its owner',
  EPERM: 'not permitted: choose another place with --lake, or run as its owner',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EEXIST: 'it is there already'
}

/** Turns the system's errors into one a person can act on. */
async function told<T>(path: string, verb: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof SiskinError) throw error
    const code = codeOf(error)
    const advice = (code && ADVICE[code]) ?? messageOf(error)
    throw new SiskinError(`cannot ${verb} ${path}: ${advice}`, 1, { cause: error })
  }
}
