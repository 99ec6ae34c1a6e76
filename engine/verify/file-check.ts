import { dirname } from 'node:path/posix'
import { setTimeout as delay } from 'node:timers/promises'
import { atOnce } from '../store/at-once.ts'
import { attemptFolder, attemptsAt } from '../lake/two-phase-commit.ts'
import { unfenced } from '../lake/file-commit.ts'
import { repairFolder } from '../lake/repair-folder.ts'
import { closingOf, notClosed } from './closing.ts'
import { faultOf } from './file-content.ts'
import type { OnFinding } from './finding.ts'
import { layerOfPath, layerSource } from '../lake/layer-name.ts'
import type { PartFile, PartRecord } from '../lake/ledger.ts'
import { blockAt, readBlock } from '../lake/ledger-walk.ts'
import type { LedgerBlock } from '../lake/ledger-walk.ts'
import type { FolderSums } from './folder-sums.ts'
import type { Store } from '../store/store.ts'

export interface FileCheckOptions {
  /** Reads every byte too. */
  readonly deep: boolean
  /** Someone is at work on the lake: a part that is committed may not be in its place yet. */
  readonly isLive?: boolean
  /** Only files of this night, `night=YYYYMMDD`; null: all. */
  readonly night: string | null
  readonly onDocument?: (path: string, record: PartRecord) => void
}

const FILES_AT_ONCE = 8
const FOLDERS_AT_ONCE = 4
const PLACED_MS = 2000

interface Own {
  readonly file: PartFile
  readonly record: PartRecord
}

/** Files that belong to a night, or to none. */
function isOfNight(path: string, night: string | null): boolean {
  return night === null || path.includes(`/${night}/`) || path.startsWith('quarantine/')
}

/**
 * Holds the files of the parts of one block of the ledger against what their records say, folder by folder. The
 * records were read before: what lies there and is not named is of a part that landed meanwhile, or foreign.
 */
export async function checkFiles(
  store: Store,
  records: readonly PartRecord[],
  options: FileCheckOptions,
  sums: FolderSums,
  onFinding: OnFinding
): Promise<void> {
  const folders = new Map<string, Map<string, Own>>()
  for (const record of records) {
    for (const file of record.files) {
      if (!isOfNight(file.path, options.night)) continue
      const folder = dirname(file.path)
      const own = folders.get(folder) ?? new Map<string, Own>()
      own.set(file.path, { file, record })
      folders.set(folder, own)
    }
  }
  const late: Own[] = []
  await atOnce([...folders], FOLDERS_AT_ONCE, async ([folder, own]) => {
    sums.visited(folder)
    const there: [Own, number][] = []
    const others: string[] = []
    for (const { path, size } of await store.list(folder, true)) {
      const known = own.get(path)
      if (known) there.push([known, size])
      else others.push(path)
      own.delete(path)
    }
    for (const path of await unnamed(store, others)) onFinding(foreign(path))
    late.push(...own.values())
    await atOnce(there, FILES_AT_ONCE, ([known, size]) =>
      check(store, known, size, options, onFinding)
    )
  })
  await checkLate(store, late, options, onFinding)
}

async function check(
  store: Store,
  { file, record }: Own,
  size: number,
  { deep, onDocument }: FileCheckOptions,
  onFinding: OnFinding
): Promise<void> {
  const text = await faultOf(store, file, size, deep, (path) => onDocument?.(path, record))
  if (text !== null) onFinding({ kind: 'file', record, file, text, isDifference: true })
}

/** What was not there: it may have come since, or lie staged. */
async function checkLate(
  store: Store,
  late: readonly Own[],
  options: FileCheckOptions,
  onFinding: OnFinding
): Promise<void> {
  const look = async (known: Own) => {
    const size = await store.size(known.file.path)
    if (size !== null) await check(store, known, size, options, onFinding)
    return size !== null
  }
  const gone: Own[] = []
  for (const known of late) if (!(await look(known))) gone.push(known)
  const missing = await notClosed(store, gone, onFinding)
  if (missing.length === 0) return
  const staged = new Set<Own>()
  for (const known of missing) if (await liesStaged(store, known)) staged.add(known)
  if (options.isLive || staged.size > 0) await delay(PLACED_MS)
  for (const known of missing) {
    if (await look(known)) continue // placed meanwhile
    const { path } = known.file
    if (staged.has(known)) {
      const text = `${path} is committed and not in its place: it lies staged; ${placer(known.record)} puts it there`
      onFinding({ kind: 'unplaced', ...known, text, isDifference: true })
    } else {
      onFinding({ kind: 'file', ...known, text: `${path} is missing`, isDifference: true })
    }
  }
}

function placer({ requeued, stream }: PartRecord): string {
  const next = requeued ? 'siskin requeue' : stream ? 'member of the stream' : 'run of its source'
  return `the next ${next}, or siskin repair,`
}

async function liesStaged(store: Store, { file, record }: Own): Promise<boolean> {
  const folders = [attemptFolder(record), repairFolder(record)]
  for (const folder of folders)
    if ((await store.size(`${folder}/${file.path}`)) !== null) return true
  for (const { folder, attempt, first, last } of await attemptsAt(store, record.source)) {
    const isOwn = first === record.first && last === record.last
    if (!isOwn || unfenced(attempt) !== record.attempt) continue
    if ((await store.size(`${folder}/${file.path}`)) !== null) return true
  }
  return false
}

/** True when a record of the ledger, as it is now, names a file in this folder of a block. */
export async function isOfPart(store: Store, folder: string): Promise<boolean> {
  return (await namedIn(store, folder)).some((path) => dirname(path) === folder)
}

/** The source and the block that a folder of files of parts is called after; null for another one. */
export function blockOfFolder(folder: string): LedgerBlock | null {
  const [, source, number] = /(?:^|\/)([^/]+)-(\d{6,})$/.exec(folder) ?? []
  if (source === undefined) return null
  const layer = layerOfPath(folder)
  return blockAt(layer ? layerSource(layer, source) : source, Number(number))
}

/** All files of the parts of the block that a folder is called after. */
async function namedIn(store: Store, folder: string): Promise<string[]> {
  const block = blockOfFolder(folder)
  if (!block) return []
  const { records } = await readBlock(store, block)
  return records.flatMap(({ files }) => files.map(({ path }) => path))
}

/** Those of the files that no record of the ledger, as it is now, names. */
export async function unnamed(store: Store, paths: readonly string[]): Promise<string[]> {
  const left: string[] = []
  for (const [folder, own] of Map.groupBy(paths, (path) => dirname(path))) {
    const named = new Set(await namedIn(store, folder))
    const strays = own.filter((path) => !named.has(path))
    if (strays.length > 0 && (await closingOf(store, folder))?.isLive) continue // they are on their way out
    left.push(...strays)
  }
  return left
}

export function foreign(path: string) {
  return { kind: 'foreign', path, text: `${path} belongs to no part`, isDifference: true } as const
}
