import { MultipleErrors, ProtocolError, UserError } from '@platformatic/kafka'
import { expect, test } from 'vitest'
import { stage } from '../../engine/lake/two-phase-commit.ts'
import { ledgerPath } from '../../engine/lake/ledger.ts'
import { localStore } from '../../engine/store/local.ts'
import { jsonBytes } from '../../engine/store/replace-file.ts'
import type { Coordination } from '../../engine/stream/commit/coordination.ts'
import { sourceOf } from '../../engine/kafka/partition.ts'
import type { Partition } from '../../engine/kafka/partition.ts'
import { PartitionError } from '../../engine/kafka/partition-error.ts'
import { markOf } from '../../engine/stream/commit/same-log.ts'
import type { From } from '../../engine/kafka/settings.ts'
import { takeOver } from '../../engine/stream/commit/takeover.ts'
import { recordOf } from '../protocol/parts.ts'
import { temporaryFolder } from '../support/siskin.ts'

const MARK = markOf({ timestamp: 1_767_225_600_000, value: Buffer.from('the last alert') })
const ACCOUNT = { messages: 10, missing: 0, lost: 0, begins: true, generation: 1, fink: false }
const ODD = 'live-0'
const SINCE = Date.parse('2026-01-10T00:00:00Z')

/** The lake ends at 10 of both partitions, and so does the group; Kafka at 30. `live-0` is odd in one way. */
async function lake(isEmpty = false) {
  const store = localStore(temporaryFolder())
  for (const source of isEmpty ? [] : [ODD, 'live-1']) {
    const { record } = recordOf({ source, first: 0, last: 9 }, 'g1/0123456789ab-0')
    const own = { ...record, stream: { ...ACCOUNT, tail: MARK } }
    await store.write(ledgerPath(source, 0, 9), [jsonBytes(own)])
  }
  return store
}

type Store = Awaited<ReturnType<typeof lake>>

async function stageFirst(store: Store, source: string, first: number, last: number) {
  const { record, files } = recordOf({ source, first, last }, 'g9/0123456789ab-7')
  await stage(store, { ...record, stream: ACCOUNT }, files, () => {})
}

const refused = (id: string) => new MultipleErrors('It failed.', [new ProtocolError(id)])
const hasOdd = (partitions: readonly Partition[]) => partitions.map(sourceOf).includes(ODD)

/** Both partitions are taken over from a Kafka that differs from a sound one by `odd`. */
async function takeBoth(
  store: Store,
  odd: Partial<Coordination> = {},
  from: From = 'earliest',
  seen = 2
) {
  const partitions = [0, 1].map((partition) => ({ topic: 'live', partition }))
  const committed: string[] = []
  const asked: From[] = []
  const coordination: Coordination = {
    positions: async (own) => new Map(own.map((one) => [sourceOf(one), 10])),
    spans: async (own) =>
      new Map(own.map((one) => [sourceOf(one), { first: 0, end: 30, topicId: 'id' }])),
    async begin(own, at) {
      asked.push(at)
      return new Map(own.map((one) => [sourceOf(one), typeof at === 'number' ? 12 : 30]))
    },
    marksAt: async (places) => new Map(places.map((place) => [sourceOf(place), MARK])),
    published: async () => true,
    passes: async () => true,
    commit: async (_assignment, _messages, positions) => {
      committed.push(...positions.map(sourceOf))
    },
    ...odd
  }
  const assignment = {
    generation: 2,
    memberId: 'm',
    partitions,
    ended: new AbortController().signal
  }
  const { starts, aside } = await takeOver(coordination, assignment, store, {
    from,
    topicIds: new Map([['live', 'id']]),
    looked: { since: SINCE, partitions: new Map([['live', seen]]) }
  })
  const places = starts.map(({ source, offset }) => `${source} ${offset}`)
  return { places, aside, committed, asked, notes: starts.map(({ note }) => note) }
}

test('a torn record of the ledger: that partition stands aside, and repair is named', async () => {
  const store = await lake()
  await store.remove(ledgerPath(ODD, 0, 9))
  await store.write(ledgerPath(ODD, 0, 9), [Buffer.from('{"part":')])
  const { places, aside } = await takeBoth(store)
  expect(places).toEqual(['live-1 10'])
  expect(aside).toMatchObject([{ source: ODD, reason: 'torn' }])
  expect(aside[0]!.detail).toContain('siskin repair')
})

