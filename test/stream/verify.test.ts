import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Admin, Producer } from '@platformatic/kafka'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ledgerPath } from '../../engine/lake/ledger.ts'
import { amount } from '../../engine/amount.ts'
import type { PartRecord } from '../../engine/lake/ledger.ts'
import { readPlaces } from '../../engine/lake/files/places.ts'
import { CommittedReader } from '../../engine/kafka/committed-reader.ts'
import type { CommittedMessage } from '../../engine/kafka/committed-reader.ts'
import type { LakeVerdict } from '../../jobs/verify/text.ts'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafka } from '../cluster/shared.ts'
import { ask } from '../support/ask.ts'
import { temporaryFolder } from '../support/siskin.ts'
import { describeKafka, drain, ledgerOf, makeTopic, nightOfPackets, send } from './support.ts'

const GROUP = 'verified'

describeKafka('verify of a lake that a stream fills', () => {
  const folder = temporaryFolder()
  const input = { topic: 'checked', partitions: 2 }
  const whole = join(folder, 'lake')
  let kafka: SharedKafka
  let admin: Admin
  let records: PartRecord[]
  /** Messages of all partitions, of the first, of the second. */
  let ends: { all: number; 'checked-0': number; 'checked-1': number }

  beforeAll(async () => {
    kafka = await sharedKafka()
    admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.bootstrap] })
    await makeTopic(kafka, input)
    const packets = await nightOfPackets(folder)
    const all = packets.length
    ends = { all, 'checked-0': Math.ceil(all / 2), 'checked-1': Math.floor(all / 2) }
    await send(kafka, input, packets)
    await drain({ kafka, lake: whole, topics: input.topic, group: GROUP })
    records = ledgerOf(whole).toSorted((a, b) => (a.part < b.part ? -1 : 1))
  })

  afterAll(async () => {
    await admin?.close()
  })

  const look = async (lake: string, ...more: string[]) => {
    const flags = ['--brokers', kafka.bootstrap, '--group', GROUP, '--out-prefix', `${GROUP}-`]
    return ask(['verify', '--lake', lake, ...flags, ...more])
  }

  const verdictOf = async (lake: string, ...more: string[]) => {
    const { stdout, stderr } = await look(lake, '--json', ...more)
    if (stdout === '') throw new Error(stderr)
    return JSON.parse(stdout) as LakeVerdict
  }

  const about = ({ differences }: LakeVerdict, topic: string) =>
    differences.filter((text) => text.startsWith(`topic ${topic}`))

  const copyOf = (name: string) => {
    const copy = join(folder, name)
    cpSync(whole, copy, { recursive: true })
    return copy
  }

  /** Where the first part of a source lies in the ledger, and what it chose for a topic. */
  const recordOf = (source: string, nth: number) =>
    records.filter((record) => record.source === source)[nth]!

  /** Input offsets that the ledger says were chosen for a topic, `source@offset`. */
  const chosenFor = (topic: string) =>
    records.flatMap(({ source, first, filters }) =>
      Object.values(filters)
        .filter((filter) => filter.topic === topic)
        .flatMap(({ selected = {} }) => Object.values(selected).flatMap(readPlaces))
        .map(({ offset }) => `${source}@${first + offset}`)
    )

  const messagesOf = async (topic: string) => {
    const nobody = { user: null, password: null, mechanism: 'PLAIN', tls: false, ca: null } as const
    const reader = new CommittedReader({ brokers: [kafka.bootstrap], ...nobody }, 'test', [topic])
    const places = (await reader.spans([topic])).map(({ partition, first, stableEnd }) => {
      return { topic, partition, offset: first, end: stableEnd }
    })
    const all: CommittedMessage[] = []
    for await (const { messages } of reader.read(places)) all.push(...messages)
    await reader.close()
    return all
  }

  const produce = async (message: CommittedMessage, source: string | null) => {
    const producer = new Producer({ clientId: 'test', bootstrapBrokers: [kafka.bootstrap] })
    const { topic, partition, key, value } = message
    const entries = [...message.headers].filter(([name]) => name !== 'source')
    if (source !== null) entries.push(['source', Buffer.from(source)])
    const headers = new Map(entries.map(([name, text]) => [Buffer.from(name), text]))
    const { offsets } = await producer.send({
      messages: [{ topic, partition, key: key!, value: value!, headers }]
    })
    await producer.close()
    return `${topic}-${partition}@${offsets![0]!.offset}`
  }

  const resetTo = (offset: number) => {
    const main = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand'
    const where = ['--group', GROUP, '--topic', `${input.topic}:0`, '--to-offset', String(offset)]
    const how = ['--bootstrap-server', kafka.bootstrap, '--reset-offsets', '--execute']
    kafka.tool(main, [...how, ...where])
  }

  test('says so of one that is whole, by night', async () => {
    const verdict = await verdictOf(whole)
    expect(verdict).toMatchObject({ ok: true, differences: [], kafka: { members: 0 } })
    const selected = Object.values(verdict.topics).reduce((sum, count) => sum + count, 0)
    expect(selected).toBeGreaterThan(50)
    const nothing = { expired: 0, missing: 0, doubled: 0 }
    expect(verdict.kafka!.nights).toEqual({
      'ztf/20260110': { selected, found: selected, ...nothing }
    })
    for (const { source, lake, group, waiting } of verdict.kafka!.sources) {
      const end = ends[source as 'checked-0' | 'checked-1']
      expect({ lake, group, waiting }).toEqual({ lake: end, group: end, waiting: 0 })
    }
    const { stdout } = await look(whole)
    expect(stdout).toContain(
      'is whole: every packet is accounted for, once, in the lake, the group'
    )
    expect(stdout).toMatch(new RegExp(`20260110 +${ends.all} +${selected} +${selected} +0 +0 +0`))
  })

  test('without --brokers it says what was not looked at', async () => {
    const { stdout, code } = await ask(['verify', '--lake', whole])
    expect(code).toBe(0)
    expect(stdout).toContain('its topics and positions in Kafka were not looked at (--brokers)')
  })

  test('a record that is gone: its offsets, and the messages that nobody accounts for', async () => {
    const lake = copyOf('no-record')
    const { first, last, filters } = recordOf('checked-0', 1)
    rmSync(join(lake, ledgerPath('checked-0', first, last)))
    const verdict = await verdictOf(lake)
    expect(verdict.ok).toBe(false)
    expect(verdict.differences).toContain(
      `source checked-0: offsets ${first} to ${last} are in no part; Kafka still has ${last - first + 1} messages of them, from ${first} to ${last}`
    )
    const strays = verdict.kafka!.topics.flatMap((topic) => topic.strays)
    const published = Object.values(filters).reduce((sum, filter) => sum + filter.published, 0)
    expect(published).toBeGreaterThan(0)
    expect(strays).toHaveLength(published)
    for (const { why, source, at } of strays) {
      expect(why).toBe('no-part')
      const offset = Number(source!.slice('checked-0@'.length))
      expect(offset >= first && offset <= last).toBe(true)
      expect(at).toMatch(/^verified-[a-z-]+-\d@\d+$/)
    }
  })

  test('the last part gone: the group is ahead of the lake, by these offsets', async () => {
    const lake = copyOf('no-last')
    const end = ends['checked-1']
    const { first, last } = records.filter((record) => record.source === 'checked-1').at(-1)!
    rmSync(join(lake, ledgerPath('checked-1', first, last)))
    const { differences, kafka: seen } = await verdictOf(lake)
    expect(differences).toContain(
      `source checked-1: group verified goes on at ${end}, the lake ends at ${first}: offsets ${first} to ${end - 1} are in no part; to take them in, set the group back to ${first}`
    )
    expect(seen!.sources[1]).toMatchObject({ state: 'group-ahead', lake: first, group: end })
  })

  test('a file of a part gone', async () => {
    const lake = copyOf('no-file')
    const { files } = recordOf('checked-0', 0)
    rmSync(join(lake, files[0]!.path))
    expect((await verdictOf(lake)).differences).toContain(`${files[0]!.path} is missing`)
  })

  test('with --deep, a part that took in other than what the input has', async () => {
    const lake = copyOf('lies')
    const record = recordOf('checked-0', 1)
    const { first, last, stream } = record
    const count = last - first + 1
    const lie = { ...record, stream: { ...stream, messages: count - 1, missing: 1 } }
    writeFileSync(join(lake, ledgerPath('checked-0', first, last)), JSON.stringify(lie))
    expect((await verdictOf(lake)).ok).toBe(true)
    expect((await verdictOf(lake, '--deep')).differences).toEqual([
      `source checked-0: the part from ${first} to ${last} took in ${amount(count - 1, 'message')}, Kafka has ${amount(count, 'committed message')} there`
    ])
    expect((await verdictOf(whole, '--deep')).ok).toBe(true)
  })

  test('parts older than what topics keep: counted, and no message of theirs is asked for', async () => {
    const lake = copyOf('old')
    const shift = (from: string, days: number) =>
      new Date(Date.parse(from) - days * 24 * 3600 * 1000).toISOString()
    const rewrite = (change: (record: PartRecord) => PartRecord) => {
      for (const record of records) {
        const { source, first, last, started } = record
        const older = change({ ...record, started: shift(started, 9) })
        writeFileSync(join(lake, ledgerPath(source, first, last)), JSON.stringify(older))
      }
    }
    rewrite((record) => record)
    const there = await verdictOf(lake)
    expect(there.differences).toEqual([])
    expect(there.kafka!.nights).toEqual((await verdictOf(whole)).kafka!.nights)
    rewrite((record) => ({ ...record, stream: { ...record.stream!, prefix: 'none-' } }))
    const flags = ['--brokers', kafka.bootstrap, '--group', GROUP, '--out-prefix', 'none-']
    const elsewhere = await ask(['verify', '--json', '--lake', lake, ...flags])
    const { differences, kafka: seen } = JSON.parse(elsewhere.stdout) as LakeVerdict
    expect(differences).toEqual([])
    const { selected, found, expired } = seen!.nights['ztf/20260110']!
    expect(expired).toBeGreaterThan(50)
    expect([selected, found]).toEqual([expired, 0])
  })

  test('the group set back or forward by hand', async () => {
    const end = ends['checked-0']
    resetTo(100)
    const back = await verdictOf(whole)
    expect(back.differences).toEqual([
      `source checked-0: the lake ends at ${end}, group verified goes on at 100: offsets 100 to ${end - 1} would be taken in twice; set the group forward to ${end}`
    ])
    resetTo(end)
    expect((await verdictOf(whole)).ok).toBe(true)
    const flags = ['--brokers', kafka.bootstrap, '--group', 'stranger', '--out-prefix', 'verified-']
    const { stdout, code } = await ask(['verify', '--lake', whole, ...flags, '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      differences: [
        expect.stringMatching(/^group stranger has no position of anything .*is --group right\?/)
      ]
    })
  })

  test('messages twice, foreign, not selected: where each lies and of which packet', async () => {
    const topic = `${GROUP}-solar-system-known`
    const [message] = await messagesOf(topic)
    const chosen = chosenFor('solar-system-known')
    const own = String(message!.headers.get('source'))
    expect(chosen).toContain(own)
    const end = ends['checked-0']
    const other = Array.from({ length: end }, (_, i) => `checked-0@${i}`).find(
      (place) => !chosen.includes(place)
    )!
    const doubled = await produce(message!, own)
    const nameless = await produce(message!, null)
    const unchosen = await produce(message!, other)
    const unknown = await produce(message!, 'elsewhere-3@17')
    const future = await produce(message!, 'checked-0@500')
    const verdict = await verdictOf(whole)
    expect(verdict.differences.toSorted()).toEqual(
      [
        `topic ${topic}: the alert of ${own} is in it again at ${doubled}`,
        `topic ${topic}: 1 message not published by siskin, no header names an input packet: ${nameless}`,
        `topic ${topic}: 1 message of alerts that the ledger does not call selected: ${unchosen} (${other})`,
        `topic ${topic}: 1 message of a source that the lake does not know: ${unknown} (elsewhere-3@17)`,
        `topics hold messages for checked-0 up to offset 500, but the lake ends at ${end} and the group goes on at ${end}: another group publishes under the same prefix, or it was set back`
      ].sort()
    )
    expect(future).toMatch(/@\d+$/)
    const counts = verdict.kafka!.nights['ztf/20260110']!
    expect(counts).toMatchObject({ doubled: 1, missing: 0, found: counts.selected })
  })

  test('messages that Kafka deleted are expired, not missing', async () => {
    const topic = `${GROUP}-fast-riser`
    const before = await messagesOf(topic)
    const { partition, offset } = before.at(-1)!
    const gone = before.filter((own) => own.partition === partition && own.offset < offset)
    expect(gone.length).toBeGreaterThan(0)
    await admin.deleteRecords({
      topics: [{ name: topic, partitions: [{ partition, offset: BigInt(offset) }] }]
    })
    const verdict = await verdictOf(whole)
    expect(about(verdict, topic)).toEqual([])
    const { nights } = verdict.kafka!.topics.find((own) => own.topic === topic)!
    expect(nights['ztf/20260110']).toMatchObject({
      selected: before.length,
      expired: gone.length,
      missing: 0
    })
  })

  test('a topic deleted, and made anew: every alert that is missing in it', async () => {
    const topic = `${GROUP}-large-amplitude`
    const chosen = chosenFor('large-amplitude')
    const lost = ({ kafka: seen }: LakeVerdict) =>
      seen!.topics
        .find((own) => own.topic === topic)!
        .missing.flatMap(({ source, offsets }) =>
          readPlaces(offsets).map(({ offset }) => `${source}@${offset}`)
        )
    await admin.deleteTopics({ topics: [topic] })
    const deleted = await verdictOf(whole)
    expect(lost(deleted).sort()).toEqual(chosen.toSorted())
    expect(about(deleted, `${topic}, which is not in Kafka: the alerts of checked-`)).not.toEqual(
      []
    )
    await makeTopic(kafka, { topic, partitions: 2 })
    const anew = await verdictOf(whole)
    expect(lost(anew).sort()).toEqual(chosen.toSorted())
    const named = about(anew, `${topic}: the alerts of checked-0 at offset `)
    expect(named.join('\n')).toMatch(/at offset [\d +-]+ are missing \(ztf\/20260110\)/)
  })
})
