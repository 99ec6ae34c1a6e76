import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readArchive } from '../../simulator/read-archive.ts'
import { simulate } from '../../simulator/index.ts'
import { startKafka } from '../cluster/cluster.ts'
import type { Kafka } from '../cluster/cluster.ts'
import { FakeRegistry } from '../support/registry.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'
import {
  describeKafka,
  drain,
  ledgerOf,
  makeTopic,
  membersOf,
  newName,
  nightOfPackets,
  nonZero,
  publishedCounts,
  receivedIn,
  send,
  start,
  until,
  verdictOf
} from './support.ts'

describeKafka('topics and registries that go away', () => {
  const folder = temporaryFolder()
  let kafka: Kafka
  let packets: Buffer[]
  let expected: Record<string, number>

  beforeAll(async () => {
    kafka = await startKafka({ tls: true })
    packets = await nightOfPackets(folder)
    const lake = join(folder, 'run')
    const { stdout } = await siskin(['run', join(folder, 'night.tar'), '--lake', lake, '--json'])
    expected = nonZero((JSON.parse(stdout) as { topics: Record<string, number> }).topics)
  })

  afterAll(() => kafka?.stop())

  function topicTool(args: readonly string[]): void {
    const all = ['--bootstrap-server', kafka.bootstrap, ...args]
    kafka.tool('org.apache.kafka.tools.TopicCommand', all)
  }

  test('a topic for subscribers is deleted: it is made anew, the others miss nothing', async () => {
    const group = newName('out')
    const input = { topic: `night-${group}`, partitions: 1 }
    await makeTopic(kafka, input)
    const half = Math.floor(packets.length / 2)
    await send(kafka, input, packets.slice(0, half))
    const args = { kafka, lake: join(folder, group), topics: input.topic, group }
    const running = start(args)
    await until(() => receivedIn(args.lake) >= half, 'the first half')
    const deleted = 'solar-system-known'
    topicTool(['--delete', '--topic', `${group}-${deleted}`])
    await send(kafka, input, packets.slice(half))
    await until(() => receivedIn(args.lake) >= packets.length, 'all packets')
    running.child.kill('SIGTERM')
    expect(await running.ended).toBe(0)
    const verdict = await verdictOf(args.lake)
    expect(verdict).toMatchObject({ received: packets.length, differences: [], copies: 0 })
    const late = ledgerOf(args.lake).filter(({ first }) => first >= half)
    const after = late.reduce(
      (sum, { filters }) => sum + filters['solar_system_known']!.published,
      0
    )
    expect(after).toBeLessThan(expected[deleted]!)
    const left = nonZero({ ...expected, [deleted]: after })
    expect(await publishedCounts(kafka, `${group}-`, left)).toEqual(left)
  })

  test('an input topic is deleted: the other goes on; made anew, it is left alone', async () => {
    const group = newName('in')
    const stays = { topic: `stays-${group}`, partitions: 1 }
    const goes = { topic: `goes-${group}`, partitions: 1 }
    const third = Math.floor(packets.length / 3)
    await makeTopic(kafka, stays)
    await makeTopic(kafka, goes)
    await send(kafka, goes, packets.slice(0, third))
    const lake = join(folder, group)
    const running = start({ kafka, lake, topics: `${stays.topic},${goes.topic}`, group })
    await until(() => receivedIn(lake) >= third, 'the first third')
    topicTool(['--delete', '--topic', goes.topic])
    await send(kafka, stays, packets.slice(third, 2 * third))
    await until(() => receivedIn(lake) >= 2 * third, 'the second third')
    await makeTopic(kafka, goes)
    await send(kafka, stays, packets.slice(2 * third))
    await until(() => receivedIn(lake) >= packets.length, 'the rest')
    await until(() => running.log().includes('was deleted and made anew'), 'the warning')
    running.child.kill('SIGTERM')
    expect(await running.ended).toBe(0)
    const verdict = await verdictOf(lake)
    expect(verdict).toMatchObject({ received: packets.length, differences: [], copies: 0 })
    expect(await publishedCounts(kafka, `${group}-`, expected)).toEqual(expected)
  })

  test('the registry of LSST’s schemas is down: known schemas go on, another waits for it', async () => {
    const group = newName('registry')
    const out = join(folder, `${group}-lsst/night.tar`)
    await simulate({ out, survey: 'lsst', scale: 0.0005, seed: 3, schemaChange: true })
    const night = readArchive(out).map(({ bytes }) => bytes)
    const idOf = (packet: Buffer) => packet.readUInt32BE(1)
    const old = night.filter((packet) => idOf(packet) === idOf(night[0]!))
    const changed = night.filter((packet) => idOf(packet) !== idOf(night[0]!))
    expect(Math.min(old.length, changed.length)).toBeGreaterThan(3)
    const registry = new FakeRegistry()
    await registry.start()
    const schemas = join(dirname(out), 'schemas')
    for (const name of readdirSync(schemas)) {
      registry.schemas.set(Number.parseInt(name), readFileSync(join(schemas, name), 'utf8'))
    }
    const input = { topic: `lsst-${group}`, partitions: 1 }
    await makeTopic(kafka, input)
    await send(kafka, input, old.slice(0, 2))
    const lake = join(folder, group)
    const more = ['--schemas', registry.address]
    const running = start({ kafka, lake, topics: input.topic, group, more })
    await until(() => receivedIn(lake) === 2, 'the first packets')

    await registry.stop()
    for (const pid of membersOf(running)) process.kill(pid, 'SIGKILL') // what it knew by heart is gone
    await send(kafka, input, old.slice(2))
    await until(() => receivedIn(lake) === old.length, 'packets of the known schema')
    await send(kafka, input, changed)
    await until(() => /schema registry .* is it running/.test(running.log()), 'the complaint')
    expect(receivedIn(lake)).toBe(old.length)
    await registry.start()
    await until(() => receivedIn(lake) === night.length, 'packets of the new schema')
    running.child.kill('SIGTERM')
    expect(await running.ended).toBe(0)
    await registry.stop()
    const verdict = await verdictOf(lake)
    expect(verdict).toMatchObject({ received: night.length, alerts: night.length, differences: [] })
  })

  test('Kafka speaks TLS, and the topics have a registry', async () => {
    const group = newName('tls')
    const input = { topic: `night-${group}`, partitions: 1 }
    await makeTopic(kafka, input)
    await send(kafka, input, packets)
    const { bootstrap, ca } = kafka.tls!
    const registry = new FakeRegistry()
    await registry.start()
    const lake = join(folder, group)
    const args = { kafka: { ...kafka, bootstrap }, lake, topics: input.topic, group }
    const more = ['--kafka-ca', ca, '--out-registry', registry.address]
    const { code, stdout } = await drain({ ...args, more })
    await registry.stop()
    expect(code).toBe(0)
    expect(nonZero((JSON.parse(stdout) as { topics: Record<string, number> }).topics)).toEqual(
      expected
    )
    expect(await publishedCounts(kafka, `${group}-`, expected)).toEqual(expected)
    expect(registry.subjects.toSorted()).toContain(`${group}-fast-riser-value`)
    const stranger = await drain({ ...args, more: [] }, { SISKIN_KAFKA_CA: 'system' })
    expect(stranger.code).toBe(1)
    expect(stranger.stderr).toMatch(/certificate/)
  })
})
