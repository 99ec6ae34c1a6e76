import { basename } from 'node:path'
import { BLOCK, DAMAGED } from '../packets.ts'
import type { PacketRange } from '../packets.ts'
import { rangesOf } from './archive.ts'
import { filesAt, pathIn } from '../store/files.ts'
import type { FileRecord, SourceBook } from './book.ts'
import { isArchive } from './find-files.ts'
import { beginsAs, freeName, identify, namesOf, safeStem, stampOf } from './identity.ts'
import type { Identity, Stamp } from './identity.ts'
import { walkLoose } from './loose.ts'
import type { OpenOptions } from './open.ts'
import type { ReadOptions, Source } from './source.ts'
import { walkTar } from './walk-tar.ts'

/** Bytes of a file that takes so long to be read that it is said. */
const LARGE = 4 * 1024 ** 3

/** An archive or a packet file as a source of its own. */
export async function openFile(path: string, size: number, how: OpenOptions): Promise<Source> {
  const { name } = await recognise(path, size, how)
  return { name, path, bytes: size, ranges: (options) => readFile(name, path, size, options, how) }
}

async function* readFile(
  name: string,
  path: string,
  size: number,
  options: ReadOptions,
  { book, notes }: OpenOptions
): AsyncGenerator<PacketRange> {
  const walk = isArchive(pathIn(path))
    ? rangesOf({ name }, options, (window) => walkTar(path, window, options.onRead, notes), end)
    : rangesOf(
        { name },
        options,
        (window) =>
          walkLoose(path, { name: basename(pathIn(path)), size }, window, options.onRead, notes),
        end
      )
  async function end(count: number): Promise<void> {
    const record = await fileRecord(book, name)
    if (record && sizeOf(record) === size) await book.save({ ...record, count })
  }
  for await (const range of walk) {
    // In a packet file only the last packet can be: nothing is read behind it.
    if (!isArchive(pathIn(path)) && holdsDamage(range)) {
      const record = await fileRecord(book, name)
      if (record && !record.endsDamaged) await book.save({ ...record, endsDamaged: true })
    }
    yield range
  }
}

function holdsDamage({ blocks }: PacketRange): boolean {
  return blocks[blocks.length - BLOCK.size + BLOCK.header] === DAMAGED
}

/** Which source a file is: one that is known, one that grew, or a new one. */
async function recognise(path: string, size: number, how: OpenOptions): Promise<FileRecord> {
  const { book, notes } = how
  const names = await book.names()
  const stem = safeStem(path)
  const akin: FileRecord[] = []
  for (const name of names.filter((own) => own.startsWith(`${stem}-`))) {
    const record = await book.load(name)
    if (record?.kind === 'file') akin.push(record)
  }
  const stamp = await stampOf(path, size)
  const untouched = stamp && akin.find((record) => isUntouched(record, stamp))
  if (untouched) return untouched
  if (size > LARGE) notes.say(`${path} is read once to tell it from others: ${size} bytes`)
  const identity = await identify(path, size)
  const { digest } = identity
  const same = await findSame(book, names, identity)
  if (same) {
    const isThere = same.path === fullName(path)
    if (!isThere) {
      notes.say(`${path} has the content of ${same.path}, known as source ${same.name}`)
    } else if (stamp && sizeOf(same) === size) {
      await book.save({ ...same, stamp })
    }
    return same
  }
  const grown = await findGrown(path, identity, stamp, akin, names, how)
  if (grown) return grown
  const name = (await lostName(book, names, digest)) ?? freeName(stem, digest, names)
  const before = akin.findLast((record) => record.path === fullName(path))
  if (before) {
    notes.say(
      `${path} has other content than when it was source ${before.name}: it is a new source, ${name}`
    )
  }
  const record: FileRecord = {
    kind: 'file',
    name,
    path: fullName(path),
    count: null,
    identities: [identity],
    stamp,
    endsDamaged: false
  }
  await book.save(record)
  return record
}

async function findSame(
  book: SourceBook,
  names: readonly string[],
  identity: Identity
): Promise<FileRecord | null> {
  const { digest } = identity
  for (const name of namesOf(names, [digest])) {
    const record = await fileRecord(book, name)
    if (record?.identities.some((known) => known.digest === digest)) return record
  }
  return null
}

/** The source of this content of which nothing but its parts is left. */
async function lostName(
  book: SourceBook,
  names: readonly string[],
  digest: string
): Promise<string | null> {
  for (const name of namesOf(names, [digest])) {
    if ((await book.load(name))?.kind === 'lost') return name
  }
  return null
}

async function fileRecord(book: SourceBook, name: string): Promise<FileRecord | null> {
  const found = await book.load(name)
  const record = found?.kind === 'alias' ? await book.load(found.of) : found
  return record?.kind === 'file' ? record : null
}

/** A source whose bytes the file begins with: it goes on, as after a download that broke off. */
async function findGrown(
  path: string,
  identity: Identity,
  stamp: Stamp | null,
  akin: readonly FileRecord[],
  names: readonly string[],
  { book, notes }: OpenOptions
): Promise<FileRecord | null> {
  const shorter = akin.filter((record) => sizeOf(record) > 0 && sizeOf(record) < identity.size)
  for (const record of shorter.sort((a, b) => sizeOf(b) - sizeOf(a))) {
    if (!(await beginsAs(path, identity.size, record.identities.at(-1)!))) continue
    if (record.endsDamaged) {
      notes.say(
        `${path} goes on where source ${record.name} broke off inside a packet: it is read anew, as another source`
      )
      return null
    }
    const { brokenOff: _, ...whole } = record
    const identities = [...record.identities, identity]
    const own = record.path === fullName(path) ? stamp : null
    const grown = { ...whole, identities, stamp: own, count: null }
    await book.save(grown)
    const alias = freeName(safeStem(path), identity.digest, names)
    await book.save({ kind: 'alias', name: alias, of: record.name })
    notes.say(`${path} grew since it was taken in: source ${record.name} goes on`)
    return grown
  }
  return null
}

function isUntouched({ stamp }: FileRecord, { path, text }: Stamp): boolean {
  return stamp?.path === path && stamp.text === text
}

function sizeOf({ identities }: FileRecord): number {
  return identities.at(-1)!.size
}

function fullName(path: string): string {
  return filesAt(path).fullName(path)
}
