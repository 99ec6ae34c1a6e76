import { amount } from '../amount.ts'
import { eachTaken, nightOfClosed } from '../lake/closed.ts'
import { BLOCK, blockFolder, spansFrom } from '../lake/ledger.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { ledgerSources } from '../lake/ledger-walk.ts'
import { PACK, readPack, writePack } from '../lake/pack.ts'
import { recordsAt } from '../lake/records.ts'
import { closedFor } from '../lake/settle.ts'
import type { Store } from '../store/store.ts'

/**
 * Lays the records of a block together anew where their file is damaged or gone: of the lines that can still be read, and of
 * what closed nights keep of the parts that they were merged of. Parts without alerts are in no closed night: those that were
 * among the lines that are lost are missed afterwards, and taken in again.
 * @param check throws once another has the right to do this, because this one was silent for too long
 * @throws SyntaxError where what a closed night was merged of is damaged
 */
export async function rebuildPack(
  store: Store,
  source: string,
  path: string,
  check: () => Promise<void>
): Promise<string> {
  const folder = path.slice(0, -PACK.length - 1)
  const { records: readable } = await readPack<PartRecord>(store, folder)
  const records = new Map(readable.map((record) => [record.first, record]))
  let rebuilt = 0
  for (const [first, record] of await takenOf(store, source, folder)) {
    if (records.has(first)) continue
    records.set(first, record)
    rebuilt++
  }
  await check()
  await writePack(store, folder, [...records.values()])
  return `${amount(readable.length, 'record')} read, ${rebuilt} rebuilt`
}

/** Records of a block as closed nights know them, each without what went into those. */
async function takenOf(
  store: Store,
  source: string,
  folder: string
): Promise<ReadonlyMap<number, PartRecord>> {
  const found = new Map<number, PartRecord>()
  for await (const closed of closedParts(store)) {
    const { night, blocks } = closed.closes!
    const isNear = (blocks[source] ?? []).some((own) => blockFolder(source, own * BLOCK) === folder)
    if (!isNear) continue
    for await (const { record } of eachTaken(store, closed)) {
      if (record.source !== source || blockFolder(source, record.first) !== folder) continue
      const known = found.get(record.first)
      const isLater = countOf(record) >= countOf(known)
      const others = { ...known?.closedIn, ...record.closedIn }
      const base = isLater ? record : known!
      found.set(record.first, without({ ...base, closedIn: others }, night, closed.part))
    }
  }
  return found
}

/** One that was taken in by two closes was taken later with one night less. */
function countOf(record: PartRecord | undefined): number {
  return record ? Object.keys(record.closedIn ?? {}).length : -1
}

function without(record: PartRecord, night: string, part: string): PartRecord {
  const nights = Object.entries({ ...record.closedIn, [night]: part })
  return nights.reduce((own, [key, closed]) => closedFor(own, key, closed), record)
}

async function* closedParts(store: Store): AsyncGenerator<PartRecord, void> {
  for (const source of await ledgerSources(store)) {
    if (nightOfClosed(source)) yield* recordsAt(store, source, await spansFrom(store, source, 0))
  }
}
