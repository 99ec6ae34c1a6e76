import { amount } from '../amount.ts'
import { isPacketFile } from './archive.ts'
import { Damage, isGzip, readBytes } from './bytes.ts'
import { Notes } from './notes.ts'
import { walkPackets } from './packed.ts'
import type { Scanner } from './scanner.ts'
import {
  expanded,
  isSparseMap,
  readSparseBlock,
  readSparseHeader,
  readSparseLines,
  readSparsePax
} from './sparse.ts'
import type { SparseMap } from './sparse.ts'
import { isZero, readPax, readTarHeader, TAR_BLOCK } from './tar.ts'
import type { TarEntry } from './tar.ts'
import { walkFile } from './walk.ts'
import type { Walk, Window } from './window.ts'

const MOST_OF_HEADER = 1024 * 1024

/** Kinds whose headers may tell a size of which nothing is stored. */
const WITHOUT_CONTENT: ReadonlySet<TarEntry['kind']> = new Set(['hard-link', 'folder', 'device'])

/** Walks a tar archive, plain or gzipped, as it streams by. @throws Damage where it breaks. */
export async function* walkTar(
  path: string,
  window: Window,
  onRead: (bytes: number) => void,
  notes: Notes
): Walk {
  const gzipped = await isGzip(path)
  const onTrailing = (bytes: number) =>
    notes.say(`${path}: ${amount(bytes, 'byte')} behind the compressed data hold no packet`)
  yield* walkTarBytes({ path, gzipped, notes }, window, (read) => {
    const tell = (bytes: number) => {
      read(bytes)
      onRead(bytes)
    }
    return readBytes(path, tell, onTrailing)
  })
}

/** The same, its inflated bytes given: `read` is to be told how many bytes of the file were read. */
export async function* walkTarBytes(
  file: { readonly path: string; readonly gzipped: boolean; readonly notes?: Notes },
  window: Window,
  bytes: (read: (bytes: number) => void) => AsyncIterable<Uint8Array>
): Walk {
  const place = new Cursor(file.path, file.gzipped, window.scanner)
  const notes = file.notes ?? new Notes()
  window.from(bytes((count) => (place.read = count)))
  let given = new Given()
  for (;;) {
    if (!(await window.need(TAR_BLOCK))) {
      const where = window.scanner.available > 0 ? 'inside a tar header' : 'without its end mark'
      throw place.damage(`the archive ends ${where}`)
    }
    const header = readTarHeader(window.scanner.bytes, window.scanner.at)
    if (!header) throw place.damage('a tar header has a wrong checksum')
    if (header.kind === 'end') {
      if (await goesOn(window, file.path, notes)) continue
      return
    }
    const sparse = header.kind === 'sparse' ? await sparseHeader(window, place) : null
    if (!sparse) window.scanner.at += TAR_BLOCK
    if (header.kind === 'long-name' || header.kind === 'pax') {
      given.take(header.kind, await takeText(window, header.size, place), place)
      continue
    }
    const entry = given.entry(header)
    if (!Number.isSafeInteger(entry.size) || entry.size < 0) {
      throw place.damage(`${entry.name} has a size that is none`)
    }
    yield* walkEntry({ ...entry, sparse: sparse ?? given.sparse() }, window, place, notes, given)
    if (header.kind !== 'note') given = new Given()
  }
}

/** What headers in front of an entry say of it. */
class Given {
  #name: string | null = null
  #pax: readonly [string, string][] = []

  take(kind: 'long-name' | 'pax', content: Uint8Array, place: Cursor): void {
    if (kind === 'long-name') {
      this.#name = new TextDecoder().decode(content).replace(/\0.*$/s, '')
      return
    }
    const pax = readPax(content)
    if (!pax) throw place.damage('a pax header with a record of another length than it says')
    this.#pax = pax
  }

  pax(key: string): string | undefined {
    return this.#pax.findLast(([own]) => own === key)?.[1]
  }

  entry(header: TarEntry): TarEntry {
    const size = this.pax('size')
    return {
      kind: header.kind,
      name: this.pax('GNU.sparse.name') ?? this.pax('path') ?? this.#name ?? header.name,
      size: size === undefined ? header.size : Number(size),
      link: this.pax('linkpath') ?? header.link
    }
  }

