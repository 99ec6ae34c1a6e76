import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { codeOf, messageOf, SiskinError } from '../errors.ts'

/** A piece of a file and its SHA-256 in hex. Offsets and lengths in bytes. */
interface Sample {
  readonly offset: number
  readonly length: number
  readonly sha256: string
}

/**
 * What a file is told by: all of it; of a gzip, where a change of one byte is one of all that follow, and of a file
 * above 2 GiB, head, tail and pieces between.
 */
export interface Identity {
  readonly size: number
  readonly samples: readonly Sample[]
}

const WHOLE = 2 * 1024 ** 3
const WHOLE_GZIP = 16 * 1024 * 1024
const PIECE = 128 * 1024
const PIECES = 64
const READ = 1024 * 1024
const KEY = 12
const MOST_STEM = 60

/** @throws SiskinError when the file cannot be read, or ends before `size`. */
export async function identify(path: string, size: number): Promise<Identity> {
  if (size <= READ) return identifySmall(path, size)
  const samples = await hashed(path, placesOf(size, await mostWhole(path)))
  if (!samples) throw new SiskinError(`${path} became shorter while it was read: run again`)
  return { size, samples }
}

function identifySmall(path: string, size: number): Identity {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw unreadable(path, error)
  }
  if (bytes.length < size) {
    throw new SiskinError(`${path} became shorter while it was read: run again`)
  }
  const sha256 = createHash('sha256').update(bytes.subarray(0, size)).digest('hex')
  return { size, samples: [{ offset: 0, length: size, sha256 }] }
}

/** True when a file of `size` bytes begins with all that is known of `before`. */
export async function beginsAs(path: string, size: number, before: Identity): Promise<boolean> {
  if (size < before.size) return false
  const samples = await hashed(path, before.samples)
  return samples?.every(({ sha256 }, i) => sha256 === before.samples[i]!.sha256) ?? false
}

/** Up to which size, in bytes, all of the file is to be hashed. */
async function mostWhole(path: string): Promise<number> {
  let file: FileHandle | null = null
  try {
    file = await open(path)
    const { buffer } = await file.read(new Uint8Array(2), 0, 2, 0)
    return buffer[0] === 0x1f && buffer[1] === 0x8b ? WHOLE_GZIP : WHOLE
  } catch (error) {
    throw unreadable(path, error)
  } finally {
    await file?.close()
  }
}

function placesOf(size: number, mostWhole: number): Pick<Sample, 'offset' | 'length'>[] {
  if (size <= mostWhole) return [{ offset: 0, length: size }]
  const step = (size - PIECE) / (PIECES - 1)
  return Array.from({ length: PIECES }, (_, i) => ({
    offset: Math.round(i * step),
    length: PIECE
  }))
}

/** Null where the file ends too early. */
async function hashed(
  path: string,
  places: readonly Pick<Sample, 'offset' | 'length'>[]
): Promise<Sample[] | null> {
  let file: FileHandle | null = null
  try {
    file = await open(path)
    const buffer = new Uint8Array(Math.min(READ, Math.max(1, ...places.map((p) => p.length))))
    const samples: Sample[] = []
    for (const { offset, length } of places) {
      const hash = createHash('sha256')
      for (let at = 0; at < length;) {
        const most = Math.min(buffer.length, length - at)
        const { bytesRead } = await file.read(buffer, 0, most, offset + at)
        if (bytesRead === 0) return null
        hash.update(buffer.subarray(0, bytesRead))
        at += bytesRead
      }
      samples.push({ offset, length, sha256: hash.digest('hex') })
    }
    return samples
  } catch (error) {
    throw unreadable(path, error)
  } finally {
    await file?.close()
  }
}

/** What to say of a file that the system does not give. */
export function unreadable(path: string, error: unknown): SiskinError {
  const code = codeOf(error)
  const why = code === 'EACCES' || code === 'EPERM' ? 'no permission to read it' : messageOf(error)
  return new SiskinError(`source "${path}" cannot be read: ${why}`, 1, { cause: error })
}

/** SHA-256 of a small file; of a large one that of its size and samples. Hex. */
export function digestOf({ size, samples }: Identity): string {
  const [first] = samples
  if (samples.length === 1 && first?.length === size) return first.sha256
  return createHash('sha256')
    .update(JSON.stringify([size, samples]))
    .digest('hex')
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
  const name = basename(resolve(path)).replace(/\.(tar|tgz|avro|confluent)?(\.gz)?$/i, '')
  const safe = name
    .replace(/[^A-Za-z0-9._-]+/g, '_')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, MOST_STEM)
    .replace(/[^A-Za-z0-9]+$/, '')
  return safe || 'source'
}
