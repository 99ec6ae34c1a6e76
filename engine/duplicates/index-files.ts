import { TornFileError } from '../errors.ts'
import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path/posix'
import { stagingOf } from '../lake/two-phase-commit.ts'
import { OWN } from '../lake/ledger.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { jsonBytes, readJson, readNote, tellForgotten } from '../store/replace-file.ts'
import { isMissing } from '../store/errors.ts'
import type { Store } from '../store/store.ts'
import { Marks, readMarks } from './marks.ts'

/*
 * The index: `_siskin/seen/<survey>/<night>/<source>.<first>-<last>.<least id>-<greatest id>.<landed>.ids`, the
 * marks of committed parts of a source, sorted. A copy has the night of its original, so only the files of
 * that night can hold it, and their names say which of them. Files are never changed, and written again
 * they are the same. `_siskin/seen/sources/<source>.json` says up to where a source is in the index.
 */

const ROOT = `${OWN}/seen`
/** See `behind.ts`. */
export const BEHIND = `${ROOT}/behind`

/** What the index takes of a committed part. */
export type MarkedPart = Pick<PartRecord, 'first' | 'last' | 'started' | 'marks' | 'requeued'>

export interface IndexFile {
  readonly path: string
  readonly source: string
  /** Positions whose alerts it is of. */
  readonly first: number
  readonly last: number
  /** Ids that it may hold. */
  readonly least: bigint
  readonly greatest: bigint
  /** UTC day on which the youngest of its parts was made, as YYYYMMDD. */
  readonly landed: number
}

const NAME = /^(.+)\.(\d+)-(\d+)\.(\d+)-(\d+)\.(\d{8})\.ids$/

/** The index files of a `survey/night`. */
export async function indexFiles(store: Store, night: string): Promise<IndexFile[]> {
  const folder = `${ROOT}/${night}`
  return (await store.entries(folder)).flatMap(({ name }) => named(`${folder}/${name}`) ?? [])
}

/** What the name of an index file says; null for a file of another kind. */
function named(path: string): IndexFile | null {
  const match = NAME.exec(path.slice(path.lastIndexOf('/') + 1))
  if (!match) return null
  const [, source = '', first, last, least = '', greatest = '', landed] = match
  const ids = { least: BigInt(least), greatest: BigInt(greatest), landed: Number(landed) }
  return { path, source, first: Number(first), last: Number(last), ...ids }
}

/** A file of the index as it lies there. */
export interface FoundIndexFile extends IndexFile {
  /** `survey/night` */
  readonly night: string
  readonly size: number
}

/** All that lies in the index: its files, sources of which it says how far it has them, and what is neither. */
export async function wholeIndex(store: Store): Promise<{
  readonly files: FoundIndexFile[]
  readonly sources: string[]
  readonly others: string[]
}> {
  const found = { files: [] as FoundIndexFile[], sources: [] as string[], others: [] as string[] }
  for (const { path, size } of await store.list(ROOT)) {
    if (path.startsWith(`${BEHIND}/`)) continue
    const [, night] = /^_siskin\/seen\/([^/]+\/\d{8})\/[^/]+$/.exec(path) ?? []
    const [, source] = /^_siskin\/seen\/sources\/([^/]+)\.json$/.exec(path) ?? []
    const file = night === undefined ? null : named(path)
    if (file && night !== undefined) found.files.push({ ...file, night, size })
    else if (source !== undefined) found.sources.push(source)
    else found.others.push(path)
  }
  return found
}

/** Paths of the index files of a source, of all its nights. */
export async function filesOfSource(store: Store, source: string): Promise<string[]> {
  const { files } = await wholeIndex(store)
  return files.filter((file) => file.source === source).map(({ path }) => path)
}

/** A file that was written: for those who have the index open. */
export interface WrittenFile extends IndexFile {
  /** `survey/night` */
  readonly night: string
  readonly marks: Marks
}

