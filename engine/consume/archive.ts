import { Damage, isGzip, readBytes } from './bytes.ts'
import { Scanner } from './scanner.ts'
import type { PacketRange } from '../packets.ts'
import type { ReadOptions, Source, Span } from './source.ts'
import { readPax, readTarHeader, TAR_BLOCK } from './tar.ts'
import type { TarEntry } from './tar.ts'
import { walkFile, Window } from './walk.ts'
import type { Walk } from './walk.ts'

/** One file of packets inside a source: found in an archive, or the file itself. */
export interface Entry {
  readonly name: string
  readonly size: number
}

/** Which files hold packets. Others (a README in an archive) are stepped over. */
export function isPacketFile(name: string): boolean {
  const file = name.slice(name.lastIndexOf('/') + 1)
  return !file.startsWith('.') && /\.(avro|confluent)$/i.test(file)
}

/**
 * Turns a walk over files into ranges. Ranges are cut when full, and where the next packet is in
 * the lake already; packets that are done are dropped.
 */
export async function* rangesOf(
  source: Pick<Source, 'name'>,
  options: ReadOptions,
  walk: (window: Window) => Walk
): AsyncGenerator<PacketRange> {
  const scanner = new Scanner(source.name, options.cut, options.allocate)
  const done = new Done(options.done)
  let failure: unknown = null
  const window = new Window(scanner)
  const steps = walk(window)
  try {
    for (;;) {
      const step = await steps.next().catch((error: unknown) => {
        failure = error
        return { done: true }
      })
      if (step.done) break
      if (done.has(scanner.position - 1)) scanner.drop()
      else if (scanner.full || done.has(scanner.position)) yield scanner.take()
    }
    if (scanner.pending > 0) yield scanner.take()
  } finally {
    await steps.return()
    await window.close()
  }
  if (failure) throw failure
}

/** Which positions the lake holds: asked in ascending order. */
class Done {
  readonly #spans: readonly Span[]
  #at = 0

  constructor(spans: readonly Span[]) {
    this.#spans = spans
  }

  has(position: number): boolean {
    while (this.#at < this.#spans.length && this.#spans[this.#at]![1] < position - 1) this.#at++
    return this.#spans
      .slice(this.#at, this.#at + 2)
      .some(([first, last]) => position >= first && position <= last)
  }
}

/** Walks a tar archive, plain or gzipped, as it streams by. @throws Damage where it breaks. */
export async function* walkTar(
  path: string,
  window: Window,
  onRead: (bytes: number) => void
): Walk {
  const gzipped = await isGzip(path)
  yield* walkTarBytes({ path, gzipped }, window, (read) =>
    readBytes(path, (bytes) => {
      read(bytes)
      onRead(bytes)
    })
  )
}

/** The same, its inflated bytes given: `read` is to be told how many bytes of the file were read. */
export async function* walkTarBytes(
  { path, gzipped }: { readonly path: string; readonly gzipped: boolean },
  window: Window,
  bytes: (read: (bytes: number) => void) => AsyncIterable<Uint8Array>
): Walk {
  const { scanner } = window
  const place = new Place(path, gzipped, scanner)
  window.from(bytes((count) => (place.read = count)))
  let longName: string | null = null
  let pax: { path?: string; size?: number } = {}
  for (;;) {
    if (!(await window.need(TAR_BLOCK))) {
      const where = scanner.available > 0 ? 'inside a tar header' : 'without its end mark'
      throw place.damage(`the archive ends ${where}`)
    }
    const header = readTarHeader(scanner.bytes, scanner.at)
    if (!header) throw place.damage('a tar header has a wrong checksum')
    if (header.kind === 'end') return await window.drain()
    scanner.at += TAR_BLOCK
    if (header.kind === 'long-name' || header.kind === 'pax') {
      const content = await takeText(window, header.size, place)
      if (header.kind === 'pax') pax = readPax(content)
      else longName = new TextDecoder().decode(content).replace(/\0+$/, '')
      continue
    }
    const entry: TarEntry = {
      kind: header.kind,
      name: pax.path ?? longName ?? header.name,
      size: pax.size ?? header.size
    }
    longName = null
    pax = {}
    if (!Number.isSafeInteger(entry.size) || entry.size < 0) {
      throw place.damage(`${entry.name} has a size that is none`)
    }
    yield* walkEntry(place, entry, window)
  }
}

async function* walkEntry(place: Place, entry: TarEntry, window: Window): Walk {
  const { scanner } = window
  const padding = (TAR_BLOCK - (entry.size % TAR_BLOCK)) % TAR_BLOCK
  window.broken = () => place.damage(`the archive ends inside ${entry.name}`)
  if (entry.kind === 'file' && isPacketFile(entry.name)) {
    scanner.enter(entry.name)
    yield* walkFile(window, entry.size)
  } else {
    await window.skip(entry.size)
  }
  window.broken = null
  await window.skip(padding)
}

async function takeText(window: Window, size: number, place: Place): Promise<Uint8Array> {
  const { scanner } = window
  const padded = Math.ceil(size / TAR_BLOCK) * TAR_BLOCK
  if (size > 1024 * 1024 || !(await window.need(padded))) {
    throw place.damage('a tar name that is not all there')
  }
  const content = scanner.bytes.slice(scanner.at, scanner.at + size)
  scanner.at += padded
  return content
}

/** Where in an archive the walk is, to say so when it breaks. */
class Place {
  /** Bytes of the file that were read; for a gzipped one as near as can be told. */
  read = 0
  readonly #path: string
  readonly #gzipped: boolean
  readonly #scanner: Scanner

  constructor(path: string, gzipped: boolean, scanner: Scanner) {
    this.#path = path
    this.#gzipped = gzipped
    this.#scanner = scanner
  }

  damage(reason: string): Damage {
    const { offset } = this.#scanner
    return new Damage(this.#path, this.#gzipped ? this.read : offset, offset, reason)
  }
}
