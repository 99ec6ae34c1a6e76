import type { Admin } from '@platformatic/kafka'
import { expect, test } from 'vitest'
import { localStore } from '../../engine/persist/local.ts'
import { claimInput } from '../../engine/stream/claim-input.ts'
import { temporaryFolder } from '../support/siskin.ts'

/** Kafka, of which only the ids of its topics matter here. */
function cluster(id: string, topicId: string): Admin {
  const topics = new Map([['live', { id: topicId }]])
  return { metadata: async () => ({ id, topics }) } as unknown as Admin
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
