import { basename, resolve } from 'node:path'
import { BLOCK, DAMAGED } from '../packets.ts'
import type { PacketRange } from '../packets.ts'
import { rangesOf } from './archive.ts'
import type { FileRecord, SourceBook } from './book.ts'
import { isArchive } from './find-files.ts'
import { beginsAs, digestOf, freeName, identify, namesOf, safeStem } from './identity.ts'
import type { Identity } from './identity.ts'
import { walkLoose } from './loose.ts'
import type { OpenOptions } from './open.ts'
import type { ReadOptions, Source } from './source.ts'
import { walkTar } from './walk-tar.ts'

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
  const walk = isArchive(path)
    ? rangesOf({ name }, options, (window) => walkTar(path, window, options.onRead, notes), end)
    : rangesOf(
        { name },
        options,
        (window) => walkLoose(path, { name: basename(path), size }, window, options.onRead, notes),
        end
      )
  async function end(count: number): Promise<void> {
    const record = await fileRecord(book, name)
    if (record && sizeOf(record) === size) await book.save({ ...record, count })
  }
  for await (const range of walk) {
    // In a packet file only the last packet can be: nothing is read behind it.
    if (!isArchive(path) && holdsDamage(range)) {
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
  const identity = await identify(path, size)
  const digest = digestOf(identity)
  const names = await book.names()
  const same = await findSame(book, names, identity)
  if (same) {
    if (same.path !== resolve(path)) {
      notes.say(`${path} has the content of ${same.path}, known as source ${same.name}`)
    }
    return same
  }
  const stem = safeStem(path)
  const akin: FileRecord[] = []
  for (const name of names.filter((own) => own.startsWith(`${stem}-`))) {
    const record = await book.load(name)
    if (record?.kind === 'file') akin.push(record)
  }
  const grown = await findGrown(path, identity, akin, names, how)
  if (grown) return grown
  const name = freeName(stem, digest, names)
  const before = akin.findLast((record) => record.path === resolve(path))
  if (before) {
    notes.say(
      `${path} has other content than when it was source ${before.name}: it is a new source, ${name}`
    )
  }
  const record: FileRecord = {
    kind: 'file',
    name,
    path: resolve(path),
    count: null,
    identities: [identity],
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
  const digest = digestOf(identity)
  for (const name of namesOf(names, [digest])) {
    const record = await fileRecord(book, name)
    if (record?.identities.some((known) => digestOf(known) === digest)) return record
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
    const grown = { ...whole, identities: [...record.identities, identity], count: null }
    await book.save(grown)
    const alias = freeName(safeStem(path), digestOf(identity), names)
    await book.save({ kind: 'alias', name: alias, of: record.name })
    notes.say(`${path} grew since it was taken in: source ${record.name} goes on`)
    return grown
  }
  return null
}

function sizeOf({ identities }: FileRecord): number {
  return identities.at(-1)!.size
}
