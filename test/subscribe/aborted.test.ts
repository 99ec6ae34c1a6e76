import { join } from 'node:path'
import { Admin, Producer } from '@platformatic/kafka'
import { beforeAll, expect, test } from 'vitest'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafka } from '../cluster/shared.ts'
import { describeKafka, makeTopic, until } from '../stream/support.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const SCHEMA = JSON.stringify({
  type: 'record',
  name: 'note',
  fields: [
    { name: 'object_id', type: 'string' },
    { name: 'padding', type: 'bytes' }
  ]
})

/** Larger than what one fetch takes of a partition, so that a few of these are several fetches. */
const LARGE = 600_000

function message(topic: string, id: string, padding = LARGE) {
  const name = Buffer.from(id)
  const length = Buffer.from([0x80 | ((padding * 2) & 0x7f), 0x80 | ((padding >> 6) & 0x7f), 0, 0])
  length[2] = 0x80 | ((padding >> 13) & 0x7f)
  length[3] = (padding >> 20) & 0x7f
  const value = Buffer.concat([
    Buffer.from([name.length * 2]),
    name,
    length,
    Buffer.alloc(padding, id)
  ])
  return { topic, key: Buffer.from(SCHEMA), value, partition: 0 }
}

describeKafka('a subscriber and transactions', () => {
  const folder = temporaryFolder()
  let kafka: SharedKafka

  beforeAll(async () => {
    kafka = await sharedKafka()
  })

  function producer(name: string): Producer {
    return new Producer({
      clientId: name,
      bootstrapBrokers: [kafka.bootstrap],
      transactionalId: `aborted-${name}`,
      idempotent: true,
      retries: 60,
      retryDelay: 20
    })
  }

  /** Markers come a moment after the end of a transaction was answered. */
  async function allMarked(topic: string): Promise<void> {
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.bootstrap] })
    const topics = [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1n }] }]
    const end = async (isolationLevel: 0 | 1) => {
      return (await admin.listOffsets({ topics, isolationLevel }))[0]?.partitions[0]?.offset
    }
    await until(async () => (await end(1)) === (await end(0)), 'the last marker')
    await admin.close()
  }

  const begin = (from: Producer) => from.beginTransaction({ producerId: -1n, producerEpoch: -1 })

  async function seen(topic: string, ...args: readonly string[]): Promise<string[]> {
    const flags = ['--brokers', kafka.bootstrap, '--group', topic, '--json', '--fields']
    const { stdout, stderr, code } = await siskin([
      'subscribe',
      topic,
      ...flags,
      'object_id',
      ...args
    ])
    expect(code, stderr).toBe(0)
    const lines = stdout.split('\n').filter((line) => line !== '')
    return lines.map((line) => (JSON.parse(line) as { object_id: string }).object_id)
  }

  test('shows nothing of an aborted transaction whose marker comes in a later fetch, and misses nothing', async () => {
    const topic = 'aborted'
    await makeTopic(kafka, { topic, partitions: 1 })
    const [one, two] = [producer('one'), producer('two')]
    const kept: string[] = []
    const open = await begin(one)
    for (let i = 0; i < 4; i++) {
      await open.send({ messages: [message(topic, `aborted-${i}`)] })
      const other = await (i === 0 ? begin(two) : two.beginTransaction())
      await other.send({ messages: [message(topic, `kept-${i}`)] })
      await other.commit()
      kept.push(`kept-${i}`)
    }
    expect(await seen(topic)).toEqual([]) // all lies behind the first message of an open transaction
    await open.abort()
    const again = await one.beginTransaction()
    await again.send({ messages: [message(topic, 'aborted-again', 10)] })
    await again.abort()
    const last = await one.beginTransaction()
    await last.send({ messages: [message(topic, 'kept-last', 10)] })
    await last.commit()
    await Promise.all([one.close(), two.close()])
    await allMarked(topic)

    expect(await seen(topic)).toEqual([...kept, 'kept-last'])
    expect(await seen(topic)).toEqual([])
    const { stdout } = await siskin([
      'subscribe',
      topic,
      '--brokers',
      kafka.bootstrap,
      '--group',
      topic,
      '--lag'
    ])
    expect(stdout).toContain('0 behind')
  })

  test('goes on in the middle of an aborted transaction', async () => {
    const topic = 'middle'
    await makeTopic(kafka, { topic, partitions: 1 })
    const [one, two] = [producer('three'), producer('four')]
    const open = await begin(one)
    await open.send({ messages: [message(topic, 'aborted-0')] })
    const other = await begin(two)
    await other.send({ messages: [message(topic, 'kept-0'), message(topic, 'kept-1', 10)] })
    await other.commit()
    await open.send({ messages: [message(topic, 'aborted-1')] })
    await open.abort()
    await Promise.all([one.close(), two.close()])
    await allMarked(topic)
    expect(await seen(topic, '--limit', '1')).toEqual(['kept-0'])
    expect(await seen(topic)).toEqual(['kept-1'])
    const saved = join(folder, 'saved.avro')
    expect(await seen(topic, '--from', 'earliest', '--save', saved)).toEqual(['kept-0', 'kept-1'])
  })
})
