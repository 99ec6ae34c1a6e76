import { createHash } from 'node:crypto'
import { basename, resolve } from 'node:path'
import { crc32 } from 'node:zlib'
import { codeOf, messageOf, SiskinError } from '../errors.ts'
import { filesAt, pathIn } from '../store/files.ts'
import type { OpenFile } from '../store/files.ts'

/**
 * What a file is told by: every byte of it. A download that was damaged differs from the sound one by a few.
 *
 * The digest is the SHA-256, in hex, of the first and the last MiB and of the CRC-32 of each MiB between them: a
 * CRC costs an eighth, and to be told from another file needs no cryptography.
 */
export interface Identity {
  /** Bytes. */
  readonly size: number
  readonly digest: string
}

/** What the system says of a file that nobody has touched: as long as it says the same, the file is not read again. */
export interface Stamp {
  readonly path: string
  /** Of a file on a disk: device, inode, size, and the times of its last change in ns. */
  readonly text: string
}

/** Files are read by multiples of it. */
const BLOCK = 1024 * 1024
const KEY = 12
const MOST_STEM = 60

/** @throws SiskinError when the file cannot be read, or ends before `size`. */
export async function identify(path: string, size: number): Promise<Identity> {
  const digest = await digestOf(path, size)
  if (digest === null) throw new SiskinError(`${path} became shorter while it was read: run again`)
  return { size, digest }
}

/** Null for a file that changed a moment ago, or since it had this size. To be asked for before the file is read. */
export async function stampOf(path: string, bytes: number): Promise<Stamp | null> {
  try {
    const files = filesAt(path)
    const info = await files.info(path)
    if (info?.size !== bytes || info.stamp === null) return null
    return { path: files.fullName(path), text: info.stamp }
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** True when a file of `size` bytes begins with all that is known of `before`. */
export async function beginsAs(path: string, size: number, before: Identity): Promise<boolean> {
  return size >= before.size && (await digestOf(path, before.size)) === before.digest
}

/** Of the first `size` bytes; null where the file ends too early. */
async function digestOf(path: string, size: number): Promise<string | null> {
  let file: OpenFile | null = null
  try {
    const files = filesAt(path)
    file = await files.open(path)
    const buffer = new Uint8Array(Math.max(1, Math.min(files.chunk, size)))
    const hash = createHash('sha256')
    for (let from = 0; from < size; from += buffer.length) {
      const some = buffer.subarray(0, Math.min(buffer.length, size - from))
      if ((await file.read(some, from)) < some.length) return null
      for (let at = from; at < from + some.length; at += BLOCK) {
        const block = some.subarray(at - from, at - from + BLOCK)
        const isEdge = at === 0 || at + BLOCK >= size
        hash.update(isEdge ? block : Uint32Array.of(crc32(block)))
      }
    }
    return hash.digest('hex')
  } catch (error) {
    throw unreadable(path, error)
  } finally {
    await file?.close()
  }
}

/** What to say of a file that the system does not give. */
export function unreadable(path: string, error: unknown): SiskinError {
  if (error instanceof SiskinError) return error // of a store: it says so
  const code = codeOf(error)
  const why = code === 'EACCES' || code === 'EPERM' ? 'no permission to read it' : messageOf(error)
  return new SiskinError(`source "${path}" cannot be read: ${why}`, 1, { cause: error })
}

/** `night-4d92d04c11aa`; where another source is called so (of which it is the first file), the next digits. */
export function freeName(stem: string, digest: string, taken: readonly string[]): string {
  const names = keysOf(digest).map((key) => `${stem}-${key}`)
  return names.find((name) => !taken.includes(name)) ?? `${stem}-${digest}`
}

function keysOf(digest: string): string[] {
  return [0, 1, 2].map((i) => digest.slice(i * KEY, (i + 1) * KEY))
}

/** The names among these of sources that begin with one of these contents, however they are called. */
export function namesOf(names: readonly string[], digests: readonly string[]): string[] {
  const keys = new Set(digests.flatMap(keysOf))
  return names.filter((name) => keys.has(name.slice(name.lastIndexOf('-') + 1)))
}

/**
 * The name without folder and suffixes, fit for a file name that no tool skips (Spark, Hive and
 * pyarrow pass over names that begin with a dot or an underscore).
 */
export function safeStem(path: string): string {
  const name = basename(resolve(pathIn(path))).replace(/\.(tar|tgz|avro|confluent)?(\.gz)?$/i, '')
  const safe = name
    .replace(/[^A-Za-z0-9._-]+/g, '_')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, MOST_STEM)
    .replace(/[^A-Za-z0-9]+$/, '')
  return safe || 'source'
}
