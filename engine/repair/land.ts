import { dirname } from 'node:path/posix'
import { TornFileError } from '../errors.ts'
import { writeIndex } from '../duplicates/index-files.ts'
import { atOnce } from '../store/at-once.ts'
import { enterLedger, placeFiles, RECORD } from '../lake/two-phase-commit.ts'
import type { OnStep, Staged } from '../lake/two-phase-commit.ts'
import { unnamed } from '../verify/file-check.ts'
import { ledgerPath, OWN } from '../lake/ledger.ts'
import type { PartFile, PartRecord } from '../lake/ledger.ts'
import { repairDrafts, REPAIRS, repairFolder, stagedRepair } from '../lake/repair-folder.ts'
import type { StagedRepair } from '../lake/repair-folder.ts'
import { jsonBytes, readJson } from '../store/replace-file.ts'
import type { Store } from '../store/store.ts'

/*
 * What a repair makes enters the lake as any part does (`lake/file-commit.ts`): staged, then its record is renamed into
 * the ledger, in the place of an older one of the same part or where there was none, then the files go to their
 * places. It is staged apart, where neither runs nor members look.
 *
 * | killed | leaves | the next repair |
 * |---|---|---|
 * | before the record is in the ledger | staged files | removes them; the lake is as it was |
 * | after it | the new record, files staged | places the files |
 * | while files are placed | some placed | places the others |
 * | before old files are moved aside | files that no part names | moves them aside |
 */

const FILES_AT_ONCE = 8

export interface Landing {
  readonly record: PartRecord
  readonly files: readonly Staged[]
  /** The record that it replaces. */
  readonly before: PartRecord | null
}

/** `check` throws when the source is another's by now. */
export async function land(
  store: Store,
  { record, files, before }: Landing,
  check: () => Promise<void>,
  onStep: OnStep
): Promise<void> {
  const folder = repairFolder(record)
  await stageIn(store, folder, files, onStep)
  await store.write(`${folder}/${RECORD}`, [jsonBytes(record)])
  onStep('staged')
  await check()
  await enterLedger(store, record, folder)
  onStep('committed')
  const isIndexed = JSON.stringify(before?.marks) === JSON.stringify(record.marks)
  if (!isIndexed) await writeMarks(store, record) // the index is past its positions
  await placeFiles(store, record, folder, onStep)
  const named = new Set(record.files.map(({ path }) => path))
  for (const { path } of before?.files ?? []) if (!named.has(path)) await moveAside(store, path)
  onStep('done')
}

async function writeMarks(store: Store, record: PartRecord): Promise<void> {
  await writeIndex(store, record.source, [record], repairDrafts(record.source))
}

/** Puts files that are as the ledger says into their places; the ledger stays as it is. */
export async function restore(
  store: Store,
  record: PartRecord,
  attempt: string,
  files: readonly Staged[],
  onStep: OnStep
): Promise<void> {
  const folder = repairFolder({ ...record, attempt })
  await stageIn(store, folder, files, onStep)
  onStep('staged')
  for (const { path } of files) {
    await store.rename(`${folder}/${path}`, path)
    onStep('placing')
  }
  await store.sync(new Set(files.map(({ path }) => dirname(path))))
  onStep('placed')
  await store.remove(folder)
  onStep('done')
}

async function stageIn(
  store: Store,
  folder: string,
  files: readonly Staged[],
  onStep: OnStep
): Promise<void> {
  await atOnce(files, FILES_AT_ONCE, async ({ path, pieces }) => {
    await store.write(`${folder}/${path}`, pieces)
    onStep('staging')
  })
}

type IsPublished = (record: PartRecord) => boolean | null

/** What is to become of an attempt of a repair that was cut off; `wait`: only Kafka could say. */
interface Leftover extends StagedRepair {
  readonly fate: 'place' | 'enter' | 'drop' | 'wait'
  readonly record: PartRecord | null
}

