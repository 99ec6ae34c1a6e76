import type { Scanner } from './scanner.ts'

/** A walk yields after every block it took, and returns when the file is behind it. */
export type Walk = AsyncGenerator<void, void>

/** What is given back is read again in pieces: little of it is then ahead of the next file. */
const PIECE = 64 * 1024

/** Bytes on demand: a scanner and where its bytes come from. */
export class Window {
  readonly scanner: Scanner
  /** Set where a stream that ends is damage (inside an archive's file): what `need` then throws. */
  broken: (() => Error) | null = null
  /** Set where the bytes of a file broke off, though its end was not reached: why. */
  cause: string | null = null
  #chunks: AsyncIterator<Uint8Array> | null = null
  /** Bytes that come before those of `#chunks`. */
  #ahead: Uint8Array[] = []

  constructor(scanner: Scanner) {
    this.scanner = scanner
  }

  /** Goes on with other bytes; what is left of those before is forgotten. */
  from(chunks: AsyncIterable<Uint8Array> | null): void {
    this.scanner.skip(this.scanner.available)
    this.#chunks = chunks?.[Symbol.asyncIterator]() ?? null
    this.#ahead = []
    this.cause = null
  }

  /** Closes the file that the bytes come from, wherever the walk stopped. */
  async close(): Promise<void> {
    await this.#chunks?.return?.()
  }

  async #next(): Promise<Uint8Array | null> {
    const [ahead] = this.#ahead
    if (ahead) {
      if (ahead.length > PIECE) this.#ahead[0] = ahead.subarray(PIECE)
      else this.#ahead.shift()
      return ahead.subarray(0, PIECE)
    }
    const next = await this.#chunks?.next()
    return !next || next.done ? null : next.value
  }

  /** True when at least `size` bytes are there to parse; false when the stream ended before. */
  async need(size: number): Promise<boolean> {
    while (this.scanner.available < size) {
      const next = await this.#next()
      if (!next) {
        if (this.broken) throw this.broken()
        return false
      }
      this.scanner.append(next)
    }
    return true
  }

  /** Steps over `size` bytes without keeping them; returns how many there were. */
  async skip(size: number): Promise<number> {
    let left = size
    while (left > 0 && (await this.need(1))) {
      const step = Math.min(left, this.scanner.available)
      this.scanner.skip(step)
      left -= step
    }
    return size - left
  }

  /** Reads to the end without keeping anything: a checksum that stands there is checked. */
  async drain(): Promise<void> {
    while (await this.need(1)) this.scanner.skip(this.scanner.available)
  }

  /**
   * Walks the `size` next bytes as what `unpack` makes of them. Behind it the position is behind
   * those bytes, wherever the walk stopped. Returns by how much the position moved more than that.
   */
  async *inside(
    size: number,
    unpack: (bytes: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array>,
    walk: () => Walk
  ): AsyncGenerator<void, number> {
    const { scanner, broken } = this
    const start = scanner.offset
    const outer = new Window(scanner)
    outer.#chunks = this.#chunks
    outer.#ahead = [scanner.giveBack(), ...this.#ahead].filter((bytes) => bytes.length > 0)
    let left = size
    const take = async function* () {
      while (left > 0) {
        const bytes = await outer.#next()
        if (!bytes) {
          if (broken) throw broken()
          return
        }
        if (bytes.length > left) outer.#ahead.unshift(bytes.subarray(left))
        const own = bytes.subarray(0, left)
        left -= own.length
        yield own
      }
    }
    const inner = unpack(take())
    this.#chunks = inner
    this.#ahead = []
    this.broken = null
    try {
      yield* walk()
    } finally {
      await inner.return(undefined)
      scanner.giveBack()
      this.#chunks = outer.#chunks
      this.#ahead = outer.#ahead
      this.broken = broken
      this.cause = null
    }
    const moved = scanner.offset - start
    for await (const _ of take()) {
      // What the walk had no need of.
    }
    this.#ahead = outer.#ahead
    return moved - size
  }
}
