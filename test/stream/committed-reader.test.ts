import { Admin, Producer } from '@platformatic/kafka'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CommittedReader } from '../../engine/kafka/committed-reader.ts'
import type { Chunk, ReadPosition } from '../../engine/kafka/committed-reader.ts'
import type { KafkaAccess } from '../../engine/kafka/settings.ts'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafka } from '../cluster/shared.ts'
import { describeKafka, makeTopic, newName, until } from './support.ts'

const LARGE = 400_000

describeKafka('a reader of what is committed', () => {
  let kafka: SharedKafka
  let access: KafkaAccess
  const producers: Producer[] = []
  const readers: CommittedReader[] = []

  beforeAll(async () => {
    kafka = await sharedKafka()
    const nobody = { user: null, password: null, mechanism: 'PLAIN', tls: false, ca: null } as const
    access = { brokers: [kafka.bootstrap], ...nobody }
  })

  afterAll(async () => {
    await Promise.all(readers.map((reader) => reader.close()))
    await Promise.all(producers.map((producer) => producer.close(true)))
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
    const topic = newName('aborted')
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
    const topic = newName('deleted')
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

  test('refuses an offset that is behind the end', async () => {
    const topic = newName('short')
    await makeTopic(kafka, { topic, partitions: 1 })
    const place = { topic, partition: 0, offset: 7, end: 9 }
    await expect(readAll(openReader(topic), place)).rejects.toThrow(/ends at offset 0, 7 was asked/)
  })
})