/**
 * Writes the marks of parts that follow each other into the index, one file a survey and night.
 * @param drafts the folder for files that are being written: of those who do not own the source, one of their own.
 */
export async function writeIndex(
  store: Store,
  source: string,
  parts: readonly MarkedPart[],
  drafts = draftsOf(source)
): Promise<WrittenFile[]> {
  const [first, last] = [parts[0]?.first ?? 0, parts.at(-1)?.last ?? 0]
  const landed = dayOf(
    parts
      .map(({ started }) => started)
      .sort()
      .at(-1) ?? ''
  )
  const lists = new Map<string, Marks[]>()
  for (const part of parts) {
    for (const [night, marks] of readMarks(part.marks ?? {})) {
      const list = lists.get(night) ?? []
      list.push(marks)
      lists.set(night, list)
    }
  }
  const files: WrittenFile[] = []
  for (const [night, list] of lists) {
    const marks = Marks.merge(list)
    if (marks.count === 0) continue
    const { first: least, last: greatest } = marks
    const path = `${ROOT}/${night}/${source}.${first}-${last}.${least}-${greatest}.${landed}.ids`
    await put(store, drafts, path, marks.bytes())
    files.push({ path, source, first, last, least, greatest, landed, night, marks })
  }
  return files
}

/** The UTC day of an ISO time as YYYYMMDD. */
export function dayOf(time: string): number {
  return Number(time.slice(0, 10).replaceAll('-', ''))
}

const draftsOf = (source: string) => `${stagingOf(source)}/seen`
export const upToPath = (source: string) => `${ROOT}/sources/${source}.json`

/** Position up to which a source is in the index. What cannot be read says nothing: then it is written again. */
export async function indexedUpTo(store: Store, source: string): Promise<number> {
  const said = await saidUpTo(store, source)
  if (said !== 'damaged') return said ?? 0
  tellForgotten(store, upToPath(source))
  return 0
}

/** Null: nothing is said of the source. */
export async function saidUpTo(store: Store, source: string): Promise<number | null | 'damaged'> {
  try {
    const said = await readJson<{ next: unknown }>(store, upToPath(source))
    if (said === null) return null
    const { next } = said
    return Number.isSafeInteger(next) && Number(next) >= 0 ? Number(next) : 'damaged'
  } catch (error) {
    if (error instanceof TornFileError) return 'damaged'
    throw error
  }
}

export async function setIndexedUpTo(
  store: Store,
  source: string,
  next: number,
  drafts = draftsOf(source)
): Promise<void> {
  await put(store, drafts, upToPath(source), jsonBytes({ next }))
}

/** The same of a source with a hole at `next`; `behind`: how many parts behind it are in the index too. */
export async function setIndexedBehind(
  store: Store,
  source: string,
  next: number,
  behind: number
): Promise<void> {
  await put(
    store,
    draftsOf(source),
    upToPath(source),
    jsonBytes(behind > 0 ? { next, behind } : { next })
  )
}

export async function indexedBehind(store: Store, source: string): Promise<number> {
  return (await readNote<{ behind?: number }>(store, upToPath(source)))?.behind ?? 0
}

/** Removes what a writer that was killed left of the file it wrote. To be called by the owner of the source. */
export async function removeDrafts(store: Store, source: string): Promise<void> {
  await store.remove(draftsOf(source))
}

/** Whole or not at all; what was there is replaced. */
async function put(store: Store, drafts: string, path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${drafts}/${randomBytes(6).toString('hex')}`
  await store.write(draft, [bytes])
  await store.rename(draft, path)
  await store.sync([dirname(path)])
}

/** The marks of an index file; null if it is gone, `damaged` if it is not what it was written as. */
export async function readIndexFile(store: Store, path: string): Promise<Marks | null | 'damaged'> {
  try {
    return Marks.read(await store.read(path)) ?? 'damaged'
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}
