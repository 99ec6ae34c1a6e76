import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Admin } from '@platformatic/kafka'
import { beforeAll, expect, test } from 'vitest'
import { ConsumerGroup } from '../../engine/kafka/group.ts'
import { openAdmin } from '../../engine/kafka/client.ts'
import { isUnknownTopic } from '../../engine/kafka/refusals.ts'
import { localStore } from '../../engine/store/local.ts'
import { claimInput } from '../../engine/stream/claims/claim-input.ts'
import { findTopics } from '../../engine/stream/common/topics.ts'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafka } from '../cluster/shared.ts'
import { temporaryFolder } from '../support/siskin.ts'
import {
  describeKafka,
  drain,
  ledgerOf,
  makeTopic,
  membersOf,
  newName,
  nightOfPackets,
  receivedIn,
  send,
  start,
  until,
  verdictOf
} from './support.ts'

const LOOKS = 5
const PAUSE_MS = 150
const BEGINS_MS = 6000

describeKafka('topics that come and go while streams begin', () => {
  const folder = temporaryFolder()
  let kafka: SharedKafka
  let packets: Buffer[]

  const access = () => ({
    brokers: [kafka.bootstrap],
    user: null,
    password: null,
    mechanism: 'PLAIN' as const,
    tls: false,
    ca: null
  })

  beforeAll(async () => {
    kafka = await sharedKafka()
    packets = await nightOfPackets(folder)
  })

  /** Makes topics and deletes them, until it is told to stop. */
  async function churn(prefix: string, over: AbortSignal, packet?: Buffer): Promise<void> {
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.bootstrap], retries: 5 })
    for (let round = 0; !over.aborted; round++) {
      const topics = [0, 1].map((i) => `${prefix}-goes-${round}-${i}`)
      await admin.createTopics({ topics, partitions: 1, replicas: 1 })
      if (packet) await send(kafka, { topic: topics[0]!, partitions: 1 }, [packet])
      await delay(packet ? 10 * PAUSE_MS : PAUSE_MS) // long enough to be seen and read
      await admin.deleteTopics({ topics })
    }
    await admin.close()
  }

  /** Twenty-five topics a second that are gone at once. */
  async function manyAtOnce(prefix: string, over: AbortSignal): Promise<void> {
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.bootstrap], retries: 5 })
    for (let round = 0; !over.aborted; round++) {
      const topics = Array.from({ length: 25 }, (_, i) => `${prefix}-many-${round}-${i}`)
      await admin.createTopics({ topics, partitions: 1, replicas: 1 })
      await delay(1000)
      await admin.deleteTopics({ topics })
    }
    await admin.close()
  }

  test('no start fails of one, and what stays is taken in', async () => {
    const group = newName('vanish')
    const stays = { topic: `in-${group}-stays`, partitions: 1 }
    await makeTopic(kafka, stays)
    await send(kafka, stays, packets.slice(0, 20))
    const lake = join(folder, group)
    const over = new AbortController()
    const churning = churn(`in-${group}`, over.signal)
    const admin = openAdmin(access(), 'siskin-vanish', 2)
    const store = localStore(join(folder, 'book'))
    try {
      for (let i = 0; i < LOOKS; i++) {
        const { topics } = await findTopics(admin, [`/^in-${group}-/`], () => false)
        expect(topics.get(stays.topic)).toBe(1)
        await claimInput(admin, store, { group, takeOver: false }, [...topics.keys(), 'never'])
      }
      const more = ['--filters', 'fast_riser']
      setTimeout(() => over.abort(), BEGINS_MS)
      const outcome = await drain({ kafka, lake, topics: `/^in-${group}-/`, group, more })
      expect(outcome.code, outcome.stderr).toBe(0)
      expect(receivedIn(lake)).toBe(20)
    } finally {
      over.abort()
      await churning
      await admin.close()
    }
  })

  test('a stream that runs goes on while topics of its pattern come and go, with and without messages', async () => {
    const group = newName('passing')
    const stays = { topic: `in-${group}-stays`, partitions: 2 }
    await makeTopic(kafka, stays)
    const lake = join(folder, group)
    const more = ['--filters', 'fast_riser']
    const running = start({ kafka, lake, topics: `/^in-${group}-/`, group, more })
    const over = new AbortController()
    try {
      await send(kafka, stays, packets.slice(0, 10))
      await until(() => receivedIn(lake) === 10, 'the first packets')
      const members = membersOf(running)
      const churning = [
        manyAtOnce(`in-${group}`, over.signal),
        churn(`in-${group}`, over.signal, packets[30])
      ]
      for (let from = 10; from < 30; from += 2) {
        await send(kafka, stays, packets.slice(from, from + 2))
        await delay(BEGINS_MS / 10)
      }
      over.abort()
      await Promise.all(churning)
      const staying = () => ledgerOf(lake).filter(({ source }) => source.includes('stays'))
      const taken = () => staying().reduce((sum, { received }) => sum + received, 0)
      await until(() => taken() === 30, 'all of the topic that stays')
      expect(membersOf(running), 'members that lived through it').toEqual(members)
    } finally {
      over.abort()
      running.child.kill('SIGTERM')
      await running.ended
    }
    expect(running.log()).not.toMatch(/died|death/)
    const { ok, differences } = await verdictOf(lake)
    expect([ok, differences]).toEqual([true, []])
  })

  test('one that went before its group was joined is told from an outage', async () => {
    const group = newName('never')
    const settings = { kafka: access(), group, sessionSeconds: 10 }
    const membership = new ConsumerGroup(settings, 'one', [`${group}-never`])
    const error: unknown = await membership.join().catch((failure: unknown) => failure)
    expect(isUnknownTopic(error), String(error)).toBe(true)
    await membership.close()
  })
})
