import { MAX_PACKET_BYTES } from '../packets.ts'
import type { Header } from '../packets.ts'
import type { Reason } from '../reasons.ts'
import {
  ContainerError,
  isContainer,
  readBlockHead,
  readHeader,
  SYNC_BYTES
} from '../avro/heads.ts'
import type { Scanner } from './scanner.ts'

const MAX_BLOCK = 8 * MAX_PACKET_BYTES
const KEPT_OF_OVERSIZED = 1024 * 1024

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

/**
 * Takes the packets of one file of `size` bytes at the window's position: an Avro object container
 * of any length, or one Confluent-wire packet. What is neither, or breaks off, is taken as damaged.
 * Leaves the position at the file's end. A file of unknown size (Infinity) ends with its stream, and
 * of one that cannot be read no more is asked for than is kept.
 */
export async function* walkFile(window: Window, asked: number): Walk {
  const { scanner } = window
  const isOpen = asked === Number.POSITIVE_INFINITY && (await window.need(MAX_PACKET_BYTES + 1))
  const size = asked === Number.POSITIVE_INFINITY && !isOpen ? scanner.available : asked
  if (size === 0 && window.cause === null) {
    scanner.damaged(scanner.at, 0, 0, 'not-avro', 'an empty file')
    yield
    return
  }
  const whole = await window.need(Math.min(size, 4))
  if (size >= 4 && whole && isContainer(scanner.bytes, scanner.at)) {
    yield* walkContainer(window, size)
    return
  }
  if (size > MAX_PACKET_BYTES) {
    yield* takeRest(window, size, 'oversized', isOpen ? 'after inflating' : `${size} bytes`)
    return
  }
  const complete = await window.need(size)
  const there = Math.min(size, scanner.available)
  if (window.cause !== null) {
    scanner.damaged(scanner.at, there, size, 'bad-codec', window.cause)
  } else if (!complete) {
    scanner.damaged(scanner.at, there, size, 'truncated', `${there} of ${size} bytes are there`)
  } else if (scanner.bytes[scanner.at] === 0) {
    scanner.confluent(scanner.at, size)
  } else {
    scanner.damaged(scanner.at, size, size, 'not-avro', startOf(scanner))
  }
  scanner.at += there
  yield
}

function startOf(scanner: Scanner): string {
  const start = scanner.bytes.subarray(scanner.at, scanner.at + Math.min(8, scanner.available))
  return `it starts with ${Buffer.from(start).toString('hex')}`
}

/** Blocks until the file's end. A container that breaks before its first block is kept whole. */
async function* walkContainer(window: Window, size: number): Walk {
  const { scanner } = window
  const end = scanner.offset + size
  let fault: { reason: Reason; detail: string } | null = null
  try {
    const found = await findHeader(window, size)
    fault = { reason: 'truncated', detail: 'the container ends inside the header' }
    if (found) {
      fault.detail = 'the container ends inside a block'
      let prefix = found.length
      while (scanner.offset + prefix < end && (await window.need(prefix + 1))) {
        const packets = await takeBlock(window, found, prefix, end - scanner.offset)
        if (packets === null) break
        prefix = 0
        if (packets > 0) yield
      }
      const isAtEnd = end === Number.POSITIVE_INFINITY && scanner.available === prefix
      if ((scanner.offset + prefix === end || isAtEnd) && window.cause === null) {
        scanner.at += prefix
        return
      }
    }
  } catch (error) {
    if (!(error instanceof ContainerError)) throw error
    fault = { reason: 'bad-container', detail: error.message }
  }
  if (window.cause !== null) fault = { reason: 'bad-codec', detail: window.cause }
  yield* takeRest(window, end - scanner.offset, fault.reason, fault.detail)
}

interface Found {
  readonly header: Header
  readonly sync: Uint8Array
  /** Bytes of the header in front of the first block. */
  readonly length: number
}

/** Reads the header, growing the window until it is all there; the position stays in front of it. */
async function findHeader(window: Window, size: number): Promise<Found | null> {
  const { scanner } = window
  for (let want = Math.min(size, 64 * 1024); ; want = Math.min(size, want * 4)) {
    const there = await window.need(want)
    const limit = scanner.at + Math.min(size, scanner.available)
    const own = readHeader(scanner.bytes, scanner.at, limit)
    if (own) {
      const header = scanner.header(own.schema, own.codec)
      return { header, sync: own.sync, length: own.end - scanner.at }
    }
    if (!there || want === size) return null
    if (want > MAX_PACKET_BYTES) throw new ContainerError('a header without end')
  }
}

/**
 * Takes the block `prefix` bytes ahead, however many packets it says it has; null if it is not all
 * within the `left` bytes of the file.
 */
async function takeBlock(
  window: Window,
  { header, sync }: Found,
  prefix: number,
  left: number
): Promise<number | null> {
  const { scanner } = window
  await window.need(Math.min(left, prefix + 20))
  const limit = scanner.at + Math.min(left, scanner.available)
  const head = readBlockHead(scanner.bytes, scanner.at + prefix, limit)
  if (!head) return null
  const ahead = head.start - scanner.at
  const length = ahead + head.size + SYNC_BYTES
  if (head.size > MAX_BLOCK) throw new ContainerError(`a block of ${head.size} bytes`)
  if (length > left || !(await window.need(length))) return null
  const start = scanner.at + ahead
  const end = start + head.size
  if (Buffer.compare(scanner.bytes.subarray(end, end + SYNC_BYTES), sync) !== 0) {
    throw new ContainerError('the sync marker after a block does not match')
  }
  if (head.packets > 0) scanner.block(start, head.size, header, head.packets)
  scanner.at += length
  return head.packets
}

/** What cannot be read: one entry in quarantine, of which the beginning is kept. */
async function* takeRest(window: Window, left: number, reason: Reason, detail: string): Walk {
  const { scanner } = window
  const most = left > MAX_PACKET_BYTES ? KEPT_OF_OVERSIZED : left
  await window.need(most)
  const kept = Math.min(most, scanner.available)
  const isOpen = left === Number.POSITIVE_INFINITY
  scanner.damaged(scanner.at, kept, isOpen ? scanner.available : left, reason, detail)
  scanner.at += kept
  yield
  if (!isOpen) await window.skip(left - kept)
}
