import { messageOf } from '../errors.ts'
import { chunksOf, filesAt } from '../store/files.ts'
import { unreadable } from './identity.ts'
import { Inflation, isGzipMagic } from './inflate.ts'

const PADDING = 64 * 1024
/** Fewer bytes than the header of a gzip member has. */
const SHORT = 9

/**
 * Where the content of a file breaks off: another read would find the same. Offsets are bytes: in the file, and of
 * inflated data.
 */
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
 * @throws Damage where what is in it breaks off; SiskinError where the system does not give it.
 */
export async function* readBytes(
  path: string,
  onRead: OnRead,
  onTrailing: (bytes: number) => void = () => {}
): AsyncGenerator<Uint8Array> {
  try {
    if (await isGzip(path)) yield* inflated(path, onRead, onTrailing)
    else yield* plain(path, onRead)
  } catch (error) {
    throw asUnreadable(path, error)
  }
}

export async function isGzip(path: string): Promise<boolean> {
  try {
    const magic = await readAt(path, 0, 2)
    return magic.length === 2 && isGzipMagic(magic, 0)
  } catch (error) {
    throw asUnreadable(path, error)
  }
}

/** What the system answered, for people; other errors as they are. */
export function asUnreadable(path: string, error: unknown): unknown {
  return error instanceof Error && 'syscall' in error ? unreadable(path, error) : error
}

async function* plain(path: string, onRead: OnRead): AsyncGenerator<Uint8Array> {
  let offset = 0
  for await (const chunk of chunksOf(path)) {
    onRead((offset += chunk.length))
    yield chunk
  }
}

async function readAt(path: string, from: number, length: number): Promise<Buffer> {
  const file = await filesAt(path).open(path)
  try {
    const bytes = Buffer.alloc(length)
    return bytes.subarray(0, await file.read(bytes, from))
  } finally {
    await file.close()
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await filesAt(path).info(path))?.size ?? 0
}

/** Inflates a file: members that lie one behind the other, zeros between them or not. */
async function* inflated(
  path: string,
  onRead: OnRead,
  onTrailing: (bytes: number) => void
): AsyncGenerator<Uint8Array> {
  let given = 0
  for (let from: number | null = 0; from !== null;) {
    const start: number = from
    const inflation = new Inflation((near, step) => pieces(path, start, start + near, step))
    try {
      for await (const chunk of inflation.chunks()) {
        onRead(start + inflation.consumed)
        yield chunk
      }
    } catch (error) {
      if (!inflation.isDamaged) throw error
      const end = start + inflation.consumed
      const behind =
        inflation.isCut && inflation.given > 0 ? await behindMember(path, inflation.given) : 0
      if (behind === 0) throw new Damage(path, end, given + inflation.given, messageOf(error))
      onTrailing(behind)
      return
    }
    given += inflation.given
    from = await nextMember(path, start + inflation.consumed, onTrailing)
  }
}

async function* pieces(
  path: string,
  from: number,
  near: number,
  step: number
): AsyncGenerator<Uint8Array> {
  let offset = from
  for await (const bytes of chunksOf(path, from)) {
    for (let at = 0; at < bytes.length;) {
      const before = near - offset - at
      const piece = bytes.subarray(at, at + (before > 0 ? before : step))
      yield piece
      at += piece.length
    }
    offset += bytes.length
  }
}

/**
 * Bytes behind the last member that are too few for zlib to see that they are none. A member ends in
 * the length of what is in it; 0 where none ends so.
 */
async function behindMember(path: string, inflatedSize: number): Promise<number> {
  const size = await sizeOf(path)
  const most = Math.min(size, 4 + SHORT)
  const tail = await readAt(path, size - most, most)
  for (let behind = 1; behind <= tail.length - 4; behind++) {
    if (tail.readUInt32LE(tail.length - behind - 4) === inflatedSize % 2 ** 32) return behind
  }
  return 0
}

/** Where behind zeros the next member begins; null at the end, or at bytes that are none. */
async function nextMember(
  path: string,
  end: number,
  onTrailing: (bytes: number) => void
): Promise<number | null> {
  const size = await sizeOf(path)
  for (let at = end; at < size; at += PADDING) {
    const some = await readAt(path, at, PADDING)
    const first = some.findIndex((byte) => byte !== 0)
    if (first < 0) continue
    if (at + first > end && isGzipMagic(await readAt(path, at + first, 2), 0)) return at + first
    break
  }
  if (size > end) onTrailing(size - end)
  return null
}
