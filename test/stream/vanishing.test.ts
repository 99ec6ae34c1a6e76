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
  makeTopic,
  newName,
  nightOfPackets,
  receivedIn,
  send
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
  async function churn(prefix: string, over: AbortSignal): Promise<void> {
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.bootstrap], retries: 5 })
    for (let round = 0; !over.aborted; round++) {
      const topics = [0, 1].map((i) => `${prefix}-goes-${round}-${i}`)
      await admin.createTopics({ topics, partitions: 1, replicas: 1 })
      await delay(PAUSE_MS)
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

  test('one that went before its group was joined is told from an outage', async () => {
    const group = newName('never')
    const settings = { kafka: access(), group, sessionSeconds: 10 }
    const membership = new ConsumerGroup(settings, 'one', [`${group}-never`])
    const error: unknown = await membership.join().catch((failure: unknown) => failure)
    expect(isUnknownTopic(error), String(error)).toBe(true)
    await membership.close()
  })
})
