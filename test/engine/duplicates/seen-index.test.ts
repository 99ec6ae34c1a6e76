import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeIndex } from '../../../engine/duplicates/index-files.ts'
import { IndexWriter, youngParts } from '../../../engine/duplicates/index-writer.ts'
import { keepMarks, Marks } from '../../../engine/duplicates/marks.ts'
import { SeenIndex } from '../../../engine/duplicates/seen-index.ts'
import { ledgerPath } from '../../../engine/lake/ledger.ts'
import { localStore } from '../../../engine/store/local.ts'
import { jsonBytes } from '../../../engine/store/replace-file.ts'
import type { Store } from '../../../engine/store/store.ts'
import { random as randomFrom } from '../../support/random.ts'
import { temporaryFolder } from '../../support/siskin.ts'

const NIGHT = 'ztf/20260112'
const STARTED = '2026-01-12T08:00:00.000Z'
const MIB = 1024 * 1024

function marks(ids: Iterable<number>, digest = 1): Marks {
  return Marks.of(Uint32Array.from([...ids].flatMap((id) => [id >>> 0, 7, digest])))
}

function part(first: number, last: number, list: Marks, started = STARTED) {
  return { first, last, started, marks: keepMarks(new Map([[NIGHT, list]])) }
}

/** As a committed part leaves it: no more of its record is looked at here. */
async function land(store: Store, source: string, made: ReturnType<typeof part>): Promise<void> {
  await store.write(ledgerPath(source, made.first, made.last), [jsonBytes({ source, ...made })])
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
const quiet = { days: null, warn: () => {} }
const STREAM = { parts: 64, marks: 20_000, gapless: false }

async function indexed(store: Store): Promise<string[]> {
  const files = await store.list('_siskin/seen')
  return files.map(({ path }) => path).filter((path) => path.endsWith('.ids'))
}

test('copies and revisions of what is in the index are found, by their place in the list', async () => {
  const store = localStore(temporaryFolder())
  await land(store, 't-0', part(0, 9, marks(range(0, 10))))
  await writeIndex(store, 't-0', [part(0, 9, marks(range(0, 10)))])
  const index = new SeenIndex(store, quiet)
  const asked = Marks.merge([marks([3, 20]), marks([5], 2)])
  expect([...(await index.look(NIGHT, asked))]).toEqual([
    [0, 'copy'],
    [1, 'revision']
  ])
  expect((await index.look('ztf/20260113', asked)).size).toBe(0)
  expect((await index.look('lsst/20260112', asked)).size).toBe(0)
})

test('64 parts or 20,000 marks go into a file, whoever takes the partition over reads no more than that', async () => {
  const store = localStore(temporaryFolder())
  const small = range(0, 200).map((i) => part(i, i, marks([i])))
  for (const one of small) await land(store, 'small-0', one)
  const writer = await IndexWriter.open(store, 'small-0', STREAM)
  expect(writer.young.map(({ first }) => first)).toEqual(range(192, 200))
  expect(await indexed(store)).toHaveLength(3)
  const large = range(0, 5).map((i) => part(i, i, marks(range(i * 9000, i * 9000 + 9000))))
  for (const one of large) await land(store, 'large-0', one)
  expect((await IndexWriter.open(store, 'large-0', STREAM)).young).toHaveLength(2)
  expect(await youngParts(store, 'large-0', 80)).toHaveLength(2)
  expect(await youngParts(store, 'small-0', 3)).toHaveLength(3)
})

test('of a source whose parts land out of order nothing behind a hole is in the index', async () => {
  const store = localStore(temporaryFolder())
  const trigger = { parts: 2, marks: 1000, gapless: true }
  const writer = await IndexWriter.open(store, 'night', trigger)
  const parts = [4, 2, 0, 3].map((i) => part(i * 10, i * 10 + 9, marks([i])))
  for (const one of parts) {
    await land(store, 'night', one)
    writer.add(one)
  }
  expect(await writer.write(true)).toMatchObject({ parts: [{ first: 0 }] })
  expect(await writer.write(true)).toBeNull()
  writer.add(part(10, 19, marks([1])))
  expect(await writer.write()).toMatchObject({ parts: [{ first: 10 }, { first: 20 }] })
  expect(await writer.write()).toMatchObject({ parts: [{ first: 30 }, { first: 40 }] })
  expect(writer.young).toEqual([])
})

test('the same parts make the same files, and what a killed writer left is removed', async () => {
  const store = localStore(temporaryFolder())
  const parts = range(0, 3).map((i) => part(i, i, marks([9 - i])))
  for (const one of parts) await land(store, 's-0', one)
  await writeIndex(store, 's-0', parts)
  const before = await Promise.all((await indexed(store)).map((path) => store.read(path)))
  await store.write('_siskin/staging/s-0/seen/abc', [Buffer.from('half')])
  const trigger = { parts: 3, marks: 1000, gapless: false }
  await IndexWriter.open(store, 's-0', trigger)
  const after = await Promise.all((await indexed(store)).map((path) => store.read(path)))
  expect(after).toEqual(before)
  expect(await store.list('_siskin/staging')).toEqual([])
})

test('copies are recognised for as many nights as asked for after the first landed', async () => {
  const store = localStore(temporaryFolder())
  const one = part(0, 0, marks([5]), '2026-01-12T23:59:00.000Z')
  await land(store, 's-0', one)
  await writeIndex(store, 's-0', [one])
  const after = async (days: number | null, time: string) => {
    const index = new SeenIndex(store, { ...quiet, days, now: () => Date.parse(time) })
    return [...(await index.look(NIGHT, marks([5]))).values()]
  }
  expect(await after(7, '2026-01-19T23:59:00Z')).toEqual(['copy'])
  expect(await after(7, '2026-01-20T00:01:00Z')).toEqual([])
  expect(await after(null, '2036-01-20T00:01:00Z')).toEqual(['copy'])
})

test('what others write is seen half a minute later, what this process writes at once', async () => {
  const store = localStore(temporaryFolder())
  let now = 0
  const index = new SeenIndex(store, { ...quiet, now: () => now })
  const look = async (id: number) => [...(await index.look(NIGHT, marks([id]))).values()]
  await land(store, 's-0', part(0, 0, marks([1])))
  expect(await look(1)).toEqual([])
  await writeIndex(store, 's-0', [part(0, 0, marks([1]))])
  await land(store, 's-0', part(1, 1, marks([2])))
  index.wrote(await writeIndex(store, 's-0', [part(1, 1, marks([2]))]))
  expect(await look(2)).toEqual(['copy'])
  expect(await look(1)).toEqual([])
  now += 30_000
  expect(await look(1)).toEqual(['copy'])
})

test('a damaged file is named once and passed over; a source that is gone from the lake refuses nothing', async () => {
  const folder = temporaryFolder()
  const store = localStore(folder)
  for (const source of ['a-0', 'b-0']) {
    await land(store, source, part(0, 0, marks([1])))
    await writeIndex(store, source, [part(0, 0, marks([1]))])
  }
  const [a, b] = (await indexed(store)) as [string, string]
  writeFileSync(join(folder, a), 'half')
  const warnings: string[] = []
  const index = new SeenIndex(store, { days: null, warn: (message) => warnings.push(message) })
  expect([...(await index.look(NIGHT, marks([1]))).values()]).toEqual(['copy'])
  await index.look(NIGHT, marks([1]))
  expect(warnings).toEqual([`${a} is damaged: copies of the alerts it was of are not recognised`])
  await store.remove(b)
  await writeIndex(store, 'c-0', [part(0, 0, marks([1]))])
  index.refresh()
  expect([...(await index.look(NIGHT, marks([1]))).values()]).toEqual([])
})

/** Marks of the index in memory, and what the process grew by while all were asked for. */
test('2,000,000 alerts of a night are met again in bounded memory, with the answers of a plain Set', async () => {
  const store = localStore(temporaryFolder())
  const random = randomFrom(5)
  const PARTS = 40
  const EACH = 50_000
  const set = new Set<number>()
  for (let i = 0; i < PARTS; i++) {
    await land(store, 'n-0', part(i, i, marks([])))
    const ids = range(0, EACH).map((j) => (i * EACH + j) * 2) // every other id is there
    for (const id of ids) set.add(id)
    await writeIndex(store, 'n-0', [part(i, i, marks(ids))])
  }
  expect(set.size).toBe(2_000_000)
  const cacheBytes = 4 * MIB
  const index = new SeenIndex(store, { ...quiet, cacheBytes })
  globalThis.gc?.()
  const before = process.memoryUsage.rss()
  let most = 0
  for (let round = 0; round < 400; round++) {
    // neighbours, as a survey sends them, from anywhere in the night
    const start = Math.floor(random() * (2 * PARTS * EACH - 1000))
    const asked = range(start, start + 500)
    const found = await index.look(NIGHT, marks(asked))
    const expected = asked.flatMap((id, place) => (set.has(id) ? [place] : []))
    expect([...found.keys()].sort((a, b) => a - b)).toEqual(expected)
    most = Math.max(most, index.cached)
  }
  const grown = (process.memoryUsage.rss() - before) / MIB
  console.log(
    `2,000,000 marks are ${(24_000_000 / MIB).toFixed(0)} MiB; in memory at most ${(most / MIB).toFixed(1)} MiB; RSS grew by ${grown.toFixed(0)} MiB`
  )
  expect(most).toBeLessThanOrEqual(cacheBytes)
})
