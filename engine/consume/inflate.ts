import { createGunzip, gunzipSync } from 'node:zlib'
import type { Gunzip } from 'node:zlib'

const CHUNK = 1024 * 1024
/** Inflated bytes that may wait for their reader: a bomb stops here until it is read. */
const MOST_READY = 4 * CHUNK
const SMALL = 256 * 1024
const SMALL_INFLATED = 8 * CHUNK
const STEP = 16 * 1024

export function isGzipMagic(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x1f && bytes[at + 1] === 0x8b
}

/**
 * One pass over a gzip stream of one member or more. Every byte inflated before an error is given out
 * before it is thrown. Ends at bytes that zlib does not take for a member: `consumed` then says where.
 */
export class Inflation {
  /** Compressed bytes taken in. */
  consumed = 0
  readonly #pieces: AsyncIterable<Uint8Array>
  readonly #gunzip: Gunzip
  #ready: Uint8Array[] = []
  #waiting = 0
  #given = 0
  #failed: Error | null = null
  #ended = false
  #busy = false
  #wake: () => void = () => {}

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces
    this.#gunzip = createGunzip({ chunkSize: CHUNK })
    this.#gunzip.on('data', (chunk: Buffer) => {
      this.#ready.push(chunk)
      this.#waiting += chunk.length
      this.#given += chunk.length
      if (this.#waiting >= MOST_READY) this.#gunzip.pause()
      this.#wake()
    })
    this.#gunzip.on('error', (error) => {
      this.#failed = error
      this.#settle()
    })
    this.#gunzip.on('end', () => {
      this.#ended = true
      this.#settle()
    })
  }

  get isDamaged(): boolean {
    return this.#failed !== null
  }

  /** After an error: it lies where another member would begin, so all before it is whole. */
  get betweenMembers(): boolean {
    return this.#given > 0 && /header|compression method/.test(this.#failed?.message ?? '')
  }

  /** While the caller works on what is ready, more is already being inflated. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of this.#pieces) {
        yield* this.#during(() => this.#gunzip.write(piece, () => this.#settle()))
        if (this.#failed || this.#ended) break
        this.consumed += piece.length
      }
      if (!this.#failed && !this.#ended) yield* this.#during(() => this.#gunzip.end())
      else if (!this.#failed) this.consumed = this.#gunzip.bytesWritten
      yield* this.#take()
      if (this.#failed) throw this.#failed
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

  #settle(): void {
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
  heard: { onDamage: (error: Error) => void; onTrailing: () => void }
): AsyncGenerator<Uint8Array> {
  let source = bytes
  if (size <= SMALL) {
    const whole = Buffer.concat(await Array.fromAsync(bytes, (chunk) => Uint8Array.from(chunk)))
    const inflated = inflateSmall(whole)
    if (inflated) {
      yield inflated
      return
    }
    source = inSteps(whole)
  }
  const inflation = new Inflation(source)
  try {
    yield* inflation.chunks()
  } catch (error) {
    if (!inflation.isDamaged) throw error // the bytes around it break off
    if (inflation.betweenMembers) heard.onTrailing()
    else heard.onDamage(error as Error)
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

async function* inSteps(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const step = bytes.length <= STEP ? 64 : STEP
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step)
}
