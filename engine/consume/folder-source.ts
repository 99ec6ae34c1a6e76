import { createHash } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { codeOf } from '../errors.ts'
import { rangesOf } from './archive.ts'
import { filesAt, isLocal } from '../store/files.ts'
import type { FolderRecord, KnownFile, SourceBook } from './book.ts'
import type { FoundFile } from './find-files.ts'
import { changedError, findChanges, OtherContentError } from './folder-changes.ts'
import { freeName, identify, namesOf, safeStem, unreadable } from './identity.ts'
import { walkLoose } from './loose.ts'
import type { OpenOptions } from './open.ts'
import type { ReadOptions, Source } from './source.ts'

/** A file that is there now, with what it is told by. */
type ThereFile = FoundFile & KnownFile

/**
 * The loose packet files of a folder as one source, told by what is in them and not by where it lies.
 * Positions are given by the files in the order in which they were first met; new ones go behind. A copy
 * with new files is another source, for the new ones, while the folder it was copied from is there.
 * Null where all of it is nothing to be read.
 * @throws OtherContentError where it has no file, and where known files changed, or are gone, and it is not to begin anew.
 */
export async function openFolder(
  path: string,
  found: readonly FoundFile[],
  how: OpenOptions
): Promise<Source | null> {
  const there: ThereFile[] = []
  for (const file of found) {
    const { digest } = await identify(file.path, file.size)
    there.push({ ...file, digest, packets: null })
  }
  const names = await how.book.names()
  const records = await akin(path, there, names, how.book)
  const isHere = ({ path: own, files }: FolderRecord) => own === fullName(path) && files.length > 0
  if (there.length === 0 && !records.some(isHere)) {
    throw new OtherContentError(`no packet files in "${path}"`)
  }
  const known = await wholeRecord(path, records, there)
  if (known) return await goOn(path, known, there, how)
  const changed = records.findLast((r) => r.path === fullName(path) && r.replacedBy === null)
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
async function wholeRecord(
  path: string,
  records: readonly FolderRecord[],
  there: readonly ThereFile[]
): Promise<FolderRecord | null> {
  const here = (record: FolderRecord) => record.path === fullName(path)
  const rank = (record: FolderRecord) =>
    (record.replacedBy === null ? 2e9 : 0) + (here(record) ? 1e9 : 0) + record.files.length
  const whole = records.filter(
    (record) => (record.files.length > 0 || here(record)) && findChanges(record, there).length === 0
  )
  for (const record of whole.sort((a, b) => rank(b) - rank(a))) {
    if (match(record, there).fresh.length === 0 || (await hasMoved(record, path))) return record
  }
  return null
}

/** The folder of the record is this one, or gone: what grew is the original and no copy of it. */
async function hasMoved(record: FolderRecord, path: string): Promise<boolean> {
  if (record.path === fullName(path)) return true
  if (!isLocal(record.path)) return (await filesAt(record.path).info(record.path)) === null
  const before = await realpath(record.path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null
    throw unreadable(record.path, error)
  })
  return before === null || (isLocal(path) && before === (await realpath(path)))
}

/** The files of the record as they lie now, and those it does not know. */
function match(record: FolderRecord, there: readonly ThereFile[]) {
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
  return { files, fresh }
}

async function goOn(
  path: string,
  record: FolderRecord,
  there: readonly ThereFile[],
  { book, notes }: OpenOptions
): Promise<Source> {
  const { files, fresh } = match(record, there)
  if (record.path !== fullName(path)) {
    notes.say(`${path} has the content of ${record.path}, known as source ${record.name}`)
  }
  const all = [...files, ...fresh]
  if (fresh.length > 0) {
    await book.save({ ...record, path: fullName(path), files: all.map(keep), count: null })
  }
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
  const taken = await takenElsewhere(records, there, book)
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
  const digest = files[0]?.digest ?? digestOfAll(elsewhere)
  const name = await unusedName(safeStem(path), digest, names, book)
  const record: FolderRecord = {
    kind: 'folder',
    name,
    path: fullName(path),
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

/** A name that also the ledger does not have: the order of the files of a folder that was forgotten is not known. */
async function unusedName(
  stem: string,
  digest: string,
  names: readonly string[],
  book: SourceBook
): Promise<string> {
  const taken = [...names]
  for (;;) {
    const name = freeName(stem, digest, taken)
    if ((await book.done(name)).length === 0) return name
    taken.push(name)
  }
}

/**
 * Files of sources that are in the lake to their last packet: digest to name of the source. One that is here too, but
 * not yet in the lake, is saved as it is, and so claimed with the new one: both at once would take its alerts twice.
 */
async function takenElsewhere(
  records: readonly FolderRecord[],
  there: readonly ThereFile[],
  book: SourceBook
): Promise<Map<string, string>> {
  const taken = new Map<string, string>()
  for (const record of records) {
    const { name, count, files } = record
    const done = await book.done(name)
    const packets = done.reduce((sum, [first, last]) => sum + last - first + 1, 0)
    if (count !== null && packets >= count) for (const { digest } of files) taken.set(digest, name)
    else if (files.length > 0 && findChanges(record, there).length === 0) await book.save(record)
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
    if (record?.kind === 'folder') {
      const learnt = withPackets(record, files, packets, count)
      if (learnt) await book.save(learnt)
    }
  }
}

/** What was read of the files, for those that the record still has; null where it is no news. */
function withPackets(
  record: FolderRecord,
  files: readonly ThereFile[],
  packets: readonly number[],
  count: number | null
): FolderRecord | null {
  const keyOf = ({ name, digest }: KnownFile) => `${digest} ${name}`
  const read = new Map(packets.map((number, i) => [keyOf(files[i]!), number]))
  const isSame =
    record.files.length === files.length &&
    record.files.every((file, i) => keyOf(file) === keyOf(files[i]!))
  const whole = isSame ? count : null
  if (whole === null && record.count !== null) return null
  const known = record.files.map((file) => ({
    ...file,
    packets: read.get(keyOf(file)) ?? file.packets
  }))
  return { ...record, files: known, count: whole }
}

function fullName(path: string): string {
  return filesAt(path).fullName(path)
}
