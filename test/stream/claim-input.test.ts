import type { Admin } from '@platformatic/kafka'
import { expect, test } from 'vitest'
import { localStore } from '../../engine/store/local.ts'
import { claimInput } from '../../engine/stream/claims/claim-input.ts'
import { isYounger } from '../../engine/stream/claims/first-look.ts'
import { temporaryFolder } from '../support/siskin.ts'

/** Kafka, of which only the ids of its topics matter here. */
function cluster(id: string, topicId: string): Admin {
  const topics = new Map([['live', { id: topicId, partitionsCount: 2, partitions: [] }]])
  const metadata = async () => ({ id, topics })
  return { metadata, listTopics: async () => [...topics.keys()] } as unknown as Admin
}

test('a topic of another Kafka is refused, with --take-over too, and its owner stays', async () => {
  const store = localStore(temporaryFolder())
  const ask = (kafka: Admin, group: string, takeOver: boolean) =>
    claimInput(kafka, store, { group, takeOver }, ['live'])
  const first = cluster('first', 'topic-1')
  expect((await ask(first, 'one', false)).topicIds).toEqual(new Map([['live', 'topic-1']]))
  const other = cluster('second', 'topic-2')
  for (const group of ['one', 'two']) {
    const { topicIds, refused } = await ask(other, group, true)
    expect(topicIds.size).toBe(0)
    expect(refused.get('live')).toMatch(/of another Kafka \(cluster first\).*cannot be taken over/)
  }
  expect((await ask(first, 'one', false)).refused.size).toBe(0)
})

test('a topic that another group has is handed over; one that was made anew meanwhile keeps the id that the lake knows', async () => {
  const store = localStore(temporaryFolder())
  const ask = (kafka: Admin, group: string, takeOver: boolean) =>
    claimInput(kafka, store, { group, takeOver }, ['live'])
  await ask(cluster('first', 'topic-1'), 'one', false)
  const anew = cluster('first', 'topic-2')
  expect((await ask(anew, 'two', false)).refused.get('live')).toContain('--take-over')
  const known = new Map([['live', 'topic-1']])
  expect((await ask(anew, 'two', true)).topicIds).toEqual(known)
  expect((await ask(anew, 'two', false)).topicIds).toEqual(known)
  expect((await ask(anew, 'one', false)).refused.get('live')).toContain('group two')
})

test('what there was at the first look is kept in the lake, also where nothing was asked for yet', async () => {
  const store = localStore(temporaryFolder())
  const kafka = cluster('first', 'topic-1')
  const looked = async (group: string, topics: string[]) =>
    (await claimInput(kafka, store, { group, takeOver: false }, topics)).looked
  const known = await looked('one', [])
  expect(known.partitions).toEqual(new Map([['live', 2]]))
  expect(Math.abs(Date.now() - known.since)).toBeLessThan(60_000)
  const grown = new Map([
    ['live', { id: 'topic-1', partitionsCount: 3, partitions: [] }],
    ['new', { id: 'topic-3', partitionsCount: 1, partitions: [] }]
  ])
  Object.assign(kafka, {
    metadata: async () => ({ id: 'first', topics: grown }),
    listTopics: async () => [...grown.keys()]
  })
  expect(await looked('one', ['live', 'new'])).toEqual(known)
  expect((await looked('two', [])).partitions.get('new')).toBe(1)
  const places = ['live 1', 'live 2', 'new 0'].map((place) => place.split(' '))
  expect(
    places.map(([topic = '', partition]) =>
      isYounger({ topic, partition: Number(partition) }, known)
    )
  ).toEqual([false, true, true])
})

test('a topic whose name is too long for files is not entered, and keeps no other from being', async () => {
  const store = localStore(temporaryFolder())
  const long = 't'.repeat(249)
  const kafka = cluster('first', 'topic-1')
  const topics = new Map([
    ['live', { id: 'topic-1', partitionsCount: 1, partitions: [] }],
    [long, { id: 'topic-2', partitionsCount: 1, partitions: [] }]
  ])
  Object.assign(kafka, {
    metadata: async () => ({ id: 'first', topics }),
    listTopics: async () => [...topics.keys()]
  })
  const asked = claimInput(kafka, store, { group: 'one', takeOver: false }, [long, 'live'])
  const { topicIds, refused } = await asked
  expect([topicIds, refused.size]).toEqual([new Map([['live', 'topic-1']]), 0])
})
