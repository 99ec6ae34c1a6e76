import { UsageError } from '../errors.ts'
import { openAlerts } from '../lake/closed.ts'
import { blockOfFolder } from '../verify/file-check.ts'
import { blockAt, blocksOf, ledgerSources, readBlock } from '../lake/ledger-walk.ts'
import type { LedgerBlock } from '../lake/ledger-walk.ts'
import type { Store } from '../store/store.ts'
import { isAmong, nightsIn } from '../reread/alert-files.ts'
import type { Nights } from '../reread/alert-files.ts'
import type { PartSpan } from './messages.ts'

export interface FoundParts {
  /** Those with alerts, by source and position. A part is taken whole, whatever else its nights are. */
  readonly parts: readonly PartSpan[]
  /** Records that cannot be read, and why. */
  readonly bad: readonly { readonly path: string; readonly reason: string }[]
}

/**
 * The parts that hold alerts of some nights, or of all, by the ledger: one whose files are gone is found too.
 * @throws UsageError that says which nights there are, where there are none of these
 */
export async function partsOf(store: Store, nights: Nights | null): Promise<FoundParts> {
  const parts: PartSpan[] = []
  const bad: FoundParts['bad'][number][] = []
  const isWanted = (key: string) => isAmong(Number(key.split('/')[1]), nights)
  for await (const block of nights === null ? allBlocks(store) : blocksOfNights(store, nights)) {
    const read = await readBlock(store, block)
    bad.push(...read.bad)
    for (const record of read.records) {
      const { source, first, last, nights: own, closedIn = {} } = record
      const open = Object.keys(own).filter((key) => !(key in closedIn))
      if (open.some(isWanted)) parts.push({ source, first, last, alerts: openAlerts(record) })
    }
  }
  if (parts.length > 0 || bad.length > 0) return { parts, bad }
  throw new UsageError(
    `the lake ${store.root} has no alerts${nights ? ' of these nights' : ''}${await has(store)}`
  )
}

async function has(store: Store): Promise<string> {
  const all = [...(await nightsIn(store, 'ztf')), ...(await nightsIn(store, 'lsst'))]
  all.sort((a, b) => a - b)
  return all.length === 0 ? '' : `: it has nights ${all[0]} to ${all.at(-1)}`
}

async function* allBlocks(store: Store): AsyncGenerator<LedgerBlock, void> {
  for (const source of await ledgerSources(store)) yield* blocksOf(store, source)
}

/** The folders of a night name the sources and blocks that have something in it, and all between are looked at. */
async function* blocksOfNights(store: Store, nights: Nights): AsyncGenerator<LedgerBlock, void> {
  const spans = new Map<string, [first: number, last: number]>()
  for (const survey of ['ztf', 'lsst'] as const) {
    for (const night of await nightsIn(store, survey)) {
      if (!isAmong(night, nights)) continue
      for (const { name } of await store.entries(`${survey}/alerts/night=${night}`)) {
        const block = blockOfFolder(name)
        if (!block) continue
        const [first, last] = spans.get(block.source) ?? [block.block, block.block]
        spans.set(block.source, [Math.min(first, block.block), Math.max(last, block.block)])
      }
    }
  }
  for (const [source, [first, last]] of spans) {
    for (let block = first; block <= last; block++) yield blockAt(source, block)
  }
}
