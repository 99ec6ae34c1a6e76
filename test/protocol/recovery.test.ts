import { expect, test } from 'vitest'
import { attemptsAt, enterLedger, placeFiles, stage } from '../../engine/lake/two-phase-commit.ts'
import { rangeName } from '../../engine/lake/ledger.ts'
import type { Store } from '../../engine/store/store.ts'
import type { Coordination } from '../../engine/stream/commit/coordination.ts'
import { recoverPartition } from '../../engine/stream/commit/recovery.ts'
import type { From } from '../../engine/kafka/settings.ts'
import { takeOver } from '../../engine/stream/commit/takeover.ts'
import { MemoryDisk, memoryStore } from './memory-disk.ts'
import { contentOf, recordOf } from './parts.ts'

/** Orders of events that chance meets too seldom to be waited for. */

const SOURCE = 'alerts-0'
const quiet = () => {}

/** A lake that holds the first ten messages of a partition, and staged attempts. */
async function lakeWith(...attempts: { attempt: string; first: number; last: number }[]) {
  const disk = new MemoryDisk()
  const store = memoryStore(disk)
  const folderOf = (attempt: string, first: number, last: number) =>
    `_siskin/staging/${SOURCE}/${attempt}/${rangeName(first, last)}`
  for (const { attempt, first, last } of [{ attempt: 'g1-m-0', first: 0, last: 9 }, ...attempts]) {
    const { record, files } = recordOf({ source: SOURCE, first, last }, attempt)
    await stage(store, record, files, quiet)
    if (first > 0) continue
    await enterLedger(store, record, folderOf(attempt, first, last))
    await placeFiles(store, record, folderOf(attempt, first, last), quiet)
  }
  const placed = (first: number, last: number) => {
    const path = `alerts/${SOURCE}-${rangeName(first, last)}`
    return disk.size(path) === null ? null : Buffer.from(disk.read(path)).toString()
  }
  return { disk, store, placed, folderOf }
}

test('what its member enters while it is dropped is put in its place', async () => {
  const late = { attempt: 'g1-m-1', first: 10, last: 14 }
  const { store, placed, folderOf } = await lakeWith(late)
  const { record } = recordOf({ source: SOURCE, first: 10, last: 14 }, 'g1-m-1')
  let isFirst = true
  const racing = {
    ...store,
    async remove(path: string) {
      if (isFirst) await enterLedger(store, record, folderOf('g1-m-1', 10, 14))
      isFirst = false
      await store.remove(path)
    }
  }
  const attempts = await attemptsAt(store, SOURCE)
  const recovered = await recoverPartition(
    racing,
    SOURCE,
    { position: null, generation: 1 },
    attempts
  )
  expect(recovered.finished.map(({ attempt }) => attempt)).toEqual(['g1-m-1'])
  expect(recovered.end).toBe(15)
  expect(placed(10, 14)).toContain('g1-m-1')
})

test('its member cannot enter any more what was dropped', async () => {
  const late = { attempt: 'g1-m-1', first: 10, last: 14 }
  const { disk, store, folderOf } = await lakeWith(late)
  const { record } = recordOf({ source: SOURCE, first: 10, last: 14 }, 'g1-m-1')
  const attempts = await attemptsAt(store, SOURCE)
  await recoverPartition(store, SOURCE, { position: 10, generation: 2 }, attempts)
  await expect(enterLedger(store, record, folderOf('g1-m-1', 10, 14))).rejects.toThrow(/ENOENT/)
  expect(disk.list('_siskin/staging')).toEqual([])
})

