import { dirname } from 'node:path/posix'
import { readJson } from '../store/replace-file.ts'
import type { Store } from '../store/store.ts'
import { blockFolder, ledgerPath, OWN, rangeName } from './ledger.ts'
import type { PartRecord, PositionSpan } from './ledger.ts'
import { PACK, readPack } from './pack.ts'

/** The record of a part of the ledger, alone or among others; null where there is none. @throws TornFileError */
export async function recordAt<T extends PositionSpan = PartRecord>(
  store: Store,
  source: string,
  { first, last }: PositionSpan
): Promise<T | null> {
  const alone = await readJson<T>(store, ledgerPath(source, first, last))
  return alone ?? packedAt<T>(store, source, { first, last })
}

/** The same of one that lies among others. */
export async function packedAt<T extends PositionSpan>(
  store: Store,
  source: string,
  { first, last }: PositionSpan
): Promise<T | null> {
  const { records } = await readPack<T>(store, blockFolder(source, first))
  return records.find((record) => record.first === first && record.last === last) ?? null
}

const READ_AT_ONCE = 8

/** Records of parts of a source, ascending, a few read ahead: a ledger may be larger than memory. */
export async function* recordsAt(
  store: Store,
  source: string,
  spans: readonly PositionSpan[]
): AsyncGenerator<PartRecord, void> {
  for (const [folder, own] of Map.groupBy(spans, ({ first }) => blockFolder(source, first))) {
    const { records } = await readPack<PartRecord>(store, folder)
    const packed = new Map(records.map((record) => [rangeName(record.first, record.last), record]))
    yield* ahead(own, async ({ first, last }) => {
      const alone = await readJson<PartRecord>(store, ledgerPath(source, first, last))
      return alone ?? packed.get(rangeName(first, last)) ?? null
    })
  }
}

async function* ahead<T, R>(
  items: readonly T[],
  read: (item: T) => Promise<R | null>
): AsyncGenerator<R, void> {
  const reading: Promise<R | null>[] = []
  const next = async () => (await reading.shift()) ?? []
  for (const item of items) {
    const one = read(item)
    one.catch(() => {}) // heard of when it is waited for
    reading.push(one)
    if (reading.length === READ_AT_ONCE) yield* [await next()].flat() as R[]
  }
  while (reading.length > 0) yield* [await next()].flat() as R[]
}

/** All records of a lake, by source and range. */
export async function readLedger(store: Store): Promise<PartRecord[]> {
  const files = await store.list(`${OWN}/ledger`)
  const folders = Map.groupBy(
    files.map(({ path }) => path).filter((path) => path.endsWith('.json') || isPack(path)),
    (path) => dirname(path)
  )
  const all: PartRecord[] = []
  for (const [folder, paths] of folders) {
    const alone: PartRecord[] = []
    const single = paths.filter((path) => !isPack(path))
    for await (const record of ahead(single, (path) => readJson<PartRecord>(store, path))) {
      alone.push(record)
    }
    all.push(...(single.length < paths.length ? await withPacked(store, folder, alone) : alone))
  }
  return all
}

function isPack(path: string): boolean {
  return path.endsWith(`/${PACK}`)
}

/** Those that lie alone and those that lie together, by their positions; of two of one place that which lies alone. */
async function withPacked(
  store: Store,
  folder: string,
  alone: readonly PartRecord[]
): Promise<PartRecord[]> {
  const { records } = await readPack<PartRecord>(store, folder)
  const own = new Set(alone.map(({ first }) => first))
  const both = [...alone, ...records.filter(({ first }) => !own.has(first))]
  return both.sort((a, b) => a.first - b.first)
}
