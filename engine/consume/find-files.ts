import { readdir, stat } from 'node:fs/promises'
import type { BigIntStats, Dirent } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { codeOf, UsageError } from '../errors.ts'
import { isPacketFile } from './archive.ts'
import { unreadable } from './identity.ts'
import type { Notes } from './notes.ts'
import { isLocal } from '../store/files.ts'
import { openStore } from '../store/open-store.ts'

/** Only a lake has a folder of this name. */
const OWN = '_siskin'
const LAKE = /^(.*?)\/_siskin\//
const ARCHIVE = /\.(tar|tar\.gz|tgz)$/i

/** A file below a folder: path in the folder, with `/`, and where it is. */
export interface FoundFile {
  readonly name: string
  readonly path: string
  readonly size: number
}

/** The archives and packet files below a folder, each sorted by name. */
export interface Found {
  readonly archives: readonly FoundFile[]
  readonly packets: readonly FoundFile[]
  /** Files of any kind. */
  readonly files: number
}

export function isArchive(path: string): boolean {
  return ARCHIVE.test(path)
}

/**
 * Searches a folder and what is below it. Links are followed; a file or folder that is reached in two
 * ways is taken once, under the name that is no link. What is passed over is noted, a lake below it too.
 * @throws SiskinError for a folder that cannot be read; UsageError for one that is a lake.
 */
export async function findFiles(root: string, notes: Notes): Promise<Found> {
  if (!isLocal(root)) return await findFar(root, notes)
  const search = new Search(root, notes)
  await search.run()
  return search
}

/** In HDFS, which has no links. */
async function findFar(root: string, notes: Notes): Promise<Found> {
  const all = await openStore(root).list('')
  const lakes = new Set(all.flatMap(({ path }) => LAKE.exec(`/${path}`)?.[1] ?? []))
  if (lakes.has('')) throw lakeError(root, `${root}/<survey>/packets`)
  for (const lake of lakes) notes.say(`${root}${lake} is a lake: it is passed over`)
  const isLake = (path: string) => [...lakes].some((lake) => `/${path}`.startsWith(`${lake}/`))
  const files = all.filter(({ path }) => !isLake(path))
  const found = { archives: [] as FoundFile[], packets: [] as FoundFile[], files: files.length }
  for (const { path: name, size } of files) {
    const path = `${root.replace(/\/+$/, '')}/${name}`
    const isHidden = name.slice(name.lastIndexOf('/') + 1).startsWith('.')
    if (isHidden) notes.skip(name, 'hidden files')
    else if (isArchive(name)) found.archives.push({ name, path, size })
    else if (isPacketFile(name)) found.packets.push({ name, path, size })
    else notes.skip(name, 'no packet files')
  }
  return found
}

function lakeError(root: string, packets: string): UsageError {
  return new UsageError(`folder "${root}" is a lake, and no source: its packets are in ${packets}`)
}

class Search implements Found {
  readonly archives: FoundFile[] = []
  readonly packets: FoundFile[] = []
  files = 0
  readonly #root: string
  readonly #notes: Notes
  /** Device and number of what was met already, with its name. */
  readonly #met = new Map<string, string>()
  readonly #links: string[] = []

  constructor(root: string, notes: Notes) {
    this.#root = root
    this.#notes = notes
  }

  async run(): Promise<void> {
    const info = await stat(this.#root, { bigint: true })
    this.#isNew(info, '.')
    await this.#folder(this.#root)
    for (let link = this.#links.shift(); link; link = this.#links.shift()) await this.#link(link)
    const byName = (a: FoundFile, b: FoundFile) => (a.name < b.name ? -1 : 1)
    this.archives.sort(byName)
    this.packets.sort(byName)
  }

  /** All that is no link; links come after everything else. */
  async #folder(path: string): Promise<void> {
    const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
      throw unreadable(path, error)
    })
    if (entries.some((entry) => entry.name === OWN && entry.isDirectory())) return this.#lake(path)
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const own = join(path, entry.name)
      if (entry.isSymbolicLink()) this.#links.push(own)
      else await this.#entry(own, entry)
    }
  }

  /** What was taken in is not to be taken in again. */
  #lake(path: string): void {
    if (path === this.#root) {
      throw lakeError(path, join(path, '<survey>', 'packets'))
    }
    this.#notes.say(`${path} is a lake: it is passed over`)
  }

  async #entry(path: string, entry: Dirent | BigIntStats): Promise<void> {
    if (!entry.isDirectory() && !entry.isFile()) {
      this.files++
      this.#notes.skip(this.#name(path), 'no plain files')
      return
    }
    const info = await stat(path, { bigint: true }).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return null // gone since the folder was listed
      throw unreadable(path, error)
    })
    if (!info) return
    const isNew = this.#isNew(info, this.#name(path))
    if (!entry.isDirectory()) this.#file(path, info, isNew)
    else if (isNew === null) await this.#folder(path)
  }

  async #link(path: string): Promise<void> {
    const info = await stat(path, { bigint: true }).catch(() => null)
    if (info) return await this.#entry(path, info)
    this.files++
    this.#notes.skip(this.#name(path), 'links to nothing')
  }

  #file(path: string, { size }: BigIntStats, before: string | null): void {
    this.files++
    const name = this.#name(path)
    const isHidden = name.slice(name.lastIndexOf('/') + 1).startsWith('.')
    if (isHidden) this.#notes.skip(name, 'hidden files')
    else if (!isArchive(path) && !isPacketFile(path)) this.#notes.skip(name, 'no packet files')
    else if (before !== null) this.#notes.skip(name, `the same file as ${before}`)
    else (isArchive(path) ? this.archives : this.packets).push({ name, path, size: Number(size) })
  }

  /** Null for what is met the first time, else the name by which it was met. */
  #isNew({ dev, ino }: BigIntStats, name: string): string | null {
    const key = `${dev}:${ino}`
    const before = this.#met.get(key)
    if (before === undefined || ino === 0n) {
      this.#met.set(key, name)
      return null
    }
    return before
  }

  #name(path: string): string {
    return relative(this.#root, path).split(sep).join('/')
  }
}
