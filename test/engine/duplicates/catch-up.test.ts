import { expect, test } from 'vitest'
import { beginList, behindMarks, markBehind } from '../../../engine/duplicates/behind.ts'
import { catchUpIndex } from '../../../engine/duplicates/catch-up.ts'
import { indexedUpTo } from '../../../engine/duplicates/index-files.ts'
import { IndexWriter } from '../../../engine/duplicates/index-writer.ts'
import { keepMarks, Marks } from '../../../engine/duplicates/marks.ts'
import { SeenIndex } from '../../../engine/duplicates/seen-index.ts'
import { ledgerPath } from '../../../engine/lake/ledger.ts'
import { claimTopic } from '../../../engine/lake/owners.ts'
import { localStore } from '../../../engine/store/local.ts'
import { jsonBytes } from '../../../engine/store/replace-file.ts'
import { RunIndex } from '../../../engine/run/run-index.ts'
import { SeenAlerts, seenMemory } from '../../../engine/run/seen.ts'
import type { Store } from '../../../engine/store/store.ts'
import { temporaryFolder } from '../../support/siskin.ts'

const NIGHT = 'ztf/20260112'
const QUIET = { days: null, warn: () => {} }
const FILES = { parts: Number.POSITIVE_INFINITY, marks: 50_000, gapless: true }

/** A part of ten positions, of one alert whose id is the first of them. */
async function land(store: Store, source: string, first: number, more: object = {}): Promise<void> {
  await markBehind(store, source, '1')
  const marks = keepMarks(new Map([[NIGHT, Marks.of(Uint32Array.of(first, 7, 1))]]))
  const record = { source, first, last: first + 9, started: '2026-01-12T08:00:00Z', marks, ...more }
  await store.write(ledgerPath(source, first, first + 9), [jsonBytes(record)])
}

async function known(store: Store, ids: readonly number[]): Promise<number[]> {
  const asked = Marks.of(Uint32Array.from(ids.flatMap((id) => [id, 7, 1])))
  const found = await new SeenIndex(store, QUIET).look(NIGHT, asked)
  return ids.filter((_, i) => found.get(i) === 'copy')
}

const namesIn = async (store: Store) =>
  (await store.list('_siskin/seen')).flatMap(({ path }) => (path.includes('/behind') ? [] : path))

test('what a killed run had landed is in the index when the next writer begins, also behind a hole', async () => {
  const store = localStore(temporaryFolder())
  for (const first of [0, 10, 30]) await land(store, 'night', first)
  await catchUpIndex(store, ['night'], expect.unreachable)
  expect(await namesIn(store)).toEqual([])
  await catchUpIndex(store, [], expect.unreachable)
  expect(await known(store, [0, 10, 20, 30])).toEqual([0, 10, 30])
  expect(await indexedUpTo(store, 'night')).toBe(20)
  const before = await namesIn(store)
  await catchUpIndex(store, [], expect.unreachable)
  expect(await namesIn(store)).toEqual(before)
  await land(store, 'night', 20) // it is run again, and comes to its end
  const writer = await IndexWriter.open(store, 'night', FILES)
  await writer.write(true)
  expect(await known(store, [0, 10, 20, 30])).toEqual([0, 10, 20, 30])
  expect(await indexedUpTo(store, 'night')).toBe(40)
})

test('what was requeued is in it to its end, with all its holes; partitions are left to their members', async () => {
  const store = localStore(temporaryFolder())
  const since = '2026-01-12T08:00:00Z'
  const owner = { cluster: 'c', group: 'g', topic: 'live', topicId: 't', since }
  await claimTopic(store, owner)
  await land(store, 'live-0', 500)
  for (const first of [50, 70]) await land(store, 'night~1', first, { requeued: {} })
  await catchUpIndex(store, [], expect.unreachable)
  expect(await known(store, [50, 70, 500])).toEqual([50, 70])
  expect(await indexedUpTo(store, 'night~1')).toBe(80)
})

test('an index that cannot be written is told, and keeps nobody from beginning', async () => {
  const store = localStore(temporaryFolder())
  await land(store, 'night', 0)
  await store.remove('_siskin/seen')
  await store.write('_siskin/seen', [Buffer.from('a file where folders should be')])
  const said: string[] = []
  await catchUpIndex(store, [], (message) => said.push(message))
  expect(said).toEqual([expect.stringContaining('the index of copies of night is behind: ')])
})

test('what lies behind a hole is read once, until something lands there or in it', async () => {
  const store = localStore(temporaryFolder())
  for (const first of [0, 20, 30]) await land(store, 'night', first)
  let read: string[] = []
  const counting: Store = {
    ...store,
    read(path, ...span) {
      if (path.includes('/ledger/')) read.push(path)
      return store.read(path, ...span)
    }
  }
  const readAtStart = async () => {
    read = []
    await catchUpIndex(counting, [], expect.unreachable)
    return read.length
  }
  expect([await readAtStart(), await readAtStart()]).toEqual([3, 0])
  await land(store, 'night', 50)
  expect([await readAtStart(), await readAtStart()]).toEqual([3, 0])
  await land(store, 'night', 10)
  expect(await readAtStart()).toBe(4)
  expect(await known(store, [0, 10, 20, 30, 50])).toEqual([0, 10, 20, 30, 50])
})

test('closed nights are no sources of their own: what they hold came in by others', async () => {
  const store = localStore(temporaryFolder())
  await land(store, 'closed-ztf-20260112', 0)
  await catchUpIndex(store, [], expect.unreachable)
  expect(await namesIn(store)).toEqual([])
})

test('a start asks the store as often beside a thousand finished sources as beside none', async () => {
  const asked = async (store: Store) => {
    let calls = 0
    const counting = new Proxy(store, {
      get: (target, name: keyof Store) => (++calls, target[name])
    })
    const runs = new Map([['tonight', 1]])
    const seen = new SeenAlerts(seenMemory())
    await (await RunIndex.open(counting, runs, seen, expect.unreachable)).close()
    await catchUpIndex(counting, [], expect.unreachable)
    return calls
  }
  const finished = async (count: number) => {
    const store = localStore(temporaryFolder())
    const since = '2026-01-12T08:00:00Z'
    await claimTopic(store, { cluster: 'c', group: 'g', topic: 'live', topicId: 't', since })
    for (let i = 0; i < count; i++) {
      await land(store, i % 2 === 0 ? `night-${i}` : `live-${i}`, 0)
    }
    for (const marks of (await behindMarks(store)).values()) {
      for (const mark of marks) await store.remove(mark)
    }
    await beginList(store)
    await land(store, 'cut-off', 0)
    return store
  }
  expect(await asked(await finished(1000))).toBe(await asked(await finished(0)))
})

test('a lake that keeps no list is looked at as a whole once, and what stays behind is in the list then', async () => {
  const store = localStore(temporaryFolder())
  await claimTopic(store, {
    cluster: 'c',
    group: 'g',
    topic: 'live',
    topicId: 't',
    since: '2026-01-12T08:00:00Z'
  })
  for (const first of [0, 10]) await land(store, 'night', first)
  for (const first of [0, 20]) await land(store, 'hole', first)
  await land(store, 'live-0', 0)
  await store.remove('_siskin/seen')
  await catchUpIndex(store, [], expect.unreachable)
  expect(await known(store, [0, 10, 20])).toEqual([0, 10, 20])
  expect([...(await behindMarks(store)).keys()]).toEqual(['hole', 'live-0'])
})
