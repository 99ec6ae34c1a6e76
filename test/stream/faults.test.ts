import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startKafka } from '../cluster/cluster.ts'
import type { Kafka } from '../cluster/cluster.ts'
import { random } from '../support/random.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'
import {
  describeKafka,
  drain,
  makeTopic,
  membersOf,
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
const STEPS = ['staged', 'begun', 'sent', 'committed', 'placing']
const MORE_STEPS = ['staging', 'placed', 'done']
const LONG_MS = isLong ? 900_000 : 120_000

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

  async function expectLake(group: string): Promise<void> {
    const verdict = await verdictOf(join(folder, group))
    expect(verdict.differences).toEqual([])
    expect(verdict).toMatchObject({ received: packets.length, copies: [], duplicates: 0 })
    expect(nonZero(verdict.topics)).toEqual(expected)
  }

  /** The lake is whole, and a read_committed reader finds what the archive's run selects. */
  async function expectWhole(group: string): Promise<void> {
    await expectLake(group)
    expect(await publishedCounts(kafka, `${group}-`)).toEqual(expected)
  }

  test(
    'a member killed at the steps of a commit',
    async () => {
      const steps = isLong ? [...STEPS, ...MORE_STEPS] : STEPS
      const kill = async (step: string) => {
        const killed = join(folder, `killed-at-${step}`)
        const crash = { SISKIN_STREAM_CRASH: `30:${step}:${killed}` }
        const outcome = await drain(argsFor(`at-${step}`), crash)
        expect(outcome).toMatchObject({
          code: 0,
          stderr: expect.stringContaining('another takes over') as string
        })
        expect(existsSync(killed), step).toBe(true)
      }
      for (let i = 0; i < steps.length; i += 3) {
        await Promise.all(steps.slice(i, i + 3).map(kill))
      }
      for (const step of steps) await expectLake(`at-${step}`)
      const counts = Object.entries(await publishedCounts(kafka, 'at-'))
      expect(Object.fromEntries(counts.map(([name, n]) => [name, n / steps.length]))).toEqual(
        expected
      )
    },
    LONG_MS
  )

  test(
    'members and supervisors killed at random moments',
    async () => {
      const dice = random(Number(process.env['SISKIN_SEED'] ?? 7))
      const args = argsFor('random', ['--workers', '2'])
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
      await expectWhole('random')
    },
    LONG_MS
  )

  test.each(['staged', 'sent'])(
    'a member frozen past its session at "%s" and woken is fenced',
    async (step) => {
      const group = `frozen-${step}`
      const frozen = join(folder, `frozen-at-${step}`)
      const args = argsFor(group)
      const first = start(args, { SISKIN_STREAM_CRASH: `30:${step}:${frozen}:SIGSTOP` })
      await until(() => existsSync(frozen), 'the member to freeze')
      const [sleeper] = membersOf(first)
      const second = start(args)
      const lake = join(folder, group)
      await until(() => receivedIn(lake) >= packets.length, 'the other member to take all')
      process.kill(sleeper!, 'SIGCONT')
      await new Promise((resolve) => setTimeout(resolve, 3000))
      first.child.kill('SIGTERM')
      second.child.kill('SIGTERM')
      await Promise.all([first.ended, second.ended])
      await expectWhole(group)
    }
  )

  test('partitions and topics are added, members join and leave', async () => {
    const topics = { pattern: '/^grow_\\d+$/', first: 'grow_1', second: 'grow_2' }
    const third = Math.floor(packets.length / 3)
    await makeTopic(kafka, { topic: topics.first, partitions: 2 })
    await send(kafka, { topic: topics.first, partitions: 2 }, packets.slice(0, third))
    const args = { ...argsFor('grow', ['--workers', '2']), topics: topics.pattern }
    const lake = join(folder, 'grow')
    const stays = start(args)
    await until(() => receivedIn(lake) > 0, 'the first packets')
    const leaves = start(args)
    const alter = ['--alter', '--topic', topics.first, '--partitions', '3']
    kafka.tool('org.apache.kafka.tools.TopicCommand', [
      '--bootstrap-server',
      kafka.bootstrap,
      ...alter
    ])
    await send(kafka, { topic: topics.first, partitions: 3 }, packets.slice(third, 2 * third))
    await makeTopic(kafka, { topic: topics.second, partitions: 1 })
    await send(kafka, { topic: topics.second, partitions: 1 }, packets.slice(2 * third))
    await until(() => receivedIn(lake) > third, 'more packets')
    leaves.child.kill('SIGTERM')
    await until(() => receivedIn(lake) >= packets.length, 'all packets')
    stays.child.kill('SIGTERM')
    expect(await Promise.all([stays.ended, leaves.ended])).toEqual([0, 0])
    await expectWhole('grow')
  })

  test('the broker is restarted under way', async () => {
    const args = argsFor('restart', ['--workers', '2'])
    const running = start(args)
    await until(() => receivedIn(args.lake) > 0, 'the first packets')
    await kafka.restart()
    await until(() => receivedIn(args.lake) >= packets.length, 'all packets')
    running.child.kill('SIGTERM')
    expect(await running.ended).toBe(0)
    await expectWhole('restart')
  })
})
