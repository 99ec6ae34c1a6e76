import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { ConsumerGroup } from '../../engine/kafka/group.ts'
import { openAdmin } from '../../engine/kafka/client.ts'
import { stablePositions } from '../../engine/kafka/positions.ts'
import { Publisher } from '../../engine/stream/commit/publisher.ts'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafka } from '../cluster/shared.ts'
import { ask } from '../support/ask.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'
import {
  describeKafka,
  drain,
  ledgerOf,
  makeTopic,
  nightOfPackets,
  nonZero,
  published,
  publishedCounts,
  send,
  verdictOf
} from './support.ts'

describeKafka('a live stream', () => {
  const folder = temporaryFolder()
  let kafka: SharedKafka
  let packets: Buffer[]
  /** What `siskin run` selects from the same packets. */
  let expected: Record<string, number>

  beforeAll(async () => {
    kafka = await sharedKafka()
    packets = await nightOfPackets(folder)
    const lake = join(folder, 'run')
    const { stdout } = await siskin(['run', join(folder, 'night.tar'), '--lake', lake, '--json'])
    expected = nonZero((JSON.parse(stdout) as { topics: Record<string, number> }).topics)
  })

  test('lands every packet once and publishes what a run of the archive selects', async () => {
    const feed = { topic: 'whole', partitions: 3 }
    const lake = join(folder, 'whole')
    await makeTopic(kafka, feed)
    await send(kafka, feed, packets)
    const args = { kafka, lake, topics: feed.topic, group: 'whole' }
    const outcome = await drain(args)
    expect(outcome).toMatchObject({ code: 0 })

    const verdict = await verdictOf(lake)
    expect(verdict).toMatchObject({ ok: true, received: packets.length, copies: 0 })
    expect(nonZero(verdict.topics)).toEqual(expected)
    expect(await publishedCounts(kafka, 'whole-', expected)).toEqual(expected)

    const again = await drain(args)
    expect(JSON.parse(again.stdout)).toMatchObject({ received: 0 })
    expect((await verdictOf(lake)).received).toBe(packets.length)
  })

  test('takes what is no packet into quarantine, at its offset, and messages of every compression', async () => {
    const feed = { topic: 'mixed', partitions: 1 }
    const lake = join(folder, 'mixed')
    await makeTopic(kafka, feed)
    const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
    for (const [i, codec] of codecs.entries()) {
      await send(kafka, feed, packets.slice(i * 5, i * 5 + 5), codec)
    }
    await send(kafka, feed, [Buffer.from('no packet'), packets[0]!.subarray(0, 3000)])
    await send(kafka, feed, [packets[25]!, packets[0]!])
    await drain({ kafka, lake, topics: feed.topic, group: 'mixed' })
    const verdict = await verdictOf(lake)
    expect(verdict).toMatchObject({
      ok: true,
      received: 29,
      alerts: 26,
      duplicates: 1,
      quarantined: { 'not-avro': 1, truncated: 1 }
    })
  })

  test('says in headers what a message is, and keeps its schema in the lake', async () => {
    const [message] = await published(kafka, 'whole-')
    expect(message?.headers).toMatch(/survey:ztf,filter:[a-z_]+@\d+\.\d+\.\d+,version:.+,schema:/)
    const fingerprint = /schema:([0-9a-f]{64})/.exec(message?.headers ?? '')?.[1]
    const path = join(folder, 'whole/_siskin/schemas', `${fingerprint}.avsc`)
    const { stdout } = await ask(['verify', '--lake', join(folder, 'whole'), '--json'])
    expect(stdout).toContain('"ok": true')
    await expect(import('node:fs/promises').then((fs) => fs.stat(path))).resolves.toBeTruthy()
  })

  test('leaves the stamps out of messages that are too large for a topic, and says so', async () => {
    const feed = { topic: 'large', partitions: 1 }
    await makeTopic(kafka, feed)
    await makeTopic(kafka, { topic: 'large-fast-riser', partitions: 1, maxBytes: 32_000 })
    await send(kafka, feed, packets)
    const more = ['--filters', 'fast_riser']
    await drain({ kafka, lake: join(folder, 'large'), topics: feed.topic, group: 'large', more })
    const messages = await published(kafka, 'large-', expected['fast-riser'])
    expect(messages).toHaveLength(expected['fast-riser']!)
    for (const { headers } of messages) expect(headers).toContain('stamps:left-out')
  })

  test('does not publish what is too large even so, and goes on', async () => {
    const feed = { topic: 'tiny', partitions: 1 }
    await makeTopic(kafka, feed)
    await makeTopic(kafka, { topic: 'tiny-fast-riser', partitions: 1, maxBytes: 5000 })
    await send(kafka, feed, packets)
    const lake = join(folder, 'tiny')
    const more = ['--filters', 'fast_riser']
    const { code, stderr } = await drain({ kafka, lake, topics: feed.topic, group: 'tiny', more })
    expect(code).toBe(0)
    expect(stderr).toMatch(/the alert in tiny-0@\d+ is not published: it has \d+ bytes/)
    expect(await verdictOf(lake)).toMatchObject({ ok: true, alerts: packets.length })
    const accounts = ledgerOf(lake).map(({ filters }) => filters['fast_riser']!)
    const sum = (of: 'published' | 'failed') => accounts.reduce((total, one) => total + one[of], 0)
    expect([sum('published'), sum('failed')]).toEqual([0, expected['fast-riser']])
  })

  test('begins where it is told, and the next member goes on from there', async () => {
    const feed = { topic: 'late', partitions: 1 }
    const lake = join(folder, 'late')
    await makeTopic(kafka, feed)
    await send(kafka, feed, packets.slice(0, 10))
    const args = { kafka, lake, topics: feed.topic, group: 'late', more: ['--from', 'latest'] }
    await drain(args)
    await send(kafka, feed, packets.slice(10, 15))
    await drain(args)
    expect(ledgerOf(lake).map(({ first, received }) => [first, received])).toEqual([[10, 5]])
    expect(await verdictOf(lake)).toMatchObject({ ok: true, received: 5 })
  })

  test('commits the position of a partition that was added a moment ago', async () => {
    const topic = 'widened'
    await makeTopic(kafka, { topic, partitions: 1 })
    const nobody = { user: null, password: null, mechanism: 'PLAIN', tls: false, ca: null } as const
    const access = { brokers: [kafka.bootstrap], ...nobody }
    const framing = { headers: {}, frame: (datum: Uint8Array) => Buffer.from(datum) }
    const output = { prefix: '', finkPrefix: '', maxBytes: 1e6 }
    const never = new AbortController().signal
    const publisher = new Publisher(access, 'widened-0', framing, output)
    const group = new ConsumerGroup({ kafka: access, group: topic, sessionSeconds: 6 }, 'widened', [
      topic
    ])
    const admin = openAdmin(access, 'widened-admin')
    try {
      const coordinatorId = await group.consumer.findGroupCoordinator()
      expect(coordinatorId).toBeTypeOf('number')
      const assignment = { generation: -1, memberId: '', partitions: [], ended: never }
      const commit = (partition: number) => {
        const positions = [{ topic, partition, next: 1 }]
        return publisher.commit(group, assignment, { messages: [], positions }, () => {})
      }
      await publisher.start()
      await commit(0)
      await admin.createPartitions({ topics: [{ name: topic, count: 2, assignments: null }] })
      await commit(1)
      const both = [0, 1].map((partition) => ({ topic, partition }))
      const positions = await stablePositions(admin, topic, both, never)
      expect([...positions.values()]).toEqual([1, 1])
    } finally {
      await Promise.all([publisher.close(), group.close(), admin.close()])
    }
  })

  test('refuses a lake that another group filled', async () => {
    const args = { kafka, lake: join(folder, 'whole'), topics: 'whole', group: 'other' }
    const { code, stderr } = await drain(args)
    expect(code).toBe(2)
    expect(stderr).toContain('go on with --group whole, choose another lake')
  })
})
