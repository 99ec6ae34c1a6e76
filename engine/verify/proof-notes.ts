import { messageOf } from '../errors.ts'
import { OWN } from '../lake/ledger.ts'
import type { PartRecord, PositionSpan } from '../lake/ledger.ts'
import { readNote, replaceFile } from '../store/replace-file.ts'
import type { Store } from '../store/store.ts'

/** Offsets of a part that are lost for good, and that someone has taken note of. */
export interface AcknowledgedLoss extends PositionSpan {
  readonly lost: number
  readonly at: string
}

interface Acknowledged {
  readonly source: string
  readonly parts: readonly AcknowledgedLoss[]
}

const lossPath = (source: string) => `${OWN}/acknowledged/${source}.json`

async function acknowledgedLosses(
  store: Store,
  source: string
): Promise<readonly AcknowledgedLoss[]> {
  return (await readNote<Acknowledged>(store, lossPath(source)))?.parts ?? []
}

/** All of a lake, by source: kept and shown for ever. */
export async function allAcknowledged(
  store: Store
): Promise<Map<string, readonly AcknowledgedLoss[]>> {
  const all = new Map<string, readonly AcknowledgedLoss[]>()
  for (const { name } of await store.entries(`${OWN}/acknowledged`)) {
    const source = name.replace(/\.json$/, '')
    if (name !== source) all.set(source, await acknowledgedLosses(store, source))
  }
  return all
}

export async function acknowledgeLoss(store: Store, record: PartRecord): Promise<void> {
  const { source, first, last, stream } = record
  const parts = await acknowledgedLosses(store, source)
  const at = new Date().toISOString()
  const others = parts.filter((part) => part.first !== first)
  const own = { first, last, lost: stream?.lost ?? 0, at }
  await replaceFile(store, lossPath(source), { source, parts: [...others, own] })
}

/** Up to where a source was found whole, and when that was begun to be proved. */
interface Mark {
  /** The position behind all that was looked at. */
  readonly next: number
  readonly at: string
}

/** A look at a lake: when it was begun, whether at every byte, and how often sources had been changed by then. */
interface Look {
  readonly at: string
  readonly deep: boolean
  readonly changes: ReadonlyMap<string, number>
}

/** Of what `siskin verify` found whole: with sizes and footers, and with every byte. */
interface Bookmark {
  readonly source: string
  readonly whole?: Mark
  readonly deep?: Mark
  /** How often something of it was changed, by who may do so. */
  readonly changes?: number
}

const bookmarkPath = (source: string) => `${OWN}/verified/${source}.json`

/** Null: it was never found whole. */
export async function markOf(store: Store, source: string, deep: boolean): Promise<Mark | null> {
  const bookmark = await readNote<Bookmark>(store, bookmarkPath(source))
  return (deep ? bookmark?.deep : bookmark?.whole) ?? null
}

/** By source, how often it was changed until now: to be asked before it is looked at. */
export async function changesOf(store: Store): Promise<ReadonlyMap<string, number>> {
  const changes = new Map<string, number>()
  for (const { name } of await store.entries(`${OWN}/verified`)) {
    if (!name.endsWith('.json')) continue
    const source = name.slice(0, -'.json'.length)
    const bookmark = await readNote<Bookmark>(store, bookmarkPath(source))
    changes.set(source, bookmark?.changes ?? 0)
  }
  return changes
}

/**
 * Keeps up to where sources were found whole; a lake that may not be written keeps nothing. One that was changed while it
 * was looked at (`changes` are those of before) keeps what it had.
 */
export async function keepMarks(
  store: Store,
  reached: ReadonlyMap<string, number>,
  { at, deep, changes }: Look
): Promise<string | null> {
  try {
    for (const [source, next] of reached) {
      const before = await readNote<Bookmark>(store, bookmarkPath(source))
      if ((before?.changes ?? 0) !== (changes.get(source) ?? 0)) continue
      const mark = { next, at }
      const own = { ...before, whole: mark, ...(deep && { deep: mark }) }
      await replaceFile(store, bookmarkPath(source), { ...own, source })
    }
    return null
  } catch (error) {
    return `how far the lake was found whole could not be kept: ${messageOf(error)}`
  }
}

/** Something of a source was changed from a position on: it is to be looked at again. */
export async function setMarksBack(store: Store, source: string, first: number): Promise<void> {
  const before = await readNote<Bookmark>(store, bookmarkPath(source))
  const back = (mark: Mark | undefined) => mark && { ...mark, next: Math.min(mark.next, first) }
  const { whole, deep, changes = 0 } = before ?? {}
  await replaceFile(store, bookmarkPath(source), {
    source,
    changes: changes + 1,
    ...(whole && { whole: back(whole) }),
    ...(deep && { deep: back(deep) })
  })
}
