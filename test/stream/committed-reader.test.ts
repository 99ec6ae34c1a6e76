import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Admin, Producer } from '@platformatic/kafka'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CommittedReader } from '../../engine/kafka/committed-reader.ts'
import type { Chunk, ReadPosition } from '../../engine/kafka/committed-reader.ts'
import type { KafkaAccess } from '../../engine/kafka/settings.ts'
import { startKafka } from '../cluster/cluster.ts'
import type { Kafka } from '../cluster/cluster.ts'
import { describeKafka, makeTopic, newName, until } from './support.ts'

const LARGE = 400_000

let topics = 0
/** A test that is tried again begins anew. */
const fresh = (name: string) => `${name}-${(topics += 1)}`

describeKafka('a reader of what is committed', () => {
  let kafka: Kafka
  let access: KafkaAccess
  const producers: Producer[] = []
  const readers: CommittedReader[] = []

  beforeAll(async () => {
    kafka = await startKafka()
    const nobody = { user: null, password: null, mechanism: 'PLAIN', tls: false, ca: null } as const
    access = { brokers: [kafka.bootstrap], ...nobody }
  })

  afterAll(async () => {
    await Promise.all(readers.map((reader) => reader.close()))
    await Promise.all(producers.map((producer) => producer.close(true)))
    await kafka?.stop()
  })

  const makeProducer = (name: string) => {
    const producer = new Producer({
      clientId: name,
      bootstrapBrokers: [kafka.bootstrap],
      transactionalId: name,
      idempotent: true,
      retryDelay: 20,
      retries: 50
    })
    producers.push(producer)
    return producer
  }

  /** Sends texts in one transaction, a batch each; leaves it open. */
  const begin = async (producer: Producer, topic: string, texts: readonly string[], size = 0) => {
    const transaction = await producer.beginTransaction()
    for (const text of texts) {
      const value = Buffer.concat([Buffer.from(text), Buffer.alloc(size, ' ')])
      const headers = new Map([[Buffer.from('of'), Buffer.from(text)]])
      const message = { topic, partition: 0, key: Buffer.from(text), value, headers }
      await transaction.send({ messages: [message] })
    }
    return transaction
  }

  const openReader = (topic: string) => {
    const reader = new CommittedReader(access, 'test-reader', [topic])
    readers.push(reader)
    return reader
  }

  const readAll = async (reader: CommittedReader, place: ReadPosition) => {
    const chunks: Chunk[] = []
    for await (const chunk of reader.read([place])) chunks.push(chunk)
    const texts = chunks.flatMap(({ messages }) => messages.map(({ key }) => String(key)))
    return { chunks, texts }
  }

  /** The first messages of a topic as Kafka's own consumer reads it. */
  const oracle = (topic: string, most: number) => {
    const flags = ['--isolation-level', 'read_committed', '--timeout-ms', '30000']
    flags.push('--max-messages', String(most))
    const shown = ['print.key=true', 'print.value=false'].flatMap((text) => [
      '--formatter-property',
      text
    ])
    const args = ['--bootstrap-server', kafka.bootstrap, '--topic', topic, '--from-beginning']
    return kafka
      .tool('org.apache.kafka.tools.consumer.ConsoleConsumer', [...args, ...flags, ...shown])
      .split('\n')
      .filter((line) => /^\w+$/.test(line))
  }

  test('sees nothing of aborted transactions, wherever their markers lie, nor of open ones', async () => {
    const topic = fresh('aborted')
    await makeTopic(kafka, { topic, partitions: 1 })
    const one = makeProducer(`${topic}-one`)
    const two = makeProducer(`${topic}-two`)
    await (await begin(one, topic, ['a', 'b'])).commit()
    // 2.4 MB with a committed transaction of another in between: the marker lies some fetches on
    const dropped = await begin(one, topic, ['x1', 'x2', 'x3'], LARGE)
    await (await begin(two, topic, ['c'])).commit()
    for (const text of ['x4', 'x5', 'x6']) {
      const value = Buffer.alloc(LARGE)
      await dropped.send({ messages: [{ topic, partition: 0, key: Buffer.from(text), value }] })
    }
    await dropped.abort()
    // two aborts of one producer in one fetch
    await (await begin(one, topic, ['y1', 'y2'])).abort()
    await (await begin(one, topic, ['d'])).commit()
    await (await begin(one, topic, ['z1'])).abort()
    await (await begin(one, topic, ['e'])).commit()
    const open = await begin(one, topic, ['later'])
    await (await begin(two, topic, ['behind'])).commit()

    const reader = openReader(topic)
    await until(async () => (await reader.spans([topic]))[0]!.end > 22, 'all markers')
    const [span] = await reader.spans([topic])
    expect(span!.stableEnd).toBeLessThan(span!.end)
    const whole = await readAll(reader, { topic, partition: 0, offset: 0, end: span!.stableEnd })
    expect(whole.texts).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(whole.texts).toEqual(oracle(topic, 5))
    expect(whole.chunks.length).toBeGreaterThan(2)
    expect(whole.chunks.at(-1)).toMatchObject({ next: span!.stableEnd, expired: 0 })

    const late = await readAll(reader, { topic, partition: 0, offset: 5, end: span!.stableEnd })
    expect(late.texts).toEqual(['c', 'd', 'e'])

    await open.commit()
    const rest: string[] = []
    const enough = new AbortController()
    const place = { topic, partition: 0, offset: span!.stableEnd }
    for await (const { messages, next, stableEnd } of reader.read([place], enough.signal)) {
      rest.push(...messages.map(({ headers }) => String(headers.get('of'))))
      expect(next).toBeLessThanOrEqual(stableEnd)
      if (rest.length === 2) enough.abort()
    }
    expect(rest).toEqual(['later', 'behind'])
    expect(oracle(topic, 7)).toEqual(['a', 'b', 'c', 'd', 'e', 'later', 'behind'])
  })

  test('steps over what was deleted and says how much it was', async () => {
    const topic = fresh('deleted')
    await makeTopic(kafka, { topic, partitions: 1 })
    await (await begin(makeProducer(topic), topic, ['a', 'b', 'c', 'd'])).commit()
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.bootstrap] })
    await admin.deleteRecords({
      topics: [{ name: topic, partitions: [{ partition: 0, offset: 2n }] }]
    })
    await admin.close()
    const reader = openReader(topic)
    expect((await reader.spans([topic]))[0]).toMatchObject({ first: 2 })
    const { chunks, texts } = await readAll(reader, { topic, partition: 0, offset: 0, end: 4 })
    expect(texts).toEqual(['c', 'd'])
    expect(chunks[0]).toMatchObject({ expired: 2, next: 2 })
  })

  test('notices a log that was cut and grew again behind its back', async () => {
    const topic = fresh('cut')
    await makeTopic(kafka, { topic, partitions: 1 })
    const all = async (count: number) => {
      const one = makeProducer(newName(topic))
      const texts = Array.from({ length: count }, (_, i) => `${count} ${i}`)
      await (await begin(one, topic, texts)).commit()
    }
    await all(5)
    const chunks = openReader(topic).read([{ topic, partition: 0, offset: 0 }])
    let next = 0
    while (next < 6) next = ((await chunks.next()).value as { next: number }).next
    await kafka.daemons[0]!.stop()
    const log = join(kafka.folder, 'data', `${topic}-0`)
    for (const name of readdirSync(log)) {
      if (name !== 'partition.metadata') rmSync(join(log, name))
    }
    await kafka.daemons[0]!.start()
    await all(20)
    await expect(chunks.next()).rejects.toThrow('its log was cut, and grew again')
  })

  test('refuses an offset that is behind the end', async () => {
    const topic = fresh('short')
    await makeTopic(kafka, { topic, partitions: 1 })
    const place = { topic, partition: 0, offset: 7, end: 9 }
    await expect(readAll(openReader(topic), place)).rejects.toThrow(/ends at offset 0, 7 was asked/)
  })
})
