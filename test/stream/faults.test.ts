import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { STREAM_STEPS } from '../../engine/stream/commit/recovery.ts'
import { startKafka } from '../cluster/cluster.ts'
import type { Kafka } from '../cluster/cluster.ts'
import { crashOfMember } from '../support/kill.ts'
import { random } from '../support/random.ts'
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
import type { StreamArgs } from './support.ts'

/** The long form: every step, thirty kills. */
const isLong = process.env['SISKIN_FAULTS'] !== undefined
/** In the short one those around the commit point. */
const KILLS = isLong ? STREAM_STEPS : STREAM_STEPS.slice(1, 6)
/** Who is frozen when all is done is no matter. */
const FREEZES = STREAM_STEPS.filter((step) => step !== 'done')
/** A member found that what it was committing was not its own any more: it says so, dies, or joins again. */
const FENCED = /another member's by its commit|another takes over|member \S+ has /
const LONG_MS = isLong ? 1_800_000 : 300_000

describeKafka('faults that lose and double nothing', () => {
  const folder = temporaryFolder()
  const input = { topic: 'night', partitions: 2 }
  let kafka: Kafka
  let packets: Buffer[]
  let expected: Record<string, number>

  beforeAll(async () => {
    kafka = await startKafka()
    packets = await nightOfPackets(folder)
    const lake = join(folder, 'run')
    const { stdout } = await siskin(['run', join(folder, 'night.tar'), '--lake', lake, '--json'])
    expected = nonZero((JSON.parse(stdout) as { topics: Record<string, number> }).topics)
    await makeTopic(kafka, input)
    await send(kafka, input, packets)
  })

  afterAll(() => kafka?.stop())

  function argsFor(group: string, more: readonly string[] = []): StreamArgs {
    return { kafka, lake: join(folder, group), topics: input.topic, group, more }
  }

  function addPartition(topic: string, partitions: number): void {
    const server = ['--bootstrap-server', kafka.bootstrap]
    const alter = ['--alter', '--topic', topic, '--partitions', String(partitions)]
    kafka.tool('org.apache.kafka.tools.TopicCommand', [...server, ...alter])
  }

  async function expectLake(group: string): Promise<void> {
    const verdict = await verdictOf(join(folder, group))
    expect(verdict.differences).toEqual([])
    expect(verdict).toMatchObject({ received: packets.length, copies: 0, duplicates: 0 })
    expect(nonZero(verdict.topics)).toEqual(expected)
  }

  /** The lake is whole, and a read_committed reader finds what the archive's run selects. */
  async function expectWhole(group: string): Promise<void> {
    await expectLake(group)
    expect(await publishedCounts(kafka, `${group}-`, expected)).toEqual(expected)
  }

  test(
    'a member killed at the steps of a commit',
    async () => {
      const prefix = newName('at')
      const kill = async (step: string) => {
        const killed = join(folder, `${prefix}-killed-${step}`)
        const outcome = await drain(argsFor(`${prefix}-${step}`), crashOfMember(step, killed))
        expect(outcome).toMatchObject({
          code: 0,
          stderr: expect.stringContaining('another takes over') as string
        })
        expect(existsSync(killed), step).toBe(true)
      }
      for (let i = 0; i < KILLS.length; i += 3) {
        await Promise.all(KILLS.slice(i, i + 3).map(kill))
      }
      for (const step of KILLS) await expectLake(`${prefix}-${step}`)
      const all = Object.fromEntries(
        Object.entries(expected).map(([name, n]) => [name, n * KILLS.length])
      )
      const counts = Object.entries(await publishedCounts(kafka, `${prefix}-`, all))
      expect(Object.fromEntries(counts.map(([name, n]) => [name, n / KILLS.length]))).toEqual(
        expected
      )
    },
    LONG_MS
  )

  test(
    'members and supervisors killed at random moments',
    async () => {
      const dice = random(Number(process.env['SISKIN_SEED'] ?? 7))
      const group = newName('random')
      const args = argsFor(group, ['--members', '2'])
      const kills = isLong ? 30 : 3
      for (let i = 0; i < kills; i++) {
        const running = start(args)
        await new Promise((resolve) => setTimeout(resolve, 1000 + dice() * 1500))
        const members = membersOf(running)
        if (i % 2 === 0) running.child.kill('SIGKILL')
        const victims = i % 2 === 0 ? members : members.slice(0, 1)
        for (const pid of victims) process.kill(pid, 'SIGKILL')
        if (i % 2 === 1) {
          await new Promise((resolve) => setTimeout(resolve, dice() * 1500))
          running.child.kill('SIGTERM')
        }
        await running.ended
      }
      const last = start(args)
      await until(() => receivedIn(args.lake) >= packets.length, 'all packets')
      last.child.kill('SIGTERM')
      expect(await last.ended).toBe(0)
      await expectWhole(group)
    },
    LONG_MS
  )

  test.each(isLong ? FREEZES : ['staged', 'sent'])(
    'a member frozen past its session at "%s" and woken is fenced',
    async (step) => {
      const group = newName(`frozen-${step}`)
      const frozen = join(folder, `${group}-at`)
      const args = argsFor(group, ['--log-level', 'debug'])
      const first = start(args, crashOfMember(step, frozen, 'SIGSTOP'))
      await until(() => existsSync(frozen), 'the member to freeze')
      const [sleeper] = membersOf(first)
      const second = start(args)
      const lake = join(folder, group)
      await until(() => receivedIn(lake) >= packets.length, 'the other member to take all')
      const asleep = first.log().length
      process.kill(sleeper!, 'SIGCONT')
      await until(() => FENCED.test(first.log().slice(asleep)), 'the sleeper to find out')
      first.child.kill('SIGTERM')
      second.child.kill('SIGTERM')
      await Promise.all([first.ended, second.ended])
      await expectWhole(group)
    }
  )

  test('partitions handed over while the transaction of their former owner is completing', async () => {
    const group = newName('handed')
    const frozen = join(folder, `${group}-at`)
    const args = argsFor(group, ['--log-level', 'debug'])
    const first = start(args, crashOfMember('sent', frozen, 'SIGSTOP'))
    await until(() => existsSync(frozen), 'the member to freeze')
    const [sleeper] = membersOf(first)
    const second = start(args)
    await until(() => /has night-0, night-1/.test(second.log()), 'the other to get the partitions')
    const before = receivedIn(args.lake)
    await new Promise((resolve) => setTimeout(resolve, 2000))
    expect(receivedIn(args.lake)).toBe(before) // it waits for the transaction that is open
    process.kill(sleeper!, 'SIGCONT')
    await until(() => receivedIn(args.lake) >= packets.length, 'all packets')
    first.child.kill('SIGTERM')
    second.child.kill('SIGTERM')
    await Promise.all([first.ended, second.ended])
    const generations = ledgerOf(args.lake).map(({ stream }) => stream?.generation ?? 0)
    const former = ledgerOf(args.lake).filter(
      ({ stream }) => stream?.generation === Math.min(...generations)
    )
    expect(Math.max(...former.map((record) => record.first))).toBeGreaterThanOrEqual(30)
    await expectWhole(group)
  })

  test('a partition is added to a topic that one member reads alone', async () => {
    const group = newName('wider')
    const topic = `night-${group}`
    const half = Math.floor(packets.length / 2)
    await makeTopic(kafka, { topic, partitions: 1 })
    await send(kafka, { topic, partitions: 1 }, packets.slice(0, half))
    const args = { ...argsFor(group), topics: topic }
    const running = start(args)
    await until(() => receivedIn(args.lake) === half, 'the first half')
    addPartition(topic, 2)
    await send(kafka, { topic, partitions: 2 }, packets.slice(half))
    await until(() => receivedIn(args.lake) === packets.length, 'all packets')
    running.child.kill('SIGTERM')
    expect(await running.ended).toBe(0)
    await expectWhole(group)
  })

  test('partitions and topics are added, members join and leave', async () => {
    const group = newName('grow')
    const first = `${group}_1`
    const third = Math.floor(packets.length / 3)
    await makeTopic(kafka, { topic: first, partitions: 2 })
    await send(kafka, { topic: first, partitions: 2 }, packets.slice(0, third))
    const args = { ...argsFor(group, ['--members', '2']), topics: `/^${group}_\\d+$/` }
    const stays = start(args)
    await until(() => receivedIn(args.lake) > 0, 'the first packets')
    const leaves = start(args)
    addPartition(first, 3)
    await send(kafka, { topic: first, partitions: 3 }, packets.slice(third, 2 * third))
    const second = { topic: `${group}_2`, partitions: 1 }
    await makeTopic(kafka, second)
    await send(kafka, second, packets.slice(2 * third))
    await until(() => receivedIn(args.lake) > third, 'more packets')
    leaves.child.kill('SIGTERM')
    await until(() => receivedIn(args.lake) >= packets.length, 'all packets')
    stays.child.kill('SIGTERM')
    expect(await Promise.all([stays.ended, leaves.ended])).toEqual([0, 0])
    await expectWhole(group)
  })

  test('the broker is restarted under way', async () => {
    const group = newName('restart')
    const args = argsFor(group, ['--members', '2'])
    const running = start(args)
    await until(() => receivedIn(args.lake) > 0, 'the first packets')
    await kafka.restart()
    await until(() => receivedIn(args.lake) >= packets.length, 'all packets')
    running.child.kill('SIGTERM')
    expect(await running.ended).toBe(0)
    await expectWhole(group)
  })
})
