import { MAX_PACKET_BYTES } from '../packets.ts'
import type { Header } from '../packets.ts'
import type { Reason } from '../reasons.ts'
import { ContainerError, isContainer, readBlockHead, readHeader, SYNC_BYTES } from './container.ts'
import type { Scanner } from './scanner.ts'

const MAX_BLOCK = 8 * MAX_PACKET_BYTES
const KEPT_OF_OVERSIZED = 1024 * 1024

/** A walk yields after every block it took, and returns when the file is behind it. */
export type Walk = AsyncGenerator<void, void>

/** Bytes on demand: a scanner and where its bytes come from. */
export class Window {
  readonly scanner: Scanner
  /** Set where a stream that ends is damage (inside an archive's file): what `need` then throws. */
  broken: (() => Error) | null = null
  #chunks: AsyncIterator<Uint8Array> | null = null

  constructor(scanner: Scanner) {
    this.scanner = scanner
  }

  /** Goes on with other bytes; what is left of those before is forgotten. */
  from(chunks: AsyncIterable<Uint8Array> | null): void {
    this.scanner.skip(this.scanner.available)
    this.#chunks = chunks?.[Symbol.asyncIterator]() ?? null
  }

  /** Closes the file that the bytes come from, wherever the walk stopped. */
  async close(): Promise<void> {
    await this.#chunks?.return?.()
  }

  /** True when at least `size` bytes are there to parse; false when the stream ended before. */
  async need(size: number): Promise<boolean> {
    while (this.scanner.available < size) {
      const next = this.#chunks && (await this.#chunks.next())
      if (!next || next.done) {
        if (this.broken) throw this.broken()
        return false
      }
      this.scanner.append(next.value)
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
}

/**
 * Takes the packets of one file of `size` bytes at the window's position: an Avro object container
 * of any length, or one Confluent-wire packet. What is neither, or breaks off, is taken as damaged.
 * Leaves the position at the file's end.
 */
export async function* walkFile(window: Window, size: number): Walk {
  const { scanner } = window
  if (size === 0) {
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
    yield* takeRest(window, size, 'oversized', `${size} bytes`)
    return
  }
  const complete = await window.need(size)
  const there = Math.min(size, scanner.available)
  if (!complete) {
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
  let fault: { reason: 'bad-container' | 'truncated'; detail: string } | null = null
  try {
    const found = await findHeader(window, size)
    fault = { reason: 'truncated', detail: 'the container ends inside the header' }
    if (found) {
      fault.detail = 'the container ends inside a block'
      let prefix = found.length
      while (scanner.offset + prefix < end) {
        const packets = await takeBlock(window, found, prefix, end - scanner.offset)
        if (packets === null) break
        prefix = 0
        if (packets > 0) yield
      }
      if (scanner.offset + prefix === end) {
        scanner.at += prefix
        return
      }
    }
  } catch (error) {
    if (!(error instanceof ContainerError)) throw error
    fault = { reason: 'bad-container', detail: error.message }
  }
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
  scanner.damaged(scanner.at, kept, left, reason, detail)
  scanner.at += kept
  yield
  await window.skip(left - kept)
}