test.each([
  ['of a generation that this group has not reached', 'g7-old-0', 12],
  ['of the same range, of a generation that this group has not reached', 'g7-old-0', 14],
  ['of the same range, of an older generation', 'g0-old-0', 14],
  ['of a generation that this group has had, but not where its position stands', 'g2-old-0', 12]
])('an attempt %s is not taken for the one that counted', async (_, old, last) => {
  const { store, placed } = await lakeWith(
    { attempt: old, first: 10, last },
    { attempt: 'g1-new-0', first: 10, last: 14 }
  )
  const attempts = await attemptsAt(store, SOURCE)
  const recovered = await recoverPartition(store, SOURCE, { position: 15, generation: 2 }, attempts)
  expect(recovered.finished.map(({ attempt }) => attempt)).toEqual(['g1-new-0'])
  expect(placed(10, 14)).toBe(contentOf(`alerts/${SOURCE}-${rangeName(10, 14)}`, 'g1-new-0'))
  expect(placed(10, 12)).toBeNull()
})

interface Left {
  /** First offset that Kafka still has. */
  readonly first: number
  readonly isPublished: boolean
}

/** Takes the partition over in the name of a group that has no position of it any more. */
async function takeOverForgotten(store: Store, { first, isPublished }: Left, from: From) {
  const partition = { topic: 'alerts', partition: 0 }
  const positions: number[] = []
  const coordination: Coordination = {
    positions: async () => new Map(),
    spans: async () => new Map([[SOURCE, { first, end: 100, topicId: 'id' }]]),
    begin: async (fresh) => new Map(fresh.map(() => [SOURCE, 90])),
    marksAt: async () => new Map(),
    published: async () => isPublished,
    passes: async () => true,
    commit: async (_assignment, _messages, [position]) => void positions.push(position!.next)
  }
  const ended = new AbortController().signal
  const assignment = { generation: 1, memberId: 'n', partitions: [partition], ended }
  const settings = {
    from,
    topicIds: new Map<string, string>(),
    looked: { since: 0, partitions: new Map<string, number>() }
  }
  const { starts } = await takeOver(coordination, assignment, store, settings)
  return { positions, starts: starts.map(({ offset }) => offset) }
}

test('of what a deleted group has left, the part behind the end of the ledger counts, and none over it', async () => {
  const counted = { attempt: 'g3-m-0', first: 10, last: 14 }
  const stale = { attempt: 'g2-old-0', first: 12, last: 16 }
  const { store, placed } = await lakeWith(counted, stale)
  // what the stale one has selected is what the other published
  const left = { first: 0, isPublished: true }
  expect(await takeOverForgotten(store, left, 'earliest')).toEqual({
    positions: [15],
    starts: [15]
  })
  expect(placed(10, 14)).toContain('g3-m-0')
  expect(placed(12, 16)).toBeNull()
})

test('what a forgotten group has staged, and Kafka has deleted since, is placed: it is all that is left', async () => {
  const { store, placed } = await lakeWith({ attempt: 'g3-m-0', first: 10, last: 14 })
  const left = { first: 40, isPublished: false }
  expect(await takeOverForgotten(store, left, 'earliest')).toEqual({
    positions: [15],
    starts: [15]
  })
  expect(placed(10, 14)).toContain('g3-m-0')
})

test('a first part that was published: its successor begins behind it, not at the latest message', async () => {
  const store = memoryStore(new MemoryDisk())
  const { record, files } = recordOf({ source: SOURCE, first: 0, last: 4 }, 'g3-m-0')
  const account = { messages: 5, missing: 0, lost: 0, begins: true, generation: 3, fink: false }
  await stage(store, { ...record, stream: account }, files, quiet)
  const left = { first: 0, isPublished: true }
  expect(await takeOverForgotten(store, left, 'latest')).toEqual({ positions: [5], starts: [5] })
})

test('a record alone, written after its files were removed, is not taken for the part that was published', async () => {
  const zombie = { attempt: 'g2-old-0', first: 10, last: 14 }
  const { disk, store, placed, folderOf } = await lakeWith(zombie, {
    attempt: 'g3-m-0',
    first: 10,
    last: 14
  })
  for (const { path } of disk.list(folderOf('g2-old-0', 10, 14))) {
    if (!path.endsWith('record.json')) await store.remove(path)
  }
  await takeOverForgotten(store, { first: 0, isPublished: true }, 'earliest')
  expect(placed(10, 14)).toContain('g3-m-0')
})
