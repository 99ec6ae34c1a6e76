import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import type { OnStep, Staged, Step } from '../../../engine/lake/two-phase-commit.ts'
import {
  commit as commitFenced,
  recover,
  recoverAttempt
} from '../../../engine/lake/file-commit.ts'
import { committedSpans, partName } from '../../../engine/lake/ledger.ts'
import { readLedger } from '../../../engine/lake/records.ts'
import type { PartRecord } from '../../../engine/lake/ledger.ts'
import { localStore } from '../../../engine/store/local.ts'
import type { Store } from '../../../engine/store/store.ts'

/** The steps of a commit of three files, in order. */
const STEPS: Step[] = [
  'staging',
  'staging',
  'staging',
  'staged',
  'committed',
  'placing',
  'placing',
  'placing',
  'placed',
  'done'
]

const quiet = () => {}

/** A commit by a run that nobody has overtaken. */
function commit(
  store: Store,
  record: PartRecord,
  files: readonly Staged[],
  onStep: OnStep
): Promise<void> {
  return commitFenced(store, record, files, async () => {}, onStep)
}

function part(first: number, last: number): { record: PartRecord; files: Staged[] } {
  const name = partName('night', first, last)
  const files = [
    `ztf/alerts/night=20190109/${name}.parquet`,
    `ztf/packets/night=20190109/${name}.avro`,
    `topics/all/night=20190109/${name}.avro`
  ].map((path) => ({ path, pieces: [Buffer.from(`${path} `), Buffer.from('content')] }))
  const record: PartRecord = {
    part: name,
    source: 'night',
    first,
    last,
    received: last - first + 1,
    alerts: last - first + 1,
    quarantined: {},
    duplicates: 0,
    nights: { 'ztf/20190109': last - first + 1 },
    modules: {},
    filters: {},
    files: files.map(({ path }) => ({
      path,
      kind: 'alerts',
      bytes: path.length + 8,
      rows: 1,
      crc32: ''
    })),
    attempt: `run1/${first}`,
    siskin: '0',
    started: '2026-01-01T00:00:00.000Z',
    seconds: {}
  }
  return { record, files }
}

/** Every file of the lake with its content. */
async function contentOf(store: Store): Promise<Record<string, string>> {
  const files = await store.list('')
  const entries = files.map(async ({ path }) => [
    path,
    Buffer.from(await store.read(path)).toString()
  ])
  return Object.fromEntries(await Promise.all(entries)) as Record<string, string>
}

class Crash extends Error {}

/** Stops at the nth step, as a kill would: what is done is done. */
function crashAt(n: number): (step: Step) => void {
  let seen = 0
  return () => {
    if (seen++ === n) throw new Crash()
  }
}

