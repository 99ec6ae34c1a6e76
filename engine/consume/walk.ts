import { MAX_PACKET_BYTES } from '../packets.ts'
import type { Header } from '../packets.ts'
import type { Reason } from '../reasons.ts'
import {
  ContainerError,
  isContainer,
  MAGIC_BYTES,
  readBlockHead,
  readHeader,
  SYNC_BYTES
} from '../avro/heads.ts'
import type { Scanner } from './scanner.ts'
import type { Walk, Window } from './window.ts'

const MAX_BLOCK = 8 * MAX_PACKET_BYTES
const KEPT_OF_OVERSIZED = 1024 * 1024

/**
 * Takes the packets of one file of `size` bytes at the window's position: an Avro object container
 * of any length (or several, one behind the other), or one Confluent-wire packet. What is neither, or breaks off, is taken as damaged.
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
  const whole = await window.need(Math.min(size, MAGIC_BYTES))
  if (size >= MAGIC_BYTES && whole && isContainer(scanner.bytes, scanner.at)) {
    yield* walkContainers(window, size)
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

/** Containers until the file's end, most often one. A first one that breaks before its first block is kept whole. */
async function* walkContainers(window: Window, size: number): Walk {
  const { scanner } = window
  const end = scanner.offset + size
  let fault: Fault = INSIDE_HEADER
  try {
    for (;;) {
      const ended = yield* takeContainer(window, end)
      if (ended === 'at the end' && window.cause === null) return
      fault = ended === 'inside its header' ? INSIDE_HEADER : INSIDE_BLOCK
      if (ended !== 'before another') break
    }
  } catch (error) {
    if (!(error instanceof ContainerError)) throw error
    fault = { reason: 'bad-container', detail: error.message }
  }
  if (window.cause !== null) fault = { reason: 'bad-codec', detail: window.cause }
  yield* takeRest(window, end - scanner.offset, fault.reason, fault.detail)
}

type Fault = { readonly reason: Reason; readonly detail: string }

const INSIDE_HEADER: Fault = {
  reason: 'truncated',
  detail: 'the container ends inside the header'
}
const INSIDE_BLOCK: Fault = { reason: 'truncated', detail: 'the container ends inside a block' }

/** Where the blocks of a container end. `before another`: as `cat a.avro b.avro` makes it. */
type Ended = 'at the end' | 'before another' | 'inside its header' | 'inside a block'

async function* takeContainer(window: Window, end: number): AsyncGenerator<void, Ended> {
  const { scanner } = window
  const found = await findHeader(window, end - scanner.offset)
  if (!found) return 'inside its header'
  let prefix = found.length
  while (scanner.offset + prefix < end && (await window.need(prefix + 1))) {
    if (await isAnother(window, prefix, end)) {
      scanner.at += prefix
      return 'before another'
    }
    const packets = await takeBlock(window, found, prefix, end - scanner.offset)
    if (packets === null) return 'inside a block'
    prefix = 0
    if (packets > 0) yield
  }
  const isOpenEnd = end === Number.POSITIVE_INFINITY && scanner.available === prefix
  if (scanner.offset + prefix !== end && !isOpenEnd) return 'inside a block'
  if (window.cause === null) scanner.at += prefix
  return 'at the end'
}

/** No block begins as a container does: that would be one of -40 packets. */
async function isAnother(window: Window, prefix: number, end: number): Promise<boolean> {
  const { scanner } = window
  if (scanner.offset + prefix + MAGIC_BYTES > end) return false
  return (
    (await window.need(prefix + MAGIC_BYTES)) && isContainer(scanner.bytes, scanner.at + prefix)
  )
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
