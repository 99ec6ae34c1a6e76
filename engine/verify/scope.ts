import { BLOCK, lastSpan, OWN } from '../lake/ledger.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { nightOfClosed } from '../lake/closed.ts'
import { blocksOf, blockSince, ledgerSources, readBlock } from '../lake/ledger-walk.ts'
import type { LedgerBlock } from '../lake/ledger-walk.ts'
import { markOf } from './proof-notes.ts'
import type { Store } from '../store/store.ts'

/** How much of a lake is looked at. */
export interface Reach {
  /** Only this night, YYYYMMDD; null: all. */
  readonly night: number | null
  /** Only what came behind what was found whole before, or since a time (ms); null: all. */
  readonly since: 'last' | number | null
}

interface SourceScope {
  readonly source: string
  /** The position that its first part is to begin at: see `SourceRange`. */
  readonly from: number | 'first' | null
  readonly blocks: () => AsyncGenerator<LedgerBlock, void>
}

export interface Scope {
  /** `night=YYYYMMDD` */
  readonly night: string | null
  readonly isWhole: boolean
  readonly sources: readonly SourceScope[]
  /** About how many positions there are, for progress. */
  readonly positions: number
  /** Its account belongs to it. */
  takes(record: PartRecord): boolean
  /** Its positions do. */
  tiles(record: PartRecord): boolean
}

/** What is to be looked at. The cost of finding out is that of what is in it, whatever else the lake holds. */
export async function scopeOf(
  store: Store,
  { night, since }: Reach,
  deep: boolean
): Promise<Scope> {
  if (night !== null) return nightScope(store, `night=${night}`)
  const sources: SourceScope[] = []
  const starts = new Map<string, number>()
  let positions = 0
  for (const source of await ledgerSources(store)) {
    const start = await startOf(store, source, since, deep)
    if (start === null) continue
    const last = await lastSpan(store, source)
    positions += (last?.last ?? -1) + 1 - start.position
    starts.set(source, start.position)
    const blocks = () => blocksOf(store, source, start.block)
    sources.push({ source, from: start.from, blocks })
  }
  const takes = ({ source, first }: PartRecord) => first >= (starts.get(source) ?? 0)
  return { night: null, isWhole: since === null, sources, positions, takes, tiles: takes }
}

interface ScopeStart {
  readonly block: number
  readonly position: number
  readonly from: SourceScope['from']
}

async function startOf(
  store: Store,
  source: string,
  since: Reach['since'],
  deep: boolean
): Promise<ScopeStart | null> {
  if (since === null) return { block: 0, position: 0, from: null }
  if (since === 'last') {
    const mark = await markOf(store, source, deep)
    const next = mark?.next ?? 0
    return { block: Math.floor(next / BLOCK), position: next, from: mark ? next : null }
  }
  const block = await blockSince(store, source, since)
  if (block === null) return null
  return { block, position: block * BLOCK, from: 'first' }
}

/**
 * A night's folders name the sources and blocks that have something in it. Of each source, all blocks between the first and
 * the last of these are looked at, so that one whose files are all gone is missed.
 */
async function nightScope(store: Store, night: string): Promise<Scope> {
  const blocks = new Map<string, [first: number, last: number]>()
  const add = (source: string, block: number) => {
    const [first, last] = blocks.get(source) ?? [block, block]
    blocks.set(source, [Math.min(first, block), Math.max(last, block)])
  }
  for (const root of await nightRoots(store)) {
    for (const { name, isFolder } of await store.entries(`${root}/${night}`)) {
      const [, source, number] = /^(.+)-(\d{6,})$/.exec(name) ?? []
      if (!isFolder || source === undefined) continue
      add(source, Number(number))
    }
  }
  for (const source of [...blocks.keys()].filter(nightOfClosed)) {
    for await (const block of blocksOf(store, source)) {
      for (const { closes } of (await readBlock(store, block)).records) {
        for (const [own, numbers] of Object.entries(closes?.blocks ?? {})) {
          for (const number of numbers) add(own, number)
        }
      }
    }
  }
  const sources = [...blocks].map(([source, [first, last]]) => ({
    source,
    from: 'first' as const,
    blocks: () => upTo(blocksOf(store, source, first), last)
  }))
  const positions = [...blocks.values()].reduce((sum, [a, b]) => sum + (b - a + 1) * BLOCK, 0)
  const takes = ({ nights }: PartRecord) =>
    Object.keys(nights).some((key) => `night=${key.split('/')[1]}` === night)
  return { night, isWhole: false, sources, positions, takes, tiles: () => true }
}

/** The folders whose folders are nights: `<survey>/alerts`, `<survey>/packets`, `topics/<topic>`. */
async function nightRoots(store: Store): Promise<string[]> {
  const roots: string[] = []
  for (const { name, isFolder } of await store.entries('')) {
    if (!isFolder || name === OWN || name === 'quarantine') continue
    for (const below of await store.entries(name))
      if (below.isFolder) roots.push(`${name}/${below.name}`)
  }
  return roots
}

async function* upTo(
  blocks: AsyncGenerator<LedgerBlock, void>,
  last: number
): AsyncGenerator<LedgerBlock, void> {
  for await (const block of blocks) {
    if (block.block > last) return
    yield block
  }
}
