import { cpSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Admin, Producer } from '@platformatic/kafka'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ledgerPath, rangeName } from '../../engine/lake/ledger.ts'
import type { PartRecord } from '../../engine/lake/ledger.ts'
import type { Outcome } from '../../engine/repair/repair.ts'
import type { LakeVerdict } from '../../jobs/verify/text.ts'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafka } from '../cluster/shared.ts'
import {
  describeKafka,
  drain,
  ledgerOf,
  makeTopic,
  nightOfPackets,
  published,
  send
} from '../stream/support.ts'
import { ask } from '../support/ask.ts'
import { killAt } from '../support/kill.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'
import { damage, filesIn } from './support.ts'

const GROUP = 'mended'

describeKafka('repair of a lake that a stream fills', () => {
  const folder = temporaryFolder()
  const input = { topic: 'mended-night', partitions: 1 }
  const source = 'mended-night-0'
  const whole = join(folder, 'lake')
  let kafka: SharedKafka
  let admin: Admin
  let records: PartRecord[]
  let packets: Buffer[]

  beforeAll(async () => {
    kafka = await sharedKafka()
    admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.bootstrap] })
    await makeTopic(kafka, input)
    packets = (await nightOfPackets(folder)).slice(0, 160)
    await send(kafka, input, packets)
    await drain({ kafka, lake: whole, topics: input.topic, group: GROUP })
    records = ledgerOf(whole).toSorted((a, b) => a.first - b.first)
  })

  afterAll(async () => {
    await admin?.close()
  })

  const flags = () => ['--brokers', kafka.bootstrap, '--group', GROUP, '--out-prefix', `${GROUP}-`]

  const verdictOf = async (lake: string, ...more: string[]) => {
    const args = ['verify', '--lake', lake, '--json', ...flags(), ...more]
    const { stdout, stderr } = await siskin(args)
    if (stdout === '') throw new Error(stderr)
    return JSON.parse(stdout) as LakeVerdict
  }

  const repairOf = async (lake: string, ...more: string[]) => {
    const args = ['repair', '--lake', lake, '--deep', '--yes', '--json', ...flags(), ...more]
    const { stdout, stderr } = await siskin(args)
    if (stdout === '') throw new Error(stderr)
    return JSON.parse(stdout) as { outcomes: Outcome[]; verdict: LakeVerdict }
  }

  const flagsOf = (lake: string) => ['repair', '--lake', lake, '--yes', ...flags()]

  const copyOf = (name: string) => {
    const copy = join(folder, name)
    cpSync(whole, copy, { recursive: true })
    return copy
  }

  const loseRecord = (lake: string, { first, last, files }: PartRecord) => {
    rmSync(join(lake, ledgerPath(source, first, last)))
    for (const { path } of files) rmSync(join(lake, path))
  }

  test('a part whose packets are damaged is made again from Kafka; what was published stays', async () => {
    const lake = copyOf('damaged')
    const [, one] = records
    for (const { path } of one!.files) damage(lake, path, 0.5, 0.51)
    const before = await verdictOf(lake, '--deep')
    expect(before.differences).toHaveLength(one!.files.length)
    const { outcomes, verdict } = await repairOf(lake)
    expect(outcomes.map(({ how }) => how).join()).toContain('is made again from Kafka')
    expect(verdict).toMatchObject({ ok: true, received: packets.length, differences: [] })
  })

  test('a gap whose messages are in the topics is refilled, and nothing is published again', async () => {
    const lake = copyOf('gap')
    loseRecord(lake, records[1]!)
    expect((await verdictOf(lake)).ok).toBe(false)
    const { outcomes, verdict } = await repairOf(lake)
    expect(outcomes[0]!.done).toMatch(/\d+ messages? in Kafka’s topics already/)
    expect(verdict).toMatchObject({ ok: true, received: packets.length, differences: [] })
  })

  test('the last part of a partition, when it is refilled, says by what its last message is known', async () => {
    const lake = copyOf('tail')
    const lost = records.at(-1)!
    expect(lost.stream?.tail).toMatchObject({ crc32: expect.stringMatching(/^[0-9a-f]{8}$/) })
    loseRecord(lake, lost)
    const { verdict } = await repairOf(lake)
    expect(verdict).toMatchObject({ ok: true, received: packets.length, differences: [] })
    const made = ledgerOf(lake).find(({ first }) => first === lost.first)!
    expect([made.last, made.stream?.tail]).toEqual([lost.last, lost.stream?.tail])
  })

  const selectedOf = ({ filters }: PartRecord) =>
    Object.values(filters).reduce((sum, one) => sum + one.published, 0)

  test('else the selected alerts become topic files of the lake, and it says so', async () => {
    const lake = copyOf('filed')
    loseRecord(lake, records[1]!)
    const { outcomes } = await repairOf(lake, '--out-prefix', 'nothing-')
    expect(outcomes[0]!.how).toContain('the selected alerts become topic files of the lake')
    const { stdout } = await ask(['verify', '--lake', lake, '--json'])
    const account = { received: packets.length, differences: [] }
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, ...account })
    const files = ledgerOf(lake).flatMap((record) => record.files)
    const filed = files.filter(({ kind }) => kind === 'topic')
    expect(filed.reduce((sum, { rows }) => sum + rows, 0)).toBe(selectedOf(records[1]!))
    expect(filesIn(lake, 'topics').length).toBeGreaterThan(0)
  })

  test('or with --publish go to the topics, once, also when it is killed', async () => {
    const group = 'sent'
    const lake = join(folder, group)
    await drain({ kafka, lake, topics: input.topic, group })
    const lost = ledgerOf(lake).toSorted((a, b) => a.first - b.first)[1]!
    loseRecord(lake, lost)
    const selected = selectedOf(lost)
    expect(selected).toBeGreaterThan(0)
    const args = ['repair', '--lake', lake, '--yes', '--publish', '--brokers', kafka.bootstrap]
    args.push('--group', group, '--out-prefix', 'fresh-')
    const copy = copyOf('sent-copy')
    loseRecord(copy, records[1]!)
    const refused = await siskin([...flagsOf(copy), '--publish', '--out-prefix', 'fresh-'])
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('it is a copy, or')])
    await killAt('sent', args)
    const { stdout, stderr } = await siskin([...args, '--json'])
    const { outcomes } = JSON.parse(stdout) as { outcomes: Outcome[] }
    const cut = { what: 'a repair was cut off', done: expect.stringContaining('1 part') as string }
    expect(outcomes[0], stderr).toMatchObject(cut)
    expect(await published(kafka, 'fresh-', selected)).toHaveLength(selected)
    const verdict = await ask(['verify', '--lake', lake, '--json'])
    expect(JSON.parse(verdict.stdout)).toMatchObject({ ok: true, received: packets.length })
    expect(filesIn(lake, '_siskin').filter((path) => path.startsWith('_siskin/repair'))).toEqual([])
  })

  test('in Fink’s form too, where the stream sent them so: the same messages, once', async () => {
    const group = 'twoforms'
    const lake = join(folder, group)
    const compat = ['--fink-compat', '--fink-prefix', `${group}-fink_`]
    await drain({ kafka, lake, topics: input.topic, group, more: compat })
    const lost = ledgerOf(lake).toSorted((a, b) => a.first - b.first)[1]!
    const isOfLost = ({ headers }: { headers: string }) => {
      const offset = Number(/source:mended-night-0@(\d+)/.exec(headers)?.[1] ?? -1)
      return offset >= lost.first && offset <= lost.last
    }
    const wanted = (await published(kafka, `${group}-`)).filter(isOfLost)
    expect(wanted).toHaveLength(2 * selectedOf(lost))
    loseRecord(lake, lost)
    const at = ['--lake', lake, '--brokers', kafka.bootstrap, '--group', group]
    const plain = await siskin(['repair', ...at, '--out-prefix', `${group}-`, '--yes'])
    expect(plain.stdout).toContain('went out in Fink’s form too: say --fink-compat')

    const elsewhere = ['--out-prefix', 'again-', '--fink-compat', '--fink-prefix', 'again-fink_']
    const args = ['repair', '--publish', '--yes', ...at, ...elsewhere]
    await killAt('sent', args)
    await siskin(args)
    await siskin(args)
    const sorted = (found: readonly object[]) => found.map((one) => JSON.stringify(one)).sort()
    expect(sorted(await published(kafka, 'again-', wanted.length))).toEqual(sorted(wanted))

    loseRecord(
      lake,
      ledgerOf(lake).find(({ first }) => first === lost.first)!
    )
    const own = ['--out-prefix', `${group}-`, ...compat]
    const mended = await siskin(['repair', '--publish', '--yes', ...at, ...own])
    expect(mended.stdout).toContain(`${wanted.length} messages in Kafka’s topics already`)
    expect(mended.stdout).not.toMatch(/messages published/)
    const verdict = await ask(['verify', ...at, ...own])
    expect(verdict.code, verdict.stdout).toBe(0)
  })

  test('offsets behind the last part, which the group is past: recovered or refilled', async () => {
    const lake = copyOf('tail')
    loseRecord(lake, records.at(-1)!)
    const { verdict, outcomes } = await repairOf(lake)
    expect(outcomes.map(({ done }) => done)).not.toContain(null)
    expect(verdict.received).toBe(packets.length)
    expect(verdict.kafka!.sources[0]).toMatchObject({ state: 'ok', waiting: 0 })
  })

  test('a part that is committed and lies staged is placed when nobody is at work', async () => {
    const lake = copyOf('staged')
    const record = records.at(-1)!
    const { first, last, attempt, files } = record
    const staged = join(lake, '_siskin/staging', source, attempt, rangeName(first, last))
    const move = (from: string, to: string) => {
      mkdirSync(dirname(to), { recursive: true })
      renameSync(from, to)
    }
    for (const { path } of files) move(join(lake, path), join(staged, path))
    move(join(lake, ledgerPath(source, first, last)), join(staged, 'record.json'))
    expect((await verdictOf(lake)).ok).toBe(false)
    const alone = await siskin(['repair', '--lake', lake, '--yes'])
    expect(alone.stdout).toContain('Kafka knows if it counts, and was not asked')
    const { outcomes, verdict } = await repairOf(lake)
    expect(outcomes.map(({ done }) => done)).toEqual([
      '1 part placed, 0 that did not count removed'
    ])
    expect(verdict).toMatchObject({ ok: true, received: packets.length })
  })

  test('what waits is counted by messages: aborted ones and markers do not', async () => {
    const producer = new Producer({
      clientId: 'aborting',
      bootstrapBrokers: [kafka.bootstrap],
      transactionalId: 'aborting',
      idempotent: true
    })
    const transaction = await producer.beginTransaction()
    const value = packets[0]!
    await transaction.send({ messages: [{ topic: input.topic, partition: 0, value }] })
    await transaction.abort()
    await producer.close()
    const { kafka: seen, ok } = await verdictOf(whole)
    expect(seen!.sources[0]).toMatchObject({ waiting: 0 })
    expect(ok).toBe(true)
  })

  test('what Kafka deleted is lost: counted, exit code 1, until a repair takes note of it', async () => {
    const feed = { topic: 'lossy', partitions: 1 }
    const lake = join(folder, 'lossy')
    const own = { kafka, lake, topics: feed.topic, group: feed.topic }
    await makeTopic(kafka, feed)
    await send(kafka, feed, packets.slice(0, 40))
    expect((await drain(own)).code).toBe(0)
    await send(kafka, feed, packets.slice(40, 80))
    await admin.deleteRecords({
      topics: [{ name: feed.topic, partitions: [{ partition: 0, offset: 60n }] }]
    })
    const ended = await drain(own)
    expect([ended.code, JSON.parse(ended.stdout)]).toEqual([
      1,
      expect.objectContaining({ lost: 20 })
    ])
    const look = () => ask(['verify', '--lake', lake])
    const before = await look()
    expect(before.code).toBe(1)
    expect(before.stdout).toContain('source lossy-0: 20 of the offsets 40 to')
    const { code } = await siskin(['repair', '--lake', lake, '--yes'])
    expect(code).toBe(0)
    const after = await look()
    expect(after.code).toBe(0)
    expect(after.stdout).toMatch(/lost, acknowledged +20/)
  })
})
