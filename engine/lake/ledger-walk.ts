import { foldersIn, ledgerFolder, OWN, spanOfRecord } from './ledger.ts'
import { PACK, readPack } from './pack.ts'
import type { PartRecord, PositionSpan } from './ledger.ts'
import { isMissing } from '../store/errors.ts'
import { atOnce } from '../store/at-once.ts'
import type { Store } from '../store/store.ts'

/** The records of the parts of a source that begin in the same block of positions. */
export interface LedgerBlock {
  readonly source: string
  readonly block: number
  readonly folder: string
}

const ROOT = `${OWN}/ledger`
const READ_AT_ONCE = 8

/** The sources of a lake. */
export async function ledgerSources(store: Store): Promise<string[]> {
  return (await store.entries(ROOT)).flatMap(({ name, isFolder }) => (isFolder ? [name] : []))
}

/** The blocks of a source in the order of its positions, from one on: those before are not even listed. */
export async function* blocksOf(
  store: Store,
  source: string,
  from = 0
): AsyncGenerator<LedgerBlock, void> {
  for (const group of await foldersIn(store, ledgerFolder(source))) {
    if (lastOfGroup(group) < from) continue
    for (const folder of await foldersIn(store, group)) {
      const block = numberOf(folder)
      if (block >= from) yield { source, block, folder }
    }
  }
}

const BLOCKS_A_GROUP = 1000

function lastOfGroup(group: string): number {
  return (numberOf(group) + 1) * BLOCKS_A_GROUP - 1
}

function numberOf(folder: string): number {
  return Number(folder.slice(folder.lastIndexOf('/') + 1))
}

/** The block whose records lie in this folder of a source. */
export function blockAt(source: string, block: number): LedgerBlock {
  const digits = (number: number, count: number) => String(number).padStart(count, '0')
  const group = digits(Math.floor(block / BLOCKS_A_GROUP), 6)
  return { source, block, folder: `${ledgerFolder(source)}/${group}/${digits(block, 9)}` }
}

/** A record that cannot be read. */
interface BadRecord extends PositionSpan {
  readonly path: string
  readonly reason: string
}

export interface BlockRecords {
  /** By their positions. */
  readonly records: readonly PartRecord[]
  readonly bad: readonly BadRecord[]
  /** Files that are no records. */
  readonly others: readonly string[]
}

export async function readBlock(
  store: Store,
  { folder, source }: LedgerBlock
): Promise<BlockRecords> {
  const records: PartRecord[] = []
  const bad: BadRecord[] = []
  const others: string[] = []
  let isMoved = false
  const all = (await store.entries(folder)).filter(({ isFolder }) => !isFolder)
  const entries = all.filter(({ name }) => name !== PACK)
  await atOnce(entries, READ_AT_ONCE, async ({ name }) => {
    const path = `${folder}/${name}`
    const span = spanOfRecord(name)
    if (!span) {
      others.push(path)
      return
    }
    const bytes = await store.read(path).catch(isGone) // a store that does not answer is no bad record
    if (bytes === null) {
      isMoved = true
      return
    }
    try {
      records.push(parsed(bytes, source, span))
    } catch (error) {
      bad.push({ ...span, path, reason: (error as Error).message })
    }
  })
  if (isMoved || all.length > entries.length) {
    const packed = await readPack<PartRecord>(store, folder)
    const alone = new Set([...records, ...bad].map(({ first }) => first))
    records.push(...packed.records.filter(({ first }) => !alone.has(first)))
    const { fault: reason } = packed
    if (reason !== null) bad.push({ first: 0, last: 0, path: `${folder}/${PACK}`, reason })
  }
  records.sort((a, b) => a.first - b.first)
  return { records, bad, others }
}

/** Records that lay alone when the folder was listed may lie together by now. */
function isGone(error: unknown): null {
  if (isMissing(error)) return null
  throw error
}

/** @throws Error that says what is wrong with it. */
function parsed(bytes: Uint8Array, source: string, { first, last }: PositionSpan): PartRecord {
  const record = JSON.parse(Buffer.from(bytes).toString()) as PartRecord
  if (record.source !== source || record.first !== first || record.last !== last) {
    throw new Error(`it is of ${record.source} ${record.first} to ${record.last}`)
  }
  if (!Array.isArray(record.files)) throw new Error('it names no files')
  return record
}

/**
 * The first block of a source whose last part was begun at `time` or later; all that are younger lie
 * behind it. Found by halving: the cost hardly grows with the source. Null: there is none.
 */
export async function blockSince(
  store: Store,
  source: string,
  time: number
): Promise<number | null> {
  const groups = await foldersIn(store, ledgerFolder(source))
  const group = await halve(
    groups,
    async (folder) => {
      const blocks = await foldersIn(store, folder)
      return blocks.length === 0 ? Number.NEGATIVE_INFINITY : begunIn(store, source, blocks.at(-1)!)
    },
    time
  )
  if (group === null) return null
  const blocks = await foldersIn(store, group)
  const found = await halve(blocks, (folder) => begunIn(store, source, folder), time)
  return found === null ? null : numberOf(found)
}

/** The first of the folders, ascending in time, whose time is not before `time`. */
async function halve(
  folders: readonly string[],
  timeOf: (folder: string) => Promise<number>,
  time: number
): Promise<string | null> {
  let low = 0
  let high = folders.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((await timeOf(folders[middle]!)) < time) low = middle + 1
    else high = middle
  }
  return folders[low] ?? null
}

/** When the youngest part of a block was begun, in ms. */
async function begunIn(store: Store, source: string, folder: string): Promise<number> {
  const { records } = await readBlock(store, { source, block: numberOf(folder), folder })
  return Math.max(Number.NEGATIVE_INFINITY, ...records.map(({ started }) => Date.parse(started)))
}