test.each([
  ['spans', 'LEADER_NOT_AVAILABLE', 'unanswered', 'are all brokers and disks there'],
  ['marksAt', 'KAFKA_STORAGE_ERROR', 'unanswered', 'are all brokers and disks there'],
  ['marksAt', 'TOPIC_AUTHORIZATION_FAILED', 'forbidden', 'give it READ'],
  ['commit', 'TOPIC_AUTHORIZATION_FAILED', 'forbidden', 'our user may not read topic live']
] as const)('%s is refused of one partition (%s)', async (what, id, reason, says) => {
  const sound: Partial<Coordination> = {
    spans: async (own) => {
      if (what === 'spans' && hasOdd(own)) throw refused(id)
      return new Map(own.map((one) => [sourceOf(one), { first: 0, end: 30, topicId: 'id' }]))
    },
    marksAt: async (own) => {
      if (what === 'marksAt' && hasOdd(own)) throw refused(id)
      return new Map(own.map((one) => [sourceOf(one), MARK]))
    },
    commit: async (_assignment, _messages, own) => {
      if (what === 'commit' && hasOdd(own)) throw refused(id)
    }
  }
  const { places, aside } = await takeBoth(await lake(), sound)
  expect(places).toEqual(['live-1 10'])
  expect(aside).toMatchObject([{ source: ODD, reason, detail: expect.stringContaining(says) }])
})

test('a right that is lacking for all that a member has is none’s outage: all of it stands aside', async () => {
  const all = async () => {
    throw refused('TOPIC_AUTHORIZATION_FAILED')
  }
  const { places, aside } = await takeBoth(await lake(), { commit: all })
  expect([places, aside.map(({ reason }) => reason)]).toEqual([[], ['forbidden', 'forbidden']])
})

test('a topic that goes while it is taken over stands aside', async () => {
  const spans: Coordination['spans'] = async (own) => {
    if (hasOdd(own)) throw new UserError('Unknown topic live.')
    return new Map(own.map((one) => [sourceOf(one), { first: 0, end: 30, topicId: 'id' }]))
  }
  const { places, aside } = await takeBoth(await lake(), { spans })
  expect(places).toEqual(['live-1 10'])
  expect(aside).toMatchObject([{ source: ODD, reason: 'gone' }])
})

test('what is no partition’s fault is an outage, and so is a Kafka that gives nothing of any', async () => {
  const throwing = (id: string) => async () => {
    throw refused(id)
  }
  for (const id of ['COORDINATOR_NOT_AVAILABLE', 'NOT_LEADER_OR_FOLLOWER']) {
    await expect(takeBoth(await lake(), { commit: throwing(id) })).rejects.toThrow('It failed')
  }
})

test('a transaction of somebody else that stays open over the last message', async () => {
  const stuck = new PartitionError('live-0 gives nothing from offset 9 on')
  const marksAt: Coordination['marksAt'] = async (own) => {
    if (hasOdd(own)) throw stuck
    return new Map(own.map((one) => [sourceOf(one), MARK]))
  }
  const { places, aside } = await takeBoth(await lake(), { marksAt })
  expect(places).toEqual(['live-1 10'])
  expect(aside).toMatchObject([{ source: ODD, reason: 'unanswered', detail: stuck.message }])
})

/** The group has forgotten `live-0`, of which a first part lies staged. */
const forgot: Partial<Coordination> = {
  positions: async () => new Map([['live-1', 10]])
}

test('only the partition whose output has to be read stands aside where that is not allowed', async () => {
  const store = await lake()
  await stageFirst(store, ODD, 10, 14)
  const published = async () => {
    throw new PartitionError('our user may not read it: give it READ of out-fast-riser', true)
  }
  const { places, aside } = await takeBoth(store, { ...forgot, published })
  expect(places).toEqual(['live-1 10'])
  expect(aside).toMatchObject([{ source: ODD, reason: 'forbidden' }])
})

test('a part that was published and lies beyond the end of a log that was cut', async () => {
  const store = await lake()
  await stageFirst(store, ODD, 10, 34)
  const { places, aside, committed } = await takeBoth(store, forgot)
  expect(places).toEqual(['live-1 10'])
  expect(committed).toEqual(['live-1'])
  expect(aside).toMatchObject([{ source: ODD, reason: 'ends-before' }])
  expect(aside[0]!.detail).toContain('ends at offset 30, before 35')
})

test('a first part that selected nothing, of a group that was forgotten: "latest" begins where it began', async () => {
  const store = await lake(true)
  await stageFirst(store, ODD, 20, 24)
  const none = { positions: async () => new Map(), published: async () => false }
  const { places } = await takeBoth(store, none, 'latest')
  expect(places).toEqual(['live-0 20', 'live-1 30'])
})

test('what came into view after the first look begins with what was sent since, and says so', async () => {
  const none = { positions: async () => new Map() }
  const { places, asked, notes } = await takeBoth(await lake(true), none, 'latest', 1)
  expect(places).toEqual(['live-0 30', 'live-1 12'])
  expect(asked).toEqual(['latest', SINCE - 3_600_000])
  expect(notes).toEqual([null, { kind: 'late', since: SINCE }])
})
