import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { messageOf } from '../errors.ts'
import { Inflation, isGzipMagic } from './inflate.ts'

const CHUNK = 1024 * 1024
const FINE_CHUNK = 64 // bytes: as near as damage is placed
const PADDING = 64 * 1024

/** Where a file can no longer be read or inflated. Offsets are bytes: in the file, and of inflated data. */
export class Damage extends Error {
  override readonly name = 'Damage'
  readonly path: string
  readonly fileOffset: number
  readonly inflatedOffset: number

  constructor(path: string, fileOffset: number, inflatedOffset: number, reason: string) {
    const inflated = inflatedOffset === fileOffset ? '' : ` (${inflatedOffset} after inflating)`
    super(`${path} is damaged at byte ${fileOffset}${inflated}: ${reason}`)
    this.path = path
    this.fileOffset = fileOffset
    this.inflatedOffset = inflatedOffset
  }
}

/** Reports how many bytes of the file were read so far, for progress. */
export type OnRead = (bytes: number) => void

/**
 * The bytes of a file, in chunks that hold until the next is asked for. A `.gz` is told by its first
 * two bytes, not by its name; `onTrailing` hears of bytes behind it that are no gzip member.
 */
export async function* readBytes(
  path: string,
  onRead: OnRead,
  onTrailing: (bytes: number) => void = () => {}
): AsyncGenerator<Uint8Array> {
  if (await isGzip(path)) yield* inflated(path, onRead, onTrailing)
  else yield* plain(path, onRead)
}

export async function isGzip(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0)
    return bytesRead === 2 && isGzipMagic(buffer, 0)
  } finally {
    await file.close()
  }
}

/** Through one buffer: fresh ones of this size would pile up faster than they are collected. */
async function* plain(path: string, onRead: OnRead): AsyncGenerator<Uint8Array> {
  const file = await open(path)
  const buffer = new Uint8Array(CHUNK)
  let offset = 0
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK, offset)
      if (bytesRead === 0) return
      offset += bytesRead
      onRead(offset)
      yield buffer.subarray(0, bytesRead)
    }
  } catch (error) {
    throw new Damage(path, offset, offset, messageOf(error))
  } finally {
    await file.close()
  }
}

/**
 * Inflates a file, member after member. zlib gives up a whole input chunk when it meets damage in it:
 * the good bytes in front of the damage are then fetched by inflating once more, in small steps.
 */
async function* inflated(
  path: string,
  onRead: OnRead,
  onTrailing: (bytes: number) => void
): AsyncGenerator<Uint8Array> {
  let before = 0
  for (let from: number | null = 0; from !== null;) {
    const run = new FileRun(path, from, before, onRead)
    yield* run.chunks()
    before = run.given
    from = await nextMember(path, run.end, onTrailing)
  }
}

/** The members of a gzip file that lie one behind the other from an offset on. */
class FileRun {
  /** Bytes inflated so far, those of earlier runs too. */
  given: number
  /** Where in the file the last member ended. */
  end: number
  readonly #path: string
  readonly #from: number
  readonly #before: number
  readonly #onRead: OnRead

  constructor(path: string, from: number, before: number, onRead: OnRead) {
    this.#path = path
    this.#from = from
    this.#before = before
    this.#onRead = onRead
    this.given = before
    this.end = from
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    const first = new Inflation(pieces(this.#path, this.#from, Number.POSITIVE_INFINITY))
    try {
      for await (const chunk of first.chunks()) {
        this.given += chunk.length
        this.#onRead(this.#from + first.consumed)
        yield chunk
      }
      this.end = this.#from + first.consumed
      return
    } catch {
      // The second pass finds the place.
    }
    yield* this.#upToDamage(this.given, this.#from + first.consumed)
  }

  async *#upToDamage(skip: number, near: number): AsyncGenerator<Uint8Array> {
    const fine = new Inflation(pieces(this.#path, this.#from, near))
    let seen = this.#before
    try {
      for await (const chunk of fine.chunks()) {
        const fresh = Math.max(0, skip - seen)
        seen += chunk.length
        if (fresh < chunk.length) yield chunk.subarray(fresh)
      }
    } catch (error) {
      if (!fine.betweenMembers) {
        throw new Damage(this.#path, this.#from + fine.consumed, seen, messageOf(error))
      }
    }
    this.given = seen
    this.end = this.#from + fine.consumed
  }
}

/** Large steps up to `fineFrom`, then small ones; single bytes where a checksum may stand, at the end. */
async function* pieces(path: string, from: number, fineFrom: number): AsyncGenerator<Uint8Array> {
  let offset = from
  for await (const chunk of createReadStream(path, { start: from, highWaterMark: CHUNK })) {
    const bytes = chunk as Buffer
    for (let at = 0; at < bytes.length;) {
      const left = bytes.length - at
      const near = fineFrom - offset - at
      const size =
        near > 0 ? Math.min(near, left) : Math.max(1, Math.min(FINE_CHUNK, left - FINE_CHUNK))
      yield bytes.subarray(at, at + size)
      at += size
    }
    offset += bytes.length
  }
}

/** Where behind zeros the next member begins; null at the end, or at bytes that are none. */
async function nextMember(
  path: string,
  end: number,
  onTrailing: (bytes: number) => void
): Promise<number | null> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const buffer = new Uint8Array(PADDING)
    for (let at = end; at < size;) {
      const { bytesRead } = await file.read(buffer, 0, PADDING, at)
      const some = buffer.subarray(0, bytesRead)
      const first = some.findIndex((byte) => byte !== 0)
      if (bytesRead === 0) break
      if (first >= 0) {
        const magic = new Uint8Array(2)
        await file.read(magic, 0, 2, at + first)
        if (at + first > end && isGzipMagic(magic, 0)) return at + first
        onTrailing(size - end)
        return null
      }
      at += bytesRead
    }
    if (size > end) onTrailing(size - end)
    return null
  } finally {
    await file.close()
  }
}
