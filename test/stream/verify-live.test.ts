import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Admin, Producer } from '@platformatic/kafka'
import { beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { openParquet } from '../../engine/lake/files/parquet-file.ts'
import { ledgerPath } from '../../engine/lake/ledger.ts'
import { readLedger } from '../../engine/lake/records.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { KafkaSide } from '../../engine/reconcile/kafka-side.ts'
import { Reconciler } from '../../engine/reconcile/reconcile.ts'
import type { KafkaAccess } from '../../engine/kafka/settings.ts'
import type { LakeVerdict } from '../../jobs/verify/text.ts'
import { sharedHdfs, sharedKafka } from '../cluster/shared.ts'
import type { SharedKafkaDoors } from '../cluster/shared.ts'
import { freePort } from '../cluster/daemon.ts'
import { openContainer, typeOf, writeContainer } from '../support/avro.ts'
import { ask } from '../support/ask.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'
import { describeKafka, drain, makeTopic, newName, nightOfPackets } from './support.ts'
import { receivedIn, send, start, until } from './support.ts'

describeKafka('verify while others are at work', () => {
  const folder = temporaryFolder()
  let kafka: SharedKafkaDoors
  let access: KafkaAccess
  let packets: Buffer[]

  beforeAll(async () => {
    kafka = await sharedKafka()
    const nobody = { user: null, password: null, mechanism: 'PLAIN', tls: false, ca: null } as const
    access = { brokers: [kafka.bootstrap], ...nobody }
    packets = await nightOfPackets(folder)
  })

  const verdictOf = async (lake: string, group: string, ...more: string[]) => {
    const flags = ['--brokers', kafka.bootstrap, '--group', group, '--out-prefix', `${group}-`]
    const { stdout, stderr } = await ask(['verify', '--lake', lake, ...flags, ...more, '--json'])
    if (stdout === '') throw new Error(stderr)
    return JSON.parse(stdout) as LakeVerdict
  }

  test('a lake that is being filled is whole at every look', async () => {
    const feed = { topic: newName('live'), partitions: 2 }
    const lake = join(folder, feed.topic)
    await makeTopic(kafka, feed)
    const more = ['--members', '2', '--trigger-rows', '10']
    const stream = start({ kafka, lake, topics: feed.topic, group: feed.topic, more })
    await send(kafka, feed, packets.slice(0, 50))
    await until(() => receivedIn(lake) > 0, 'the first part')
    const looks: LakeVerdict[] = []
    for (let from = 50; from < 300; from += 50) {
      const sending = send(kafka, feed, packets.slice(from, from + 50))
      looks.push(await verdictOf(lake, feed.topic))
      await sending
    }
    await until(() => receivedIn(lake) === 300, 'all parts')
    stream.child.kill('SIGTERM')
    await stream.ended
    for (const { differences } of looks) expect(differences).toEqual([])
    expect(new Set(looks.map(({ received }) => received)).size).toBeGreaterThan(2)
    expect(looks[0]!.kafka!.members).toBeGreaterThan(0)
    const last = await verdictOf(lake, feed.topic)
    expect(last).toMatchObject({ ok: true, received: 300, kafka: { members: 0 } })
  })

  test('a partition whose first part lands after the ledger was read is no stranger in topics', async () => {
    const feed = { topic: newName('first'), partitions: 2 }
    const lake = join(folder, feed.topic)
    await makeTopic(kafka, feed)
    await send(kafka, feed, packets.slice(0, 200))
    await drain({ kafka, lake, topics: feed.topic, group: feed.topic })
    const store = openStore(lake)
    const look = await Reconciler.open({
      store,
      access,
      group: feed.topic,
      prefix: `${feed.topic}-`,
      finkPrefix: null,
      retentionDays: 7,
      deep: false,
      onProgress: () => {}
    })
    for (const record of await readLedger(store)) {
      if (record.source === `${feed.topic}-0`) look.take(record)
    }
    const { differences, topics } = await look.finish()
    await look.close()
    expect(differences).toEqual([])
    expect(topics.flatMap(({ nights }) => Object.values(nights)).length).toBeGreaterThan(0)
  })

  test('waits for the end of a transaction that is open', async () => {
    const feed = { topic: newName('open'), partitions: 1 }
    await makeTopic(kafka, feed)
    const producer = new Producer({
      clientId: 'test',
      bootstrapBrokers: [kafka.bootstrap],
      transactionalId: feed.topic,
      idempotent: true
    })
    const transaction = await producer.beginTransaction()
    await transaction.send({
      messages: [{ topic: feed.topic, key: Buffer.from('a'), value: Buffer.from('a') }]
    })
    const side = new KafkaSide(access, 'nobody')
    const met: number[] = []
    const stable = await side.stableSpans(side.reader([feed.topic]), [feed.topic], (open) => {
      if (met.push(open.stableEnd) === 1) void transaction.commit()
    })
    expect(met[0]).toBe(0)
    expect(stable).toMatchObject({ spans: [{ first: 0, stableEnd: 2, end: 2 }], stuck: null })
    await side.close()
    await producer.close(true)
  })

  test('a lake on HDFS: whole, then a record short', async () => {
    const hdfs = await sharedHdfs()
    const feed = { topic: newName('far'), partitions: 1 }
    const lake = `${hdfs.root}/${feed.topic}`
    await makeTopic(kafka, feed)
    await send(kafka, feed, packets.slice(0, 200))
    await drain({ kafka, lake, topics: feed.topic, group: feed.topic })
    expect(await verdictOf(lake, feed.topic)).toMatchObject({ ok: true, received: 200 })
    const store = openStore(lake)
    const [, second] = await readLedger(store)
    const { first, last } = second!
    await store.remove(ledgerPath(`${feed.topic}-0`, first, last))
    const { differences } = await verdictOf(lake, feed.topic)
    expect(differences).toContain(
      `source ${feed.topic}-0: offsets ${first} to ${last} are in no part; Kafka still has ${last - first + 1} messages of them, from ${first} to ${last}`
    )
  })

  test('input that Kafka deleted before it was taken in is named', async () => {
    const feed = { topic: newName('short'), partitions: 1 }
    const lake = join(folder, feed.topic)
    await makeTopic(kafka, feed)
    await send(kafka, feed, packets.slice(0, 20))
    await drain({ kafka, lake, topics: feed.topic, group: feed.topic })
    await send(kafka, feed, packets.slice(20, 40))
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.bootstrap] })
    await admin.deleteRecords({
      topics: [{ name: feed.topic, partitions: [{ partition: 0, offset: 30n }] }]
    })
    await admin.close()
    expect((await verdictOf(lake, feed.topic)).differences).toEqual([
      `source ${feed.topic}-0: offsets 20 to 29 were deleted by Kafka before they were taken in`
    ])
  })

  test('messages that hold several packets: each is told apart, in Fink’s form too', async () => {
    const feed = { topic: newName('many'), partitions: 1 }
    const lake = join(folder, feed.topic)
    const opened = await Promise.all(packets.slice(0, 200).map(openContainer))
    const { schema } = opened[0]!
    const data = opened.map((container) => typeOf(schema).toBuffer(container.data[0]))
    const messages = Array.from({ length: 20 }, (_, i) =>
      writeContainer(schema, data.slice(i * 10, i * 10 + 10))
    )
    await makeTopic(kafka, feed)
    await send(kafka, feed, messages)
    const finkPrefix = `${feed.topic}_fink_`
    const fink = ['--fink-compat', '--fink-prefix', finkPrefix]
    await drain({ kafka, lake, topics: feed.topic, group: feed.topic, more: fink })
    const verdict = await verdictOf(lake, feed.topic, ...fink)
    expect(verdict).toMatchObject({ ok: true, received: 200, alerts: 200 })
    const selected = Object.values(verdict.topics).reduce((sum, count) => sum + count, 0)
    const found = (prefix: string) =>
      verdict
        .kafka!.topics.filter(({ topic }) => topic.startsWith(prefix))
        .reduce((sum, { nights }) => sum + (nights['ztf/20260110']?.found ?? 0), 0)
    expect([found(`${feed.topic}-`), found(finkPrefix)]).toEqual([selected, selected])
    const [record] = await readLedger(openStore(lake))
    const places = Object.values(record!.filters).flatMap(({ selected: own = {} }) =>
      Object.values(own)
    )
    expect(places.join(' ')).toMatch(/\d+\+[1-9]/)

    const { files, source, first, last } = record!
    const { path, bytes } = files.find(({ kind }) => kind === 'alerts')!
    const part = await openParquet(openStore(lake), path, bytes)
    expect(part.keys).toMatchObject({
      'siskin.source': source,
      'siskin.first': String(first),
      'siskin.last': String(last),
      'siskin.rows': String(part.rows),
      'siskin.version': record!.siskin,
      'siskin.modules': Object.entries(record!.modules)
        .map(([name, { version }]) => `${name}@${version}`)
        .join(' ')
    })
  })

  test('settings from a file, a user, and a Kafka that says no: one error within 15 s', async () => {
    const feed = { topic: newName('asked'), partitions: 1 }
    const lake = join(folder, feed.topic)
    const config = join(folder, 'verify.yaml')
    await makeTopic(kafka, feed)
    await send(kafka, feed, packets.slice(0, 5))
    await drain({ kafka, lake, topics: feed.topic, group: feed.topic })
    const access = { kafkaUser: kafka.user.name, kafkaMechanism: 'SCRAM-SHA-256' }
    const settings = { lake, group: feed.topic, outPrefix: `${feed.topic}-`, ...access }
    const look = async (brokers: string, password: string) => {
      writeFileSync(config, stringify({ ...settings, brokers }))
      const started = performance.now()
      const env = { SISKIN_KAFKA_PASSWORD: password }
      const { code, stdout, stderr } = await siskin(['verify', '--config', config], env)
      expect(performance.now() - started).toBeLessThan(15_000)
      return { code, stdout, stderr }
    }
    const sasl = kafka.saslBootstrap!
    const known = await look(sasl, kafka.user.password)
    expect([known.code, known.stdout]).toEqual([0, expect.stringContaining('once, in the lake')])
    const wrong = await look(sasl, 'guess')
    expect([wrong.code, wrong.stderr]).toEqual([
      1,
      expect.stringMatching(/^siskin: Kafka at .* does not let reader in: check the user/)
    ])
    const nobody = await look(`127.0.0.1:${await freePort()}`, kafka.user.password)
    expect([nobody.code, nobody.stderr]).toEqual([
      1,
      expect.stringMatching(/^siskin: Kafka at .* does not answer/)
    ])
  })
})
