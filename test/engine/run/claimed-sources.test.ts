import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSources } from '../../../engine/consume/open.ts'
import { localStore } from '../../../engine/store/local.ts'
import type { Store } from '../../../engine/store/store.ts'
import { openClaimed, release, sourceBook } from '../../../engine/run/claimed-sources.ts'
import { syntheticZtf } from '../../support/packets.ts'
import { packetsIn, readAll, tarOf } from '../../support/archives.ts'
import { alerts, folder, place, put } from '../consume/support.ts'

const ab = { 'a.avro': alerts(0, 5), 'b.avro': alerts(5, 10) }

async function bookOf(store: Store) {
  const book = sourceBook(store)
  const names = [...(await book.names())].sort()
  return await Promise.all(names.map((name) => book.load(name)))
}

test.each(['grew', 'moved and grew', 'changed'])(
  'a refused run of a folder that %s leaves the book of the live run as it was',
  async (how) => {
    const store = localStore(place('lake'))
    const path = folder(ab, 'night')
    const live = await openClaimed(store, { sources: [path], command: 'live' })
    const before = await bookOf(store)
    const to = how === 'moved and grew' ? place('night') : path
    if (to !== path) {
      cpSync(path, to, { recursive: true })
      rmSync(path, { recursive: true })
    }
    put(join(to, how === 'changed' ? 'a.avro' : 'c.avro'), alerts(10, 12))
    const again = openClaimed(store, { sources: [to], replace: true, command: 'second' })
    await expect(again).rejects.toThrow(/is being taken/)
    expect(await bookOf(store)).toEqual(before)
    await release(live.claims)
  }
)

test('a copy with new files waits for the run that takes in the original', async () => {
  const store = localStore(place('lake'))
  const path = folder(ab, 'night')
  const live = await openClaimed(store, { sources: [path], command: 'live' })
  const copy = place('night')
  cpSync(path, copy, { recursive: true })
  put(join(copy, 'c.avro'), alerts(10, 12))
  const before = await bookOf(store)
  const again = () => openClaimed(store, { sources: [copy], command: 'second' })
  await expect(again()).rejects.toThrow(/is being taken/)
  expect(await bookOf(store)).toEqual(before)
  await release(live.claims)
  const { sources, claims } = await again()
  expect(sources.map(({ name }) => name)).not.toContain(live.sources[0]!.name)
  expect(await bookOf(store)).toEqual(expect.arrayContaining(before))
  await release(claims)
})

test('a refused run of an archive that grew leaves the book as it was', async () => {
  const store = localStore(place('lake'))
  const whole = tarOf(syntheticZtf(4))
  const path = put(place('night.tar'), whole.subarray(0, whole.length >> 1))
  const live = await openClaimed(store, { sources: [path], command: 'live' })
  const before = await bookOf(store)
  put(path, whole)
  const again = openClaimed(store, { sources: [path], command: 'second' })
  await expect(again).rejects.toThrow(/is being taken/)
  expect(await bookOf(store)).toEqual(before)
  await release(live.claims)
})

test('what another run remembered between the opening and the claim is opened again', async () => {
  const store = localStore(place('lake'))
  const path = folder(ab, 'night')
  const first = await openClaimed(store, { sources: [path], command: 'first' })
  await release(first.claims)
  put(join(path, 'c.avro'), alerts(10, 12))
  let isFirst = true
  const slow: Store = {
    ...store,
    async entries(name) {
      if (isFirst && name.includes('/runs/')) {
        isFirst = false
        put(join(path, 'd.avro'), alerts(12, 14))
        const other = await openClaimed(store, { sources: [path], command: 'other' })
        await release(other.claims)
      }
      return await store.entries(name)
    }
  }
  const { sources, claims } = await openClaimed(slow, { sources: [path], command: 'slow' })
  const [record] = await bookOf(store)
  expect(record).toMatchObject({
    files: ['a.avro', 'b.avro', 'c.avro', 'd.avro'].map((name) => ({ name }))
  })
  const { ranges } = await readAll(sources[0]!)
  expect(packetsIn(ranges)).toHaveLength(14)
  await release(claims)
})

test('a list of files that changed while it was read keeps its own count', async () => {
  const store = localStore(place('lake'))
  const book = sourceBook(store)
  const path = folder(ab, 'night')
  const [source] = await openSources([path], { book })
  put(join(path, '0.avro'), alerts(10, 12))
  await openSources([path], { book })
  await readAll(source!, { cut: { packets: 2, bytes: 1e9 } })
  const [record] = await bookOf(store)
  expect(record).toMatchObject({
    count: null,
    files: [{ packets: 5 }, { packets: 5 }, { packets: null }]
  })
})

test('the source is not the lake', async () => {
  const path = folder(ab, 'night')
  for (const own of [path, join(path, '..', 'night')]) {
    const opened = openClaimed(localStore(own), { sources: [path], command: 'first' })
    await expect(opened).rejects.toThrow('is the source itself: name another folder')
  }
})
