import { createGunzip, gunzipSync } from 'node:zlib'
import type { Gunzip } from 'node:zlib'

const CHUNK = 1024 * 1024
/** Inflated bytes that may wait for their reader: a bomb stops here until it is read. */
const MOST_READY = 4 * CHUNK
const SMALL = 256 * 1024
const SMALL_INFLATED = 8 * CHUNK
const STEP = 16 * 1024
const STEPS = [CHUNK, 1024, 1]

export function isGzipMagic(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x1f && bytes[at + 1] === 0x8b
}

/** Bytes of a gzip stream from its start: large pieces up to `near`, behind it pieces of `step` bytes. */
export type Pieces = (near: number, step: number) => AsyncIterable<Uint8Array>

/**
 * Inflates a gzip stream of one member or more. zlib gives up a whole piece when it meets damage in it:
 * what is good in front of the damage is then fetched by inflating again, in smaller pieces near it.
 * Ends at bytes that are no member.
 */
export class Inflation {
  /** Bytes given out. */
  given = 0
  /** Compressed bytes taken in. */
  consumed = 0
  /** After an error: it is that the stream ends too early. */
  isCut = false
  /** After an error: it is of the stream, and not of what it comes from. */
  isDamaged = false
  readonly #pieces: Pieces
  readonly #steps: readonly number[]

  /** `steps`: lengths of pieces, of the first pass and of those after it near damage. */
  constructor(pieces: Pieces, steps: readonly number[] = STEPS) {
    this.#pieces = pieces
    this.#steps = steps
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    for (const step of this.#steps) {
      const near = step === this.#steps[0] ? Number.POSITIVE_INFINITY : this.consumed
      const pass = new Pass(this.#pieces(near, step))
      try {
        yield* this.#fresh(pass)
        this.consumed = pass.consumed
        return
      } catch (error) {
        this.consumed = pass.consumed
        this.isDamaged = pass.failed !== null
        this.isCut = pass.isCut
        if (!this.isDamaged || this.isCut) throw error
        if (step !== this.#steps.at(-1)) continue
        if (this.given > 0 && /header|compression method/.test(pass.failed!.message)) return
        throw error
      }
    }
  }

  async *#fresh(pass: Pass): AsyncGenerator<Uint8Array> {
    let seen = 0
    for await (const chunk of pass.chunks()) {
      const fresh = Math.max(0, this.given - seen)
      seen += chunk.length
      if (fresh >= chunk.length) continue
      this.given = seen
      this.consumed = Math.max(this.consumed, pass.consumed)
      yield chunk.subarray(fresh)
    }
  }
}

/** One pass of zlib. Every byte inflated before an error is given out before it is thrown. */
class Pass {
  consumed = 0
  failed: Error | null = null
  isCut = false
  readonly #pieces: AsyncIterable<Uint8Array>
  readonly #gunzip: Gunzip
  #ready: Uint8Array[] = []
  #waiting = 0
  #ended = false
  #busy = false
  #wake: () => void = () => {}

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces
    this.#gunzip = createGunzip({ chunkSize: CHUNK })
    this.#gunzip.on('data', (chunk: Buffer) => {
      this.#ready.push(chunk)
      this.#waiting += chunk.length
      if (this.#waiting >= MOST_READY) this.#gunzip.pause()
      this.#wake()
    })
    this.#gunzip.on('error', (error) => {
      this.failed = error
      this.#rest()
    })
    this.#gunzip.on('end', () => {
      this.#ended = true
      this.#rest()
    })
  }

  /** While the caller works on what is ready, more is already being inflated. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of this.#pieces) {
        yield* this.#during(() => this.#gunzip.write(piece, () => this.#rest()))
        if (this.failed || this.#ended) break
        this.consumed += piece.length
      }
      if (!this.failed && !this.#ended) {
        yield* this.#during(() => this.#gunzip.end())
        this.isCut = this.failed !== null
      } else if (!this.failed) {
        this.consumed = this.#gunzip.bytesWritten
      }
      yield* this.#take()
      if (this.failed) throw this.failed
    } finally {
      this.#gunzip.destroy()
    }
  }

  async *#during(begin: () => void): AsyncGenerator<Uint8Array> {
    this.#busy = true
    begin()
    while (this.#busy) {
      yield* this.#take()
      if (this.#busy && this.#ready.length === 0) {
        await new Promise<void>((wake) => (this.#wake = wake))
      }
    }
  }

  #rest(): void {
    this.#busy = false
    this.#wake()
  }

  #take(): Uint8Array[] {
    const ready = this.#ready
    this.#ready = []
    this.#waiting = 0
    this.#gunzip.resume()
    return ready
  }
}

/**
 * Inflates what lies packed inside something else. It never throws for damage: it ends, and says so.
 * `size`: compressed bytes that will come.
 */
export async function* unpacked(
  bytes: AsyncIterable<Uint8Array>,
  size: number,
  heard: { onDamage: (error: Error) => void; onTrailing: (bytes: number) => void }
): AsyncGenerator<Uint8Array> {
  let pieces: Pieces = once(bytes)
  if (size <= SMALL) {
    const whole = Buffer.concat(await Array.fromAsync(bytes, (chunk) => Uint8Array.from(chunk)))
    const inflated = inflateSmall(whole)
    if (inflated) {
      yield inflated
      return
    }
    pieces = piecesOf(whole)
  }
  const inflation = new Inflation(pieces, size <= SMALL ? STEPS : [STEP])
  try {
    yield* inflation.chunks()
    if (inflation.consumed < size) heard.onTrailing(size - inflation.consumed)
  } catch (error) {
    if (!inflation.isDamaged) throw error // the bytes around it break off
    heard.onDamage(error as Error)
  }
}

/** Null for what is damaged or large: that is inflated step by step. */
function inflateSmall(bytes: Uint8Array): Uint8Array | null {
  try {
    return gunzipSync(bytes, { maxOutputLength: SMALL_INFLATED })
  } catch {
    return null
  }
}

function piecesOf(bytes: Uint8Array): Pieces {
  return async function* (near, step) {
    for (let at = 0; at < bytes.length;) {
      const size = at < near ? Math.min(near - at, CHUNK) : step
      yield bytes.subarray(at, at + size)
      at += size
    }
  }
}

/** What cannot be read a second time: of damage, the pieces before it are left, and they are small. */
function once(bytes: AsyncIterable<Uint8Array>): Pieces {
  return async function* () {
    for await (const chunk of bytes) {
      for (let at = 0; at < chunk.length; at += STEP) yield chunk.subarray(at, at + STEP)
    }
  }
}
