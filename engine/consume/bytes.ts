import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import type { Gunzip } from 'node:zlib'
import { messageOf } from '../errors.ts'

const CHUNK = 1024 * 1024
const FINE_CHUNK = 64 // bytes: as near as damage is placed

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

/** The bytes of a file, in chunks that hold until the next is asked for. A `.gz` is told by its first two bytes, not by its name. */
export async function* readBytes(path: string, onRead: OnRead): AsyncGenerator<Uint8Array> {
  if (await isGzip(path)) yield* inflated(path, onRead)
  else yield* plain(path, onRead)
}

export async function isGzip(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0)
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b
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
 * Inflates a file. zlib gives up a whole input chunk when it meets damage in it: the good bytes in
 * front of the damage are then fetched by inflating once more, in small steps.
 */
async function* inflated(path: string, onRead: OnRead): AsyncGenerator<Uint8Array> {
  let given = 0
  const first = new Inflation(path, CHUNK)
  try {
    for await (const chunk of first.chunks()) {
      given += chunk.length
      onRead(first.consumed)
      yield chunk
    }
    if (first.complete) return
  } catch {
    // The second pass finds the place.
  }
  yield* upToDamage(path, given, first.consumed)
}

async function* upToDamage(path: string, skip: number, near: number): AsyncGenerator<Uint8Array> {
  const fine = new Inflation(path, CHUNK, near)
  let seen = 0
  let reason = 'the compressed data ends too early'
  try {
    for await (const chunk of fine.chunks()) {
      const fresh = Math.max(0, skip - seen)
      seen += chunk.length
      if (fresh < chunk.length) yield chunk.subarray(fresh)
    }
    if (fine.complete) return
  } catch (error) {
    reason = messageOf(error)
  }
  throw new Damage(path, fine.consumed, seen, reason)
}

/** One pass over a gzip file. Every byte inflated before an error is given out before it is thrown. */
class Inflation {
  /** Compressed bytes taken in. */
  consumed = 0
  /** True when the gzip stream ended where the file did. */
  complete = false
  readonly #path: string
  readonly #chunk: number
  readonly #fineFrom: number
  readonly #gunzip: Gunzip
  #ready: Uint8Array[] = []
  #failed: Error | null = null
  #settle: () => void = () => {}

  constructor(path: string, chunk: number, fineFrom = Number.POSITIVE_INFINITY) {
    this.#path = path
    this.#chunk = chunk
    this.#fineFrom = fineFrom
    this.#gunzip = createGunzip({ chunkSize: chunk })
    this.#gunzip.on('data', (chunk: Buffer) => this.#ready.push(chunk))
    this.#gunzip.on('error', (error) => {
      this.#failed = error
      this.#settle()
    })
    this.#gunzip.on('end', () => this.#settle())
  }

  /** While the caller works on what is ready, the next piece is already being inflated. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of this.#pieces()) {
        const working = this.#write(piece)
        yield* this.#take()
        await working
        if (this.#failed) break
        this.consumed += piece.length
      }
      if (!this.#failed) await this.#end()
      yield* this.#take()
      if (this.#failed) throw this.#failed
      this.complete = true
    } finally {
      this.#gunzip.destroy()
    }
  }

  #take(): Uint8Array[] {
    const ready = this.#ready
    this.#ready = []
    return ready
  }

  async *#pieces(): AsyncGenerator<Buffer> {
    let offset = 0
    for await (const chunk of createReadStream(this.#path, { highWaterMark: this.#chunk })) {
      const bytes = chunk as Buffer
      for (let at = 0; at < bytes.length;) {
        const size = this.#step(offset + at, bytes.length - at)
        yield bytes.subarray(at, at + size)
        at += size
      }
      offset += bytes.length
    }
  }

  /** Large steps, then small ones; single bytes where a checksum may stand, at the end. */
  #step(at: number, left: number): number {
    if (at < this.#fineFrom) return Math.min(this.#chunk, this.#fineFrom - at, left)
    return Math.max(1, Math.min(FINE_CHUNK, left - FINE_CHUNK))
  }

  #write(piece: Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.#settle = resolve
      this.#gunzip.write(piece, () => resolve())
    })
  }

  #end(): Promise<void> {
    return new Promise((resolve) => {
      this.#settle = resolve
      this.#gunzip.end()
    })
  }
}