describe('commit', () => {
  let store: Store
  const before = part(0, 4)
  const next = part(5, 9)

  beforeEach(async () => {
    store = localStore(mkdtempSync(join(tmpdir(), 'siskin-commit-')))
    await commit(store, before.record, before.files, quiet)
  })

  test('goes through its steps, and leaves files, a ledger entry and nothing else', async () => {
    const steps: Step[] = []
    await commit(store, next.record, next.files, (step) => steps.push(step))
    expect(steps).toEqual(STEPS)
    const lake = await contentOf(store)
    const expected = [...before.files, ...next.files].map(({ path }) => path)
    const own = Object.keys(lake).filter((path) => path.startsWith('_siskin'))
    expect(Object.keys(lake).filter((path) => !path.startsWith('_siskin'))).toEqual(expected.sort())
    expect(own).toEqual([
      '_siskin/ledger/night/000000/000000000/0000000000-0000000004.json',
      '_siskin/ledger/night/000000/000000000/0000000005-0000000009.json'
    ])
    for (const { path } of next.files) expect(lake[path]).toBe(`${path} content`)
    expect(await readLedger(store)).toEqual([before.record, next.record])
    expect(await committedSpans(store, 'night')).toEqual([[0, 9]])
  })

  test.each(STEPS.map((step, n) => [n, step] as const))(
    'stopped at moment %i (%s): after recovery never begun, or complete',
    async (n, step) => {
      const never = await contentOf(store)
      await expect(commit(store, next.record, next.files, crashAt(n))).rejects.toThrow(Crash)
      const isCommitted = STEPS.indexOf(step) >= STEPS.indexOf('committed')
      const recovered = await recover(store, 'night', 2)
      const found = await contentOf(store)
      if (!isCommitted) expect(found).toEqual(never)
      await recover(store, 'night', 2)
      expect(await contentOf(store)).toEqual(found)
      // files are placed at the same time: all may be there, and nothing left to recover
      const left = [...recovered.finished, ...recovered.dropped].length
      if (step !== 'placing') expect(left).toBe(['placed', 'done'].includes(step) ? 0 : 1)
      if (!isCommitted) await commit(store, next.record, next.files, quiet)
      const lake = await contentOf(store)
      for (const { path } of next.files) expect(lake[path]).toBe(`${path} content`)
      expect(await committedSpans(store, 'night')).toEqual([[0, 9]])
      expect(Object.keys(lake)).toHaveLength(8)
    }
  )

  test.each(STEPS.map((step, n) => [n, step] as const))(
    'stopped at moment %i (%s): one range is recovered while others are at work',
    async (n, step) => {
      const other = part(10, 14)
      await expect(commit(store, other.record, other.files, crashAt(2))).rejects.toThrow(Crash)
      await expect(commit(store, next.record, next.files, crashAt(n))).rejects.toThrow(Crash)
      const record = await recoverAttempt(store, next.record)
      const isCommitted = STEPS.indexOf(step) >= STEPS.indexOf('committed')
      expect(record).toEqual(isCommitted ? next.record : null)
      if (!record) await commit(store, next.record, next.files, quiet)
      expect((await store.list('_siskin/staging')).length).toBe(3)
      const lake = await contentOf(store)
      for (const { path } of next.files) expect(lake[path]).toBe(`${path} content`)
    }
  )

  test('of a name that is in the lake already replaces it whole', async () => {
    const never = await contentOf(store)
    await commit(store, before.record, before.files, quiet)
    expect(await contentOf(store)).toEqual(never)
  })

  test('twice at once, of one name: after recovery never begun, or complete', async () => {
    const never = await contentOf(store)
    await Promise.allSettled([1, 2].map(() => commit(store, next.record, next.files, quiet)))
    await recover(store, 'night', 2)
    const found = await contentOf(store)
    if ((await committedSpans(store, 'night'))[0]![1] === 4) expect(found).toEqual(never)
    else for (const { path } of next.files) expect(found[path]).toBe(`${path} content`)
  })

  test('recovery by a run that was overtaken leaves what younger runs staged', async () => {
    const { record, files } = part(10, 14)
    const younger = { ...record, attempt: 'run3/0' }
    await expect(commit(store, younger, files, crashAt(4))).rejects.toThrow(Crash)
    const left = await contentOf(store)
    expect(await recover(store, 'night', 2)).toEqual({ finished: [], dropped: [] })
    expect(await contentOf(store)).toEqual(left)
    expect((await recover(store, 'night', 4)).finished).toEqual(['night/10-14'])
  })

  test('a run that goes on after it was fenced, before recovery has ended, can be fenced again', async () => {
    await expect(commit(store, next.record, next.files, crashAt(3))).rejects.toThrow(Crash)
    const remove = () => Promise.reject(new Crash())
    await expect(recover({ ...store, remove }, 'night', 2)).rejects.toThrow(Crash)
    await expect(commit(store, next.record, next.files, crashAt(3))).rejects.toThrow(Crash)
    expect((await recover(store, 'night', 3)).dropped).toHaveLength(2)
    expect(await store.list('_siskin/staging')).toEqual([])
  })

  test('that fails in one file leaves no other still being written', async () => {
    const slow: Store = {
      ...store,
      write: async (path, pieces) => {
        if (path.endsWith('.parquet')) throw new Error('no room')
        await delay(50)
        return store.write(path, pieces)
      }
    }
    await expect(commit(slow, next.record, next.files, quiet)).rejects.toThrow('no room')
    expect(await store.list('_siskin/staging')).toHaveLength(2)
    expect(await recoverAttempt(store, next.record)).toBeNull()
    await commit(store, next.record, next.files, quiet)
    expect(await committedSpans(store, 'night')).toEqual([[0, 9]])
  })

  test('a ledger with gaps tells the spans between', async () => {
    for (const [first, last] of [
      [20, 29],
      [30, 30],
      [12, 15]
    ] as const) {
      const more = part(first, last)
      await commit(store, more.record, more.files, quiet)
    }
    expect(await committedSpans(store, 'night')).toEqual([
      [0, 4],
      [12, 15],
      [20, 30]
    ])
    expect(await committedSpans(store, 'another')).toEqual([])
  })

  test('recovery of an empty lake, and of one that is whole, changes nothing', async () => {
    const whole = await contentOf(store)
    expect(await recover(store, 'night', 2)).toEqual({ finished: [], dropped: [] })
    expect(await contentOf(store)).toEqual(whole)
    const empty = localStore(mkdtempSync(join(tmpdir(), 'siskin-commit-')))
    expect(await recover(empty, 'night', 2)).toEqual({ finished: [], dropped: [] })
  })
})