async function leftovers(store: Store, isPublished: IsPublished): Promise<Leftover[]> {
  const found = new Map<string, StagedRepair>()
  for (const { path } of await store.list(REPAIRS)) {
    const attempt = stagedRepair(path)
    if (attempt) found.set(attempt.folder, attempt)
  }
  const left: Leftover[] = []
  for (const own of found.values()) {
    const ledger = ledgerPath(own.source, own.first, own.last)
    const entered = await readJson<PartRecord>(store, ledger).catch(orTorn)
    const staged = await readJson<PartRecord>(store, `${own.folder}/${RECORD}`).catch(orTorn)
    const published = staged && !entered ? isPublished(staged) : false
    if (entered?.attempt === own.attempt) left.push({ ...own, fate: 'place', record: entered })
    else if (published === false) left.push({ ...own, fate: 'drop', record: null })
    else left.push({ ...own, fate: published === null ? 'wait' : 'enter', record: staged })
  }
  return left
}

function orTorn(error: unknown): null {
  if (error instanceof TornFileError) return null
  throw error
}

/** Attempts of repairs that were cut off: those that can be brought to an end, and those of which only Kafka knows. */
export async function cutOff(
  store: Store,
  isPublished: IsPublished
): Promise<{ readonly ready: boolean; readonly waiting: readonly StagedRepair[] }> {
  const left = await leftovers(store, isPublished)
  const waiting = left.filter(({ fate }) => fate === 'wait')
  const isRest = left.length === 0 && (await store.list(REPAIRS)).length > 0
  return { ready: isRest || waiting.length < left.length, waiting }
}

/**
 * Finishes what repairs that were killed had entered into the ledger or published, and removes the rest. To be called
 * by the only repair. `isPublished` is null where only Kafka could say: that stays as it is.
 */
export async function recoverRepairs(store: Store, isPublished: IsPublished): Promise<number> {
  const left = await leftovers(store, isPublished)
  let finished = 0
  for (const { folder, fate, record } of left) {
    if (fate === 'wait') continue
    if (fate === 'enter') await enterLedger(store, record!, folder)
    if (record) {
      await writeMarks(store, record)
      await placeFiles(store, record, folder, () => {})
    }
    await store.remove(folder)
    finished++
  }
  if (finished === left.length) await store.remove(REPAIRS)
  return finished
}

/**
 * Moves files aside that no part names, also not by now: whoever lands a part enters its record before its files are in
 * their places. What came to be named while it was moved is put back.
 */
export async function strayAside(store: Store, path: string): Promise<string> {
  const listed = await store.list(path, true)
  const files = listed.length > 0 ? listed.map((file) => file.path) : [path]
  const strays = await unnamed(store, files)
  if (strays.length === 0) return 'a part names it by now: left alone'
  const whole = strays.length === files.length ? [path] : strays
  for (const own of whole) {
    const place = await moveAside(store, own)
    const named = strays.filter((stray) => stray === own || stray.startsWith(`${own}/`))
    const still = new Set(await unnamed(store, named))
    for (const stray of named) {
      if (still.has(stray) || (await store.size(stray)) !== null) continue
      await store.rename(place + stray.slice(own.length), stray)
    }
  }
  return 'moved aside'
}

/** Of what belongs to no part nothing is thrown away. */
export async function moveAside(store: Store, path: string): Promise<string> {
  const place = await asidePlace(store, path)
  await store.rename(path, place).catch(async (error: unknown) => {
    if ((await store.size(path)) !== null) throw error // else somebody was quicker
  })
  return place
}

const SESSION = new Date().toISOString().replace(/[-:]|\.\d+/g, '')

async function asidePlace(store: Store, path: string): Promise<string> {
  for (let nth = 0; ; nth++) {
    const place = `${OWN}/foreign/${SESSION}${nth === 0 ? '' : `-${nth}`}/${path}`
    if ((await store.size(place)) === null) return place
  }
}

/** Files of a part as they would be, that are exactly what the ledger says of them; null if one is other. */
export function sameFiles<T extends Staged & { readonly account: PartFile }>(
  made: readonly T[],
  wanted: readonly PartFile[]
): T[] | null {
  const found = wanted.map(({ path, bytes, crc32 }) =>
    made.find(({ account }) => {
      return account.path === path && account.bytes === bytes && account.crc32 === crc32
    })
  )
  return found.every((file) => file !== undefined) ? found : null
}
