import { expect, test } from 'vitest'
import { behindMarks } from '../../engine/duplicates/behind.ts'
import { indexedUpTo } from '../../engine/duplicates/index-files.ts'
import { keepMarks, Marks } from '../../engine/duplicates/marks.ts'
import { SeenIndex } from '../../engine/duplicates/seen-index.ts'
import { ledgerPath, partName } from '../../engine/lake/ledger.ts'
import type { PartRecord } from '../../engine/lake/ledger.ts'
import { localStore } from '../../engine/store/local.ts'
import type { Store } from '../../engine/store/store.ts'
import { DuplicateWindow } from '../../engine/stream/member/duplicate-window.ts'
import { temporaryFolder } from '../support/siskin.ts'

const SOURCE = 'night-0'
const NIGHT = 'ztf/20260112'
/** So many parts make an index file. */
const PARTS = 64

function recordOf(nth: number): PartRecord {
  const [first, last] = [nth * 10, nth * 10 + 9]
  const words = Array.from({ length: 10 }, (_, i) => [first + i, 7, 99]).flat()
  const marks = keepMarks(new Map([[NIGHT, Marks.of(Uint32Array.from(words))]]))
  const part = partName(SOURCE, first, last)
  const counts = { received: 10, alerts: 10, duplicates: 0 }
  const nothing = { quarantined: {}, nights: {}, modules: {}, filters: {}, files: [], seconds: {} }
  const made = { attempt: 'g1/x-0', siskin: '0', started: '2026-01-12T00:00:00Z', marks }
  return { part, source: SOURCE, first, last, ...counts, ...nothing, ...made }
}

/** The former owner's store: what it does to the index waits at a gate, before or after it is done. */
function gated(store: Store, at: 'write' | 'rename', nth: number, when: 'before' | 'after') {
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>()
  const { promise: open, resolve: pass } = Promise.withResolvers<void>()
  let times = 0
  const through = async <T>(kind: typeof at, path: string, act: () => Promise<T>): Promise<T> => {
    const isIt = kind === at && path.includes('/seen/') && ++times === nth
    if (isIt && when === 'before') {
      reach()
      await open
    }
    const done = await act()
    if (isIt && when === 'after') {
      reach()
      await open
    }
    return done
  }
  const slow: Store = {
    ...store,
    write: (path, pieces) => through('write', path, () => store.write(path, pieces)),
    rename: (from, to) => through('rename', to, () => store.rename(from, to))
  }
  return { slow, reached, pass }
}

async function openWindow(store: Store, said: string[]) {
  const warn = (text: string) => void said.push(text)
  const index = new SeenIndex(store, { days: null, warn })
  const window = new DuplicateWindow(store, index, warn)
  window.take([SOURCE])
  await window.ready(SOURCE)
  return { index, window }
}

async function land(store: Store, window: DuplicateWindow, nth: number): Promise<void> {
  const record = recordOf(nth)
  const { first, last, part } = record
  const meet = window.begin(part)
  for (let id = first; id <= last; id++) expect(meet('ztf', id, 7, 99)).toBe('new')
  await window.made(record)
  await store.write(ledgerPath(SOURCE, first, last), [Buffer.from(JSON.stringify(record))])
  window.committed(part)
}

/** The file of the marks, then the one that says how far the index is. */
const MOMENTS = [
  ['write', 1, 'before'],
  ['write', 1, 'after'],
  ['rename', 1, 'before'],
  ['rename', 1, 'after'],
  ['write', 2, 'before'],
  ['write', 2, 'after'],
  ['rename', 2, 'before'],
  ['rename', 2, 'after']
] as const

test.each(MOMENTS)(
  'a partition is taken over while its former owner writes the index (%s %i, %s it is done)',
  async (at, nth, when) => {
    const store = localStore(temporaryFolder())
    const { slow, reached, pass } = gated(store, at, nth, when)
    const [saidBefore, said]: [string[], string[]] = [[], []]
    const former = await openWindow(slow, saidBefore)
    for (let i = 0; i < PARTS; i++) await land(store, former.window, i)
    await reached
    const successor = await openWindow(store, said) // all that landed is in the index, or in memory
    await land(store, successor.window, PARTS)
    pass()
    await former.window.idle()
    for (let i = PARTS + 1; i < 2 * PARTS + 1; i++) await land(store, successor.window, i)
    await successor.window.close()
    expect(said).toEqual([])
    expect(saidBefore.length).toBeLessThan(2) // that its draft was removed, at most
    const all = Marks.of(
      Uint32Array.from(Array.from({ length: (2 * PARTS + 1) * 10 }, (_, i) => [i, 7, 99]).flat())
    )
    const found = await new SeenIndex(store, { days: null, warn: (text) => said.push(text) }).look(
      NIGHT,
      all
    )
    expect([found.size, new Set(found.values())]).toEqual([all.count, new Set(['copy'])])
    expect(said).toEqual([])
    const third = await openWindow(store, said) // whatever it says, it is true: nothing is missing behind it
    expect(await indexedUpTo(store, SOURCE)).toBe(all.count)
    expect([third.window.size, said]).toEqual([0, []])
    expect(await store.list('_siskin/staging', true)).toEqual([])
  }
)

test('a part that lands while the index is brought to the end of its source leaves it marked as behind', async () => {
  const store = localStore(temporaryFolder())
  const { slow, reached, pass } = gated(store, 'rename', 2, 'before')
  const said: string[] = []
  const { window } = await openWindow(slow, said)
  await land(store, window, 0)
  window.tidy(Date.now() + 3_600_000) // nothing came for long: what is young goes into the index
  await reached
  await land(store, window, 1)
  pass()
  await window.idle()
  expect(await indexedUpTo(store, SOURCE)).toBe(10)
  expect([...(await behindMarks(store)).keys()]).toEqual([SOURCE])
  await window.close()
  expect(await indexedUpTo(store, SOURCE)).toBe(20)
  expect([...(await behindMarks(store)).keys()]).toEqual([])
  expect(said).toEqual([])
})