  sparse(): SparseMap | null {
    return readSparsePax(this.#pax)
  }

  /** The map stands in front of the data; the size of the file. */
  get mapped(): number | null {
    const size = Number(this.pax('GNU.sparse.realsize'))
    return this.pax('GNU.sparse.major') === '1' && Number.isSafeInteger(size) ? size : null
  }
}

/** Behind an end mark: padding, or another archive (`cat a.tar b.tar`). False at the end of all. */
async function goesOn(window: Window, path: string, notes: Notes): Promise<boolean> {
  const { scanner } = window
  while (await window.need(1)) {
    const many = scanner.available - (scanner.available % TAR_BLOCK)
    if (many > 0 && isZero(scanner.bytes.subarray(scanner.at, scanner.at + many))) {
      scanner.skip(many)
      continue
    }
    const there = (await window.need(TAR_BLOCK)) ? TAR_BLOCK : scanner.available
    if (isZero(scanner.bytes.subarray(scanner.at, scanner.at + there))) {
      scanner.skip(there)
      continue
    }
    if (there === TAR_BLOCK && readTarHeader(scanner.bytes, scanner.at)) return true
    const start = scanner.offset
    await window.drain()
    notes.say(
      `${path}: ${amount(scanner.offset - start, 'byte')} behind the end mark hold no packet`
    )
  }
  return false
}

interface Member extends TarEntry {
  readonly sparse: SparseMap | null
}

async function* walkEntry(
  entry: Member,
  window: Window,
  place: Cursor,
  notes: Notes,
  given: Given
): Walk {
  const { name } = entry
  window.broken = () => place.damage(`the archive ends inside ${name}`)
  const size = (await hasContent(entry, window)) ? entry.size : 0
  const why = reasonToSkip(entry, size)
  if (why !== null) {
    if (why !== '') notes.skip(name, why)
    await window.skip(size)
  } else {
    window.scanner.enter(name)
    if (given.mapped !== null) yield* walkMapped(entry, given.mapped, window, place, notes)
    else if (entry.sparse) yield* walkSparse(entry, entry.sparse, size, window, place, notes)
    else place.shift += yield* walkPackets(window, { name, size }, notes)
  }
  window.broken = null
  await window.skip((TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK)
}

/**
 * The size of a link may be that of its target, and that of a folder or a device what it took on its disk, none of
 * which is here: a header follows then.
 */
async function hasContent({ kind, size }: Member, window: Window): Promise<boolean> {
  if (kind === 'symbolic-link') return false
  if (!WITHOUT_CONTENT.has(kind) || size === 0) return true
  await window.need(TAR_BLOCK)
  return readTarHeader(window.scanner.bytes, window.scanner.at) === null
}

/** Null for a file of packets; empty for what is no file. */
function reasonToSkip({ kind, name, link }: TarEntry, size: number): string | null {
  if (kind === 'nameless' || kind === 'folder' || kind === 'note') return ''
  if (kind === 'symbolic-link' || (kind === 'hard-link' && size === 0)) return `link to ${link}`
  if (kind === 'device' || kind === 'other') return 'no plain files'
  return isPacketFile(name) ? null : 'no packet files'
}

async function* walkSparse(
  { name }: Member,
  map: SparseMap,
  stored: number,
  window: Window,
  place: Cursor,
  notes: Notes
): Walk {
  if (!isSparseMap(map, stored)) {
    notes.skip(name, 'sparse, with a map that is none')
    await window.skip(stored)
    return
  }
  place.shift += yield* window.inside(
    stored,
    (bytes) => expanded(bytes, map),
    () => walkFile(window, map.size)
  )
}

/** A sparse file as pax 1.0 has it: the map is the beginning of what is stored. */
async function* walkMapped(
  entry: Member,
  realSize: number,
  window: Window,
  place: Cursor,
  notes: Notes
): Walk {
  const { scanner } = window
  const most = Math.min(entry.size, MOST_OF_HEADER)
  for (let want = Math.min(TAR_BLOCK, most); ; want = Math.min(most, want * 2)) {
    await window.need(want)
    const found = readSparseLines(scanner.bytes.subarray(scanner.at, scanner.at + want), realSize)
    if (found && found.length <= entry.size) {
      await window.skip(found.length)
      yield* walkSparse(entry, found.map, entry.size - found.length, window, place, notes)
      return
    }
    if (want === most) break
  }
  notes.skip(entry.name, 'sparse, with a map that is none')
  await window.skip(entry.size)
}

/** Takes a header of type S and the blocks that go on with its map. */
async function sparseHeader(window: Window, place: Cursor): Promise<SparseMap> {
  const { scanner } = window
  const { size, pieces, goesOn } = readSparseHeader(scanner.bytes, scanner.at)
  scanner.at += TAR_BLOCK
  for (let more = goesOn; more;) {
    if (!(await window.need(TAR_BLOCK)) || pieces.length > MOST_OF_HEADER / TAR_BLOCK) {
      throw place.damage('a map of a sparse file that is not all there')
    }
    const block = readSparseBlock(scanner.bytes, scanner.at)
    scanner.at += TAR_BLOCK
    pieces.push(...block.pieces)
    more = block.goesOn
  }
  return { size, pieces }
}

async function takeText(window: Window, size: number, place: Cursor): Promise<Uint8Array> {
  const { scanner } = window
  const padded = Math.ceil(size / TAR_BLOCK) * TAR_BLOCK
  if (!(size >= 0 && size <= MOST_OF_HEADER) || !(await window.need(padded))) {
    throw place.damage('a tar name that is not all there')
  }
  const content = scanner.bytes.slice(scanner.at, scanner.at + size)
  scanner.at += padded
  return content
}

/** Where in an archive the walk is, to say so when it breaks. */
class Cursor {
  /** Bytes of the file that were read; for a gzipped one as near as can be told. */
  read = 0
  /** By how much files that lie packed in it made the position go ahead. */
  shift = 0
  readonly #path: string
  readonly #gzipped: boolean
  readonly #scanner: Scanner

  constructor(path: string, gzipped: boolean, scanner: Scanner) {
    this.#path = path
    this.#gzipped = gzipped
    this.#scanner = scanner
  }

  damage(reason: string): Damage {
    const offset = this.#scanner.offset - this.shift
    return new Damage(this.#path, this.#gzipped ? this.read : offset, offset, reason)
  }
}
