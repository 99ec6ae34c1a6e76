import { readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { Admin } from '@platformatic/kafka'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startKafka } from '../cluster/cluster.ts'
import type { Kafka } from '../cluster/cluster.ts'
import { describeTopics, listTopics } from '../../engine/kafka/topic-list.ts'
import { temporaryFolder } from '../support/siskin.ts'
import {
  describeKafka,
  makeTopic,
  nightOfPackets,
  receivedIn,
  send,
  start,
  until,
  verdictOf
} from './support.ts'

describeKafka('topics that are offline', () => {
  const folder = temporaryFolder()
  const disks = [0, 1, 2, 3].map((number) => join(folder, `disk${number}`))
  let kafka: Kafka
  let packets: Buffer[]

  beforeAll(async () => {
    kafka = await startKafka({
      properties: {
        'log.dirs': disks.join(','),
        'log.flush.offset.checkpoint.interval.ms': 300,
        'offsets.topic.num.partitions': 1,
        'transaction.state.log.num.partitions': 1
      }
    })
    packets = await nightOfPackets(folder)
  })

  afterAll(() => kafka?.stop())

  const on = (disk: string, topic: string) => readdirSync(disk).includes(`${topic}-0`)
  const make = async (topic: string) => {
    await makeTopic(kafka, { topic, partitions: 1 })
    await until(() => disks.some((disk) => on(disk, topic)), 'its folder')
    return { topic, partitions: 1 }
  }

  test('of others are no matter, and one of ours is left alone until it is back', async () => {
    const own = ['__consumer_offsets', '__transaction_state', '__cluster_metadata']
    await make(own[0]!)
    await make(own[1]!)
    const lost = disks.find((disk) => !own.some((topic) => on(disk, topic)))!
    const nights = []
    for (let i = 0; i < 8; i++) nights.push(await make(`night-${i}`))
    for (let i = 0; i < 4; i++) await make(`other-${i}`)
    const goes = nights.find(({ topic }) => on(lost, topic))!
    const stays = nights.find(({ topic }) => !on(lost, topic))!
    await send(kafka, goes, packets.slice(0, 20))
    await send(kafka, stays, packets.slice(20, 40))

    renameSync(lost, `${lost}.away`)
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.bootstrap], retries: 0 })
    const isOffline = async () => (await describeTopics(admin, [goes.topic])).offline.size > 0
    await until(isOffline, 'its loss')
    await expect(admin.listTopics()).rejects.toThrow()
    const names = nights.map(({ topic }) => topic)
    expect(await listTopics(admin)).toEqual(expect.arrayContaining([...names, 'other-3']))
    await admin.close()

    const lake = join(folder, 'lake')
    const more = ['--filters', 'fast_riser']
    const running = start({ kafka, lake, topics: '/^night-/', group: 'offline', more })
    await until(() => receivedIn(lake) === 20, 'the packets of the topic that is there')
    expect(running.log()).toMatch(new RegExp(`topic .*${goes.topic}.* is offline`))

    renameSync(`${lost}.away`, lost)
    await kafka.restart()
    await until(() => receivedIn(lake) === 40, 'the packets of the topic that is back')
    running.child.kill('SIGTERM')
    expect(await running.ended).toBe(0)
    expect(await verdictOf(lake)).toMatchObject({ received: 40, differences: [], copies: 0 })
  })
})
