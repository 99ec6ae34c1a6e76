import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { codeOf, SiskinError, UsageError } from '../errors.ts'
import { isPacketFile, rangesOf, walkTar } from './archive.ts'
import type { Entry } from './archive.ts'
import { readBytes } from './bytes.ts'
import type { Source } from './source.ts'
import { walkFile } from './walk.ts'
import type { Walk, Window } from './walk.ts'

const ARCHIVE = /\.(tar|tar\.gz|tgz)$/i
const LARGE = 16 * 1024 * 1024

/** The files of a folder in the order they were first seen: kept in the lake, so that positions stay. */
export interface FolderList {
  known(source: string): Promise<readonly Entry[]>
  remember(source: string, files: readonly Entry[]): Promise<void>
}

/**
 * Opens what the user named: an archive, a packet file, or a folder (searched recursively; each
 * archive in it is a source of its own, its loose packet files are one).
 */
export async function openSources(paths: readonly string[], lists: FolderList): Promise<Source[]> {
  const sources: Source[] = []
  for (const path of paths) {
    const info = await stat(path).catch((error: unknown) => {
      throw new UsageError(
        `source "${path}": ${codeOf(error) === 'ENOENT' ? 'no such file or folder' : String(error)}`
      )
    })
    if (info.isDirectory()) sources.push(...(await openFolder(path, lists)))
    else if (ARCHIVE.test(path)) sources.push(await openArchive(path, info.size))
    else if (isPacketFile(path)) sources.push(await openFile(path, info.size))
    else {
      throw new UsageError(
        `source "${path}" is neither a folder nor a .tar, .tar.gz, .tgz, .avro or .confluent file`
      )
    }
  }
  if (new Set(sources.map((source) => source.name)).size < sources.length) {
    throw new UsageError(
      `a source is named twice: ${sources.map((source) => source.path).join(', ')}`
    )
  }
  return sources
}

async function openArchive(path: string, size: number): Promise<Source> {
  const name = `${stem(path)}-${await firstBytesHash(path)}`
  return {
    name,
    path,
    bytes: size,
    ranges: (options) =>
      rangesOf({ name }, options, (window) => walkTar(path, window, options.onRead))
  }
}

async function openFile(path: string, size: number): Promise<Source> {
  const name = `${stem(path)}-${await firstBytesHash(path)}`
  return {
    name,
    path,
    bytes: size,
    ranges: (options) =>
      rangesOf({ name }, options, (window) =>
        walkLoose(path, { name: basename(path), size }, window, options.onRead)
      )
  }
}

async function openFolder(path: string, lists: FolderList): Promise<Source[]> {
  const found = await readdir(path, { recursive: true, withFileTypes: true })
  const files = found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  const sources: Source[] = []
  for (const file of files.filter((name) => ARCHIVE.test(name)).sort()) {
    sources.push(await openArchive(file, statSync(file).size))
  }
  const loose = files
    .filter(isPacketFile)
    .map((file) => ({ name: relative(path, file), size: statSync(file).size }))
  if (loose.length > 0) sources.push(await openLoose(path, loose, lists))
  if (sources.length === 0) {
    throw new UsageError(`folder "${path}" holds no .avro, .confluent, .tar or .tar.gz file`)
  }
  return sources
}

/** New files go behind those already known: a position once given is never given again. */
async function openLoose(path: string, files: Entry[], lists: FolderList): Promise<Source> {
  const name = `${stem(path)}-${hash(Buffer.from(resolve(path)))}`
  const known = await lists.known(name)
  const key = (file: Entry) => `${file.name} ${file.size}`
  const seen = new Set(known.map(key))
  const fresh = files.filter((file) => !seen.has(key(file)))
  const all = [...known, ...fresh.sort((a, b) => (a.name < b.name ? -1 : 1))]
  if (fresh.length > 0) await lists.remember(name, all)
  return {
    name,
    path,
    bytes: all.reduce((sum, file) => sum + file.size, 0),
    ranges: (options) =>
      rangesOf({ name }, options, async function* (window) {
        let before = 0
        for (const file of all) {
          yield* walkLoose(join(path, file.name), file, window, () => {})
          before += file.size
          options.onRead(before)
        }
      })
  }
}

async function* walkLoose(
  path: string,
  file: Entry,
  window: Window,
  onRead: (bytes: number) => void
): Walk {
  if (!existsSync(path)) {
    throw new SiskinError(
      `${path} was taken in at an earlier run and is gone: put it back, or use a folder of another name`
    )
  }
  await window.close()
  window.from(file.size > LARGE ? readBytes(path, onRead) : whole(path))
  window.scanner.enter(file.name)
  yield* walkFile(window, file.size)
}

/** One read for a small file: a stream would cost more than the packet. */
async function* whole(path: string): AsyncGenerator<Uint8Array> {
  yield readFileSync(path)
}

/** The name without folder and suffixes, fit for a file name. */
function stem(path: string): string {
  const name = basename(resolve(path)).replace(/\.(tar\.gz|tgz|tar|avro|confluent)$/i, '')
  return name.replace(/[^A-Za-z0-9._]+/g, '_') || 'source'
}

/**
 * Tells archives of one name apart, and knows one again when it moved or grew: an archive whose
 * download broke off goes on where it stopped once it is complete.
 */
async function firstBytesHash(path: string): Promise<string> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0)
    return hash(buffer.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
}

function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 8)
}
