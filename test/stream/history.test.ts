import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CommittedReader } from '../../engine/kafka/committed-reader.ts'
import { startKafka } from '../cluster/cluster.ts'
import type { Kafka } from '../cluster/cluster.ts'
import { siskin, startSiskin, temporaryFolder } from '../support/siskin.ts'
import { describeKafka, drain, makeTopic, nightOfPackets, send } from './support.ts'

/** A zigzag varint of 64 bits behind one byte. */
function idOf(datum: Uint8Array): bigint {
  let value = 0n
  for (let at = 1, shift = 0n; ; at++, shift += 7n) {
    value |= BigInt(datum[at]! & 0x7f) << shift
    if (datum[at]! < 0x80) return (value >> 1n) ^ -(value & 1n)
  }
}

interface Account {
  readonly topics: Record<string, number>
  readonly published: { messages: number; before: number }
}

describeKafka('history published to a topic', () => {
  const folder = temporaryFolder()
  const lake = join(folder, 'lake')
  const feed = { topic: 'night', partitions: 2 }
  let kafka: Kafka
  let selected: string[]

  beforeAll(async () => {
    kafka = await startKafka()
    const packets = await nightOfPackets(folder)
    await makeTopic(kafka, feed)
    await send(kafka, feed, packets)
    expect(await drain({ kafka, lake, topics: 'night', group: 'own' })).toMatchObject({ code: 0 })
    selected = await idsIn('new-source')
    expect(selected.length).toBeGreaterThan(0)
  })

  afterAll(() => kafka?.stop())

  const places = () => ['--brokers', kafka.bootstrap, '--out-prefix', 'own-']

  /** Alert ids in a topic, sorted: of every message that counts, for `siskin subscribe` shows one of copies. */
  async function idsIn(topic: string): Promise<string[]> {
    const name = `own-${topic}`
    const access = { brokers: [kafka.bootstrap], user: null, password: null, tls: false, ca: null }
    const reader = new CommittedReader({ ...access, mechanism: 'PLAIN' }, 'test', [name])
    const ids: string[] = []
    try {
      const spans = await reader.spans([name])
      const places = spans.map(({ partition, first, stableEnd }) => {
        return { topic: name, partition, offset: first, end: stableEnd }
      })
      for await (const { messages } of reader.read(places)) {
        // the id is the first field of a message, behind the branch of its union
        for (const { value } of messages) ids.push(String(idOf(value!)))
      }
    } finally {
      await reader.close()
    }
    return ids.sort((a, b) => (a < b ? -1 : 1))
  }

  const argsOf = (from: string, topic: string) => [
    ...`reprocess --lake ${from} --filters new_source --publish ${topic} --json --group own`.split(
      ' '
    ),
    ...places()
  ]

  async function published(from: string, topic: string): Promise<Account> {
    const { code, stdout, stderr } = await siskin(argsOf(from, topic))
    expect(code, stderr).toBe(0)
    return JSON.parse(stdout) as Account
  }

  test('goes out once, whatever is run again', async () => {
    const first = await published(lake, 'history')
    expect(first.published).toMatchObject({ messages: selected.length, before: 0 })
    expect(await idsIn('history')).toEqual(selected)
    const second = await published(lake, 'history')
    expect(second.published.messages).toBe(0)
    expect(second.published.before).toBeGreaterThan(0)
    expect(await idsIn('history')).toEqual(selected)
    expect(await idsIn('new-source')).toEqual(selected)
  })

  test('goes out once when it is killed again and again', async () => {
    for (const wait of [900, 1300, 1600, 1900, 2200, 2600, 3000]) {
      const { child, ended } = startSiskin(argsOf(lake, 'killed'))
      const kill = setTimeout(() => child.kill('SIGKILL'), wait)
      await ended
      clearTimeout(kill)
    }
    await published(lake, 'killed')
    expect(await idsIn('killed')).toEqual(selected)
  })

  test('goes into a live topic if that is named, and verify counts it as no part of the stream', async () => {
    const account = await published(lake, 'new-source')
    expect(account.published).toMatchObject({ messages: selected.length, before: 0 })
    expect(await idsIn('new-source')).toEqual(
      [...selected, ...selected].sort((a, b) => (a < b ? -1 : 1))
    )
    const args = ['verify', '--lake', lake, ...places(), '--group', 'own', '--json']
    const { stdout } = await siskin(args)
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, differences: [] })
  })

  test('is refused for a topic of another lake, and without brokers or with two filters', async () => {
    const other = join(folder, 'other')
    cpSync(lake, other, { recursive: true })
    const refused = await siskin(argsOf(other, 'history'))
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('it is a copy')])
    const reprocess = (more: string) =>
      siskin(`reprocess --lake ${lake} --publish x ${more}`.trim().split(' '))
    const blind = await reprocess('--filters new_source')
    expect([blind.code, blind.stderr]).toEqual([2, expect.stringContaining('with --brokers')])
    const two = await reprocess(`--filters new_source,fast_riser --brokers ${kafka.bootstrap}`)
    expect([two.code, two.stderr]).toEqual([2, expect.stringContaining('name the one filter')])
  })
})
