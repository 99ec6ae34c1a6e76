import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { rangesOf } from './archive.ts'
import type { FolderRecord, KnownFile, SourceBook } from './book.ts'
import type { FoundFile } from './find-files.ts'
import { changedError, findChanges } from './folder-changes.ts'
import { digestOf, freeName, identify, namesOf, safeStem } from './identity.ts'
import { walkLoose } from './loose.ts'
import type { OpenOptions } from './open.ts'
import type { ReadOptions, Source } from './source.ts'

/** A file that is there now, with what it is told by. */
type ThereFile = FoundFile & KnownFile

/**
 * The loose packet files of a folder as one source, told by what is in them and not by where it lies.
 * Positions are given by the files in the order in which they were first met; new ones go behind.
 * Null where all of it is nothing to be read.
 * @throws SiskinError where known files changed, or are gone, and it is not to begin anew.
 */
export async function openFolder(
  path: string,
  found: readonly FoundFile[],
  how: OpenOptions
): Promise<Source | null> {
  const there: ThereFile[] = []
  for (const file of found) {
    const digest = digestOf(await identify(file.path, file.size))
    there.push({ ...file, digest, packets: null })
  }
  const names = await how.book.names()
  const records = await akin(path, there, names, how.book)
  const known = wholeRecord(path, records, there)
  if (known) return await goOn(path, known, there, how)
  const changed = records.findLast((r) => r.path === resolve(path) && r.replacedBy === null)
  if (changed && !how.replace) throw changedError(path, changed, findChanges(changed, there))
  return await begin(path, there, { names, records, changed: changed ?? null }, how)
}

/** Records of folders that begin with a file of this one, or are called alike. */
async function akin(
  path: string,
  there: readonly ThereFile[],
  names: readonly string[],
  book: SourceBook
): Promise<FolderRecord[]> {
  const digests = there.map(({ digest }) => digest)
  const alike = names.filter((name) => name.startsWith(`${safeStem(path)}-`))
  const records: FolderRecord[] = []
  for (const name of new Set([...alike, ...namesOf(names, digests)])) {
    const record = await book.load(name)
    if (record?.kind === 'folder') records.push(record)
  }
  return records
}

/** The source all of whose files are here: before others the one of this place, then the longest. */
function wholeRecord(
  path: string,
  records: readonly FolderRecord[],
  there: readonly ThereFile[]
): FolderRecord | null {
  const here = (record: FolderRecord) => record.path === resolve(path)
  const rank = (record: FolderRecord) =>
    (record.replacedBy === null ? 2e9 : 0) + (here(record) ? 1e9 : 0) + record.files.length
  const whole = records.filter(
    (record) => (record.files.length > 0 || here(record)) && findChanges(record, there).length === 0
  )
  return whole.sort((a, b) => rank(b) - rank(a))[0] ?? null
}

async function goOn(
  path: string,
  record: FolderRecord,
  there: readonly ThereFile[],
  { book, notes }: OpenOptions
): Promise<Source> {
  const byName = new Map(there.map((file) => [file.name, file]))
  const byDigest = new Map(there.map((file) => [file.digest, file]))
  const used = new Set<ThereFile>()
  const files: ThereFile[] = record.files.map((known) => {
    const own = byName.get(known.name)
    const file = own?.digest === known.digest ? own : byDigest.get(known.digest)!
    used.add(file)
    return { ...known, path: file.path }
  })
  const elsewhere = new Set(record.elsewhere.map(({ digest }) => digest))
  const fresh = there.filter((file) => !used.has(file) && !elsewhere.has(file.digest))
  if (record.path !== resolve(path)) {
    notes.say(`${path} has the content of ${record.path}, known as source ${record.name}`)
  }
  const all = [...files, ...fresh]
  if (fresh.length > 0) await book.save({ ...record, files: all.map(keep), count: null })
  return sourceOf(record.name, path, all, book, notes)
}

interface Before {
  readonly names: readonly string[]
  readonly records: readonly FolderRecord[]
  /** What the folder was, and is no more. */
  readonly changed: FolderRecord | null
}

async function begin(
  path: string,
  there: readonly ThereFile[],
  { names, records, changed }: Before,
  { book, notes }: OpenOptions
): Promise<Source | null> {
  const taken = await takenElsewhere(records, book)
  const elsewhere = there.filter(({ digest }) => taken.has(digest))
  const files = there.filter(({ digest }) => !taken.has(digest))
  const owners = [...new Set(elsewhere.map(({ digest }) => taken.get(digest)!))]
  if (elsewhere.length > 0) {
    notes.say(
      `${elsewhere.length} of ${there.length} files of ${path} are in the lake as part of ${owners.join(', ')}`
    )
  }
  if (files.length === 0 && elsewhere.length > 0 && !changed) {
    return { name: owners[0]!, path, bytes: 0, ranges: async function* () {} }
  }
  const name = freeName(safeStem(path), files[0]?.digest ?? digestOfAll(elsewhere), names)
  const record: FolderRecord = {
    kind: 'folder',
    name,
    path: resolve(path),
    count: null,
    files: files.map(keep),
    elsewhere: elsewhere.map(keep),
    replacedBy: null
  }
  await book.save(record)
  if (changed) {
    await book.save({ ...changed, replacedBy: name })
    notes.say(`${path} begins anew as source ${name}; what ${changed.name} took in stays`)
  }
  return sourceOf(name, path, files, book, notes)
}

/** Files of sources that are in the lake to their last packet: digest to name of the source. */
async function takenElsewhere(
  records: readonly FolderRecord[],
  book: SourceBook
): Promise<Map<string, string>> {
  const taken = new Map<string, string>()
  for (const { name, count, files } of records) {
    if (count === null) continue
    const done = await book.done(name)
    const packets = done.reduce((sum, [first, last]) => sum + last - first + 1, 0)
    if (packets >= count) for (const { digest } of files) taken.set(digest, name)
  }
  return taken
}

function digestOfAll(files: readonly ThereFile[]): string {
  return createHash('sha256')
    .update(files.map(({ digest }) => digest).join())
    .digest('hex')
}

function keep({ name, size, digest, packets }: ThereFile): KnownFile {
  return { name, size, digest, packets }
}

function sourceOf(
  name: string,
  path: string,
  files: readonly ThereFile[],
  book: SourceBook,
  notes: OpenOptions['notes']
): Source {
  return {
    name,
    path,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    ranges: (options) => readFiles(name, files, options, book, notes)
  }
}

async function* readFiles(
  name: string,
  files: readonly ThereFile[],
  options: ReadOptions,
  book: SourceBook,
  notes: OpenOptions['notes']
): ReturnType<Source['ranges']> {
  const packets: number[] = []
  let count: number | null = null
  const ranges = rangesOf(
    { name },
    options,
    async function* (window) {
      let before = 0
      for (const file of files) {
        const { position } = window.scanner
        yield* walkLoose(file.path, file, window, () => {}, notes)
        packets.push(window.scanner.position - position)
        options.onRead((before += file.size))
      }
    },
    async (all) => void (count = all)
  )
  try {
    yield* ranges
  } finally {
    const record = await book.load(name)
    const isNews = count !== null || record?.kind !== 'folder' || record.count === null
    if (record?.kind === 'folder' && isNews) {
      const known = record.files.map((file, i) => ({
        ...file,
        packets: packets[i] ?? file.packets
      }))
      await book.save({ ...record, files: known, count: count ?? record.count })
    }
  }
}
