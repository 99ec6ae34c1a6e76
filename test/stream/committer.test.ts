import { expect, test } from 'vitest'
import { stage } from '../../engine/lake/two-phase-commit.ts'
import type { PartRecord } from '../../engine/lake/ledger.ts'
import { localStore } from '../../engine/store/local.ts'
import { Bounds } from '../../engine/stream/common/bounds.ts'
import { Committer } from '../../engine/stream/member/committer.ts'
import { FencedError, UnsureError } from '../../engine/stream/commit/coordination.ts'
import type { Coordination } from '../../engine/stream/commit/coordination.ts'
import { attemptName, recoverPartition } from '../../engine/stream/commit/recovery.ts'
import { attemptsAt } from '../../engine/lake/two-phase-commit.ts'
import { temporaryFolder } from '../support/siskin.ts'

const PATH = 'ztf/alerts/night=20260110/live-0-000000/a.parquet'

function recordOf(generation: number, number: number): PartRecord {
  return {
    part: 'live-0-0-9',
    source: 'live-0',
    first: 0,
    last: 9,
    received: 10,
    alerts: 10,
    quarantined: {},
    duplicates: 0,
    nights: {},
    modules: {},
    filters: {},
    files: [{ path: PATH, kind: 'alerts', bytes: 1, rows: 10, crc32: '' }],
    attempt: attemptName(generation, 'member', number),
    stream: { messages: 10, missing: 0, lost: 0, begins: true, generation, fink: false },
    siskin: '0',
    started: '2026-01-10T00:00:00.000Z',
    seconds: {}
  }
}

/** Kafka, of which only the answer to a commit matters here. */
function answering(answer: () => Promise<void>): Coordination {
  return {
    positions: async () => new Map(),
    spans: async () => new Map(),
    begin: async () => new Map(),
    marksAt: async () => new Map(),
    published: async () => false,
    passes: async () => true,
    commit: answer
  }
}

async function commitWith(answer: () => Promise<void>) {
  const store = localStore(temporaryFolder())
  const record = recordOf(5, 1)
  await stage(store, record, [{ path: PATH, pieces: [Buffer.from('x')] }], () => {})
  const died: string[] = []
  const committer = new Committer({
    store,
    coordination: answering(answer),
    assignment: {
      generation: 5,
      memberId: 'm',
      partitions: [],
      ended: new AbortController().signal
    },
    bounds: new Bounds(),
    crash: { begin: () => {}, at: () => {} },
    die: (reason) => {
      died.push(reason.message)
      return Promise.reject(reason) // else the test would wait for ever, as the member does
    }
  })
  const outcome = await committer
    .commit([{ record, messages: [], stageSeconds: 0 }])
    .catch((error: Error) => error)
  return { store, record, outcome, died }
}

test('a transaction whose end was not heard: nothing is removed, the member ends, its successor finds out', async () => {
  for (const counted of [true, false]) {
    const { store, outcome, died } = await commitWith(() => Promise.reject(new UnsureError('late')))
    expect(outcome).toBeInstanceOf(UnsureError)
    expect(died).toEqual(['late'])
    const attempts = await attemptsAt(store, 'live-0')
    expect(attempts).toMatchObject([{ attempt: 'g5-member-1', hasRecord: true }])
    const { finished, dropped } = await recoverPartition(
      store,
      'live-0',
      { position: counted ? 10 : 0, generation: 9 },
      attempts
    )
    expect([finished.length, dropped.length]).toEqual(counted ? [1, 0] : [0, 1])
    expect(await store.size(PATH)).toBe(counted ? 1 : null)
    expect(await store.list('_siskin/staging')).toEqual([])
  }
})

test('a transaction that was refused or failed for sure: its own attempt goes, and no other', async () => {
  for (const error of [new FencedError('over'), new Error('no')]) {
    const { store, outcome, record } = await commitWith(() => Promise.reject(error))
    expect(outcome).toBe(error instanceof FencedError ? 'void' : error)
    expect(await attemptsAt(store, record.source)).toEqual([])
  }
})

test('of two attempts at the same positions the younger counts; what was placed by another stays', async () => {
  const store = localStore(temporaryFolder())
  for (const [generation, number] of [
    [5, 1],
    [7, 0],
    [7, 2]
  ] as const) {
    const file = { path: PATH, pieces: [Buffer.from(String(number))] }
    await stage(store, recordOf(generation, number), [file], () => {})
  }
  const attempts = await attemptsAt(store, 'live-0')
  const twice = await Promise.all(
    [1, 2].map(() => recoverPartition(store, 'live-0', { position: 10, generation: 9 }, attempts))
  )
  expect(twice[0]!.finished.map(({ attempt }) => attempt)).toEqual(['g7-member-2'])
  expect(Buffer.from(await store.read(PATH)).toString()).toBe('2')
  const ledger = await store.list('_siskin/ledger')
  expect(ledger).toHaveLength(1)
  expect(await store.list('_siskin/staging')).toEqual([])
})
