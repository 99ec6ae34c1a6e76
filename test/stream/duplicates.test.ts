import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafka } from '../cluster/shared.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'
import {
  describeKafka,
  drain,
  makeTopic,
  newName,
  nightOfPackets,
  receivedIn,
  send,
  start,
  until,
  verdictOf
} from './support.ts'

describeKafka('copies of alerts in a live stream', () => {
  const folder = temporaryFolder()
  let kafka: SharedKafka
  let packets: Buffer[]
  const filters = ['--filters', 'fast_riser']

  beforeAll(async () => {
    kafka = await sharedKafka()
    packets = (await nightOfPackets(folder)).slice(0, 150)
  })

  async function setUp(name: string, partitions: number) {
    const topic = newName(name)
    const feed = { topic, partitions }
    await makeTopic(kafka, feed)
    const lake = join(folder, topic)
    return { feed, args: { kafka, lake, topics: topic, group: topic, more: filters } }
  }

  test('every alert sent twice, to both partitions, lands once; and none again after a restart', async () => {
    const { feed, args } = await setUp('twice', 2)
    await send(
      kafka,
      feed,
      packets.flatMap((packet) => [packet, packet])
    )
    const once = { received: 300, alerts: 150, duplicates: 150, revisions: 0 }
    expect(JSON.parse((await drain(args)).stdout)).toMatchObject(once)
    await send(kafka, feed, packets)
    const again = { received: 150, alerts: 0, duplicates: 150 }
    expect(JSON.parse((await drain(args)).stdout)).toMatchObject(again)
    expect(await verdictOf(args.lake)).toMatchObject({ ok: true, alerts: 150, copies: 0 })
  })

  test('are recognised by the member that takes a partition over from one that was killed', async () => {
    const { feed, args } = await setUp('taken', 2)
    await send(kafka, feed, packets)
    const one = start({ ...args, more: [...filters, '--trigger-rows', '2'] })
    await until(() => receivedIn(args.lake) === 150, 'the first copies')
    one.child.kill('SIGKILL')
    await one.ended
    await send(kafka, feed, packets)
    const two = await drain(args)
    expect(JSON.parse(two.stdout)).toMatchObject({ received: 150, alerts: 0, duplicates: 150 })
    expect(await verdictOf(args.lake)).toMatchObject({ ok: true, alerts: 150, copies: 0 })
  })

  test('are recognised by a member that joins and gets a partition of another that goes on', async () => {
    const { feed, args } = await setUp('shared', 2)
    await send(kafka, feed, packets)
    const more = [...filters, '--log-level', 'debug']
    const one = start({ ...args, more })
    await until(() => receivedIn(args.lake) === 150, 'the first copies')
    const two = start({ ...args, more })
    const has = (log: string) => /.*member \S+ has (.+)/s.exec(log)?.[1]?.split('\n')[0]?.trim()
    const isShared = () => [one, two].every(({ log }) => /^shared\w+-\d$/.test(has(log()) ?? ''))
    await until(isShared, 'a partition each')
    await send(kafka, feed, packets)
    await until(() => receivedIn(args.lake) === 300, 'the second copies')
    for (const { child } of [one, two]) child.kill('SIGTERM')
    await Promise.all([one.ended, two.ended])
    expect(await verdictOf(args.lake)).toMatchObject({
      ok: true,
      alerts: 150,
      duplicates: 150,
      copies: 0
    })
  })

  test('a whole night that MirrorMaker sends again, under the name of another topic, lands once', async () => {
    const { feed, args } = await setUp('mirrored', 2)
    await send(kafka, feed, packets)
    expect((await drain(args)).code).toBe(0)
    const mirror = { topic: `mirror.${feed.topic}`, partitions: 3 }
    await makeTopic(kafka, mirror)
    await send(kafka, mirror, packets.toReversed())
    const later = await drain({ ...args, topics: `${feed.topic},${mirror.topic}` })
    expect(JSON.parse(later.stdout)).toMatchObject({ received: 150, alerts: 0, duplicates: 150 })
    expect(await verdictOf(args.lake)).toMatchObject({ ok: true, alerts: 150, copies: 0 })
  })

  test('an archive after the stream brings only what the stream did not, also of a stream that was killed', async () => {
    const { feed, args } = await setUp('before', 2)
    await send(kafka, feed, packets)
    const stream = start(args)
    await until(() => receivedIn(args.lake) === 150, 'the stream')
    stream.child.kill('SIGKILL')
    await stream.ended
    const flags = ['--lake', args.lake, '--json', ...filters]
    const { stdout } = await siskin(['run', join(folder, 'night.tar'), ...flags])
    const account = JSON.parse(stdout) as { received: number; alerts: number; duplicates: number }
    expect(account.duplicates).toBe(150)
    expect(account.alerts).toBe(account.received - 150)
    expect(await verdictOf(args.lake)).toMatchObject({ alerts: account.received, copies: 0 })
  })
})
