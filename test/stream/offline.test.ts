import { readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { Admin } from '@platformatic/kafka'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startKafka } from '../cluster/cluster.ts'
import type { Kafka } from '../cluster/cluster.ts'
import { TransactionalProducer } from '../../engine/kafka/clients.ts'
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

  const on = (disk: string, topic: string, partition = 0) =>
    readdirSync(disk).includes(`${topic}-${partition}`)
  const make = async (topic: string, partitions = 1) => {
    await makeTopic(kafka, { topic, partitions })
    const last = partitions - 1
    await until(() => disks.some((disk) => on(disk, topic, last)), 'its folder')
    return { topic, partitions }
  }

  const sendTo = async (topic: string, partition: number, own: readonly Buffer[]) => {
    const producer = new TransactionalProducer({
      clientId: 'test',
      bootstrapBrokers: [kafka.bootstrap]
    })
    const messages = own.map((value) => ({ topic, partition, value }))
    await producer.send({ messages })
    await producer.close()
  }

  test('of others are no matter, and a partition of ours stands aside until it is back', async () => {
    const own = ['__consumer_offsets', '__transaction_state', '__cluster_metadata']
    await make(own[0]!)
    await make(own[1]!)
    const lost = disks.find((disk) => !own.some((topic) => on(disk, topic)))!
    const nights = []
    for (let i = 0; i < 8; i++) nights.push(await make(`night-${i}`, 2))
    for (let i = 0; i < 4; i++) await make(`other-${i}`)
    const isLost = (topic: string) => [0, 1].map((partition) => on(lost, topic, partition))
    const goes = nights.find(({ topic }) => isLost(topic).includes(true))!
    const [gone, stays] = isLost(goes.topic)[0] ? [0, 1] : [1, 0]
    expect(on(lost, goes.topic, stays)).toBe(false)
    await send(kafka, goes, packets.slice(0, 20))
    const lake = join(folder, 'lake')
    const more = ['--filters', 'fast_riser']
    const running = start({ kafka, lake, topics: '/^night-/', group: 'offline', more })
    await until(() => receivedIn(lake) === 20, 'the packets of both partitions')

    renameSync(lost, `${lost}.away`)
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.bootstrap], retries: 0 })
    const leaderless = async () =>
      (await describeTopics(admin, [goes.topic])).topics.get(goes.topic)?.leaderless
    await until(async () => (await leaderless())?.length === 1, 'its loss')
    expect(await leaderless()).toEqual([gone])
    await expect(admin.listTopics()).rejects.toThrow()
    const names = nights.map(({ topic }) => topic)
    expect(await listTopics(admin)).toEqual(expect.arrayContaining([...names, 'other-3']))
    await admin.close()

    const named = `${goes.topic}-${gone} is left alone, the others go on: it has no leader`
    await until(() => running.log().includes(named), 'its name')
    await sendTo(goes.topic, stays, packets.slice(20, 30))
    await until(() => receivedIn(lake) === 30, 'the packets of the partition that is there')
    const stands = `source ${goes.topic}-${gone} stands aside`
    expect((await verdictOf(lake)).notes).toContainEqual(expect.stringContaining(stands))

    renameSync(`${lost}.away`, lost)
    await kafka.restart()
    await sendTo(goes.topic, gone, packets.slice(30, 40))
    await until(() => receivedIn(lake) === 40, 'the packets of the partition that is back')
    running.child.kill('SIGTERM')
    expect(await running.ended).toBe(0)
    const whole = { received: 40, differences: [], notes: [], copies: 0 }
    expect(await verdictOf(lake)).toMatchObject(whole)
  })
})
