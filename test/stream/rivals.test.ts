import { cpSync, existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { openStore } from '../../engine/store/open-store.ts'
import { sharedHdfs, sharedKafka } from '../cluster/shared.ts'
import type { SharedHdfs, SharedKafka } from '../cluster/shared.ts'
import { ask } from '../support/ask.ts'
import { crashOfMember } from '../support/kill.ts'
import { fingerprint, siskin, temporaryFolder } from '../support/siskin.ts'
import {
  describeKafka,
  drain,
  makeTopic,
  membersOf,
  newName,
  nightOfPackets,
  receivedIn,
  send,
  start,
  until
} from './support.ts'
import type { StreamArgs } from './support.ts'

describeKafka('several who write to one lake', () => {
  const folder = temporaryFolder()
  const night = join(folder, 'night.tar')
  let kafka: SharedKafka
  let hdfs: SharedHdfs
  let packets: Buffer[]

  beforeAll(async () => {
    ;[kafka, hdfs] = await Promise.all([sharedKafka(), sharedHdfs()])
    packets = await nightOfPackets(folder)
  })

  async function feed(group: string, times: number, partitions = 2): Promise<StreamArgs> {
    const topic = `live-${group}`
    await makeTopic(kafka, { topic, partitions })
    await send(kafka, { topic, partitions }, Array.from({ length: times }, () => packets).flat())
    return { kafka, lake: join(folder, group), topics: topic, group }
  }

  async function expectWhole(lake: string, group: string): Promise<void> {
    const flags = ['--lake', lake, '--brokers', kafka.bootstrap, '--group', group]
    const { code, stdout } = await ask(['verify', ...flags, '--out-prefix', `${group}-`])
    expect(code, stdout).toBe(0)
  }

  test.each(['local', 'hdfs'])(
    'a run of an archive beside a live stream, on a %s lake',
    async (kind) => {
      const group = newName(`beside-${kind}`)
      const args = await feed(group, 4)
      const lake = kind === 'hdfs' ? `${hdfs.root}/${group}` : args.lake
      const live = start({ ...args, lake, more: ['--trigger-rows', '30'] })
      await until(
        async () => (await openStore(lake).list('_siskin/ledger')).length > 1,
        'the stream to work'
      )
      const runs = ['1', '2'].map((members) =>
        siskin(['run', night, '--lake', lake, '--members', members, '--part-packets', '20'])
      )
      const codes = (await Promise.all(runs)).map(({ code }) => code)
      expect(codes.filter((code) => code === 0).length).toBeGreaterThan(0) // of one source, one at a time
      const rest = await siskin(['run', night, '--lake', lake])
      expect(rest.code, rest.stderr).toBe(0)
      await until(() => isCaughtUp(args, lake), 'the stream to catch up')
      live.child.kill('SIGTERM')
      await live.ended
      await expectWhole(lake, group)
    }
  )

  async function isCaughtUp({ topics }: StreamArgs, lake: string): Promise<boolean> {
    const records = await openStore(lake).list('_siskin/ledger')
    const taken = records.reduce((sum, { path }) => {
      const [, source, first, last] = /ledger\/([^/]+)\/.*?(\d+)-(\d+)\.json$/.exec(path) ?? []
      return source?.startsWith(topics) ? sum + Number(last) - Number(first) + 1 : sum
    }, 0)
    return taken >= 4 * packets.length
  }

  test('a run while a member is frozen between its commit and its placing', async () => {
    const group = newName('paused')
    const args = await feed(group, 1)
    const mark = join(folder, `${group}-mark`)
    const live = start(
      { ...args, more: ['--session-seconds', '60'] },
      crashOfMember('committed', mark, 'SIGSTOP')
    )
    await until(() => existsSync(mark), 'the member to freeze')
    const run = await siskin(['run', night, '--lake', args.lake])
    expect(run.code, run.stderr).toBe(0)
    for (const pid of membersOf(live)) process.kill(pid, 'SIGCONT')
    await until(() => receivedIn(args.lake) >= 2 * packets.length, 'all packets')
    live.child.kill('SIGTERM')
    await live.ended
    await expectWhole(args.lake, group)
  })

  test('another group on the lake is refused before it touches anything; --take-over goes on where it ends', async () => {
    const group = newName('mine')
    const args = await feed(group, 1)
    expect((await drain(args)).code).toBe(0)
    const before = fingerprint(args.lake)
    const other = await drain({ ...args, group: `other-${group}` })
    expect(other.code).toBe(2)
    expect(other.stderr).toContain(`group ${group} fills the lake`)
    expect(fingerprint(args.lake)).toEqual(before)
    const more = ['--take-over', '--out-prefix', `${group}-`]
    const heir = await drain({ ...args, group: `other-${group}`, more })
    expect(heir.code, heir.stderr).toBe(0)
    expect(JSON.parse(heir.stdout)).toMatchObject({ received: 0 })
    expect(receivedIn(args.lake)).toBe(packets.length)
  })

  test('a group that fills another lake is refused, and so is a second publisher of its topics', async () => {
    const group = newName('once')
    const args = await feed(group, 1)
    expect((await drain(args)).code).toBe(0)
    const elsewhere = await drain({ ...args, lake: join(folder, `${group}-b`) })
    expect(elsewhere.code).toBe(2)
    expect(elsewhere.stderr).toContain(`group ${group} fills the lake ${args.lake}`)
    const rival = { ...args, lake: join(folder, `${group}-c`), group: `${group}-rival` }
    const doubled = await drain({ ...rival, more: ['--out-prefix', `${group}-`] })
    expect(doubled.code).toBe(2)
    expect(doubled.stderr).toMatch(
      new RegExp(`the topic ${group}-\\S+ is published by group ${group}`)
    )
    const apart = await drain(rival)
    expect(apart.code, apart.stderr).toBe(0)
  })

  test('a copy of a lake is not filled by the group of its original; a lake that was moved is', async () => {
    const group = newName('copied')
    const args = await feed(group, 1)
    expect((await drain(args)).code).toBe(0)
    const [copy, moved] = [join(folder, `${group}-copy`), join(folder, `${group}-moved`)]
    cpSync(args.lake, copy, { recursive: true })
    const before = fingerprint(copy)
    await send(kafka, { topic: args.topics, partitions: 2 }, packets.slice(0, 20))
    const refused = await drain({ ...args, lake: copy })
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('it is a copy, or')])
    expect(fingerprint(copy)).toEqual(before)
    renameSync(args.lake, moved)
    const goesOn = await drain({ ...args, lake: moved })
    expect(goesOn.code, goesOn.stderr).toBe(0)
    expect(receivedIn(moved)).toBe(packets.length + 20)
    const taken = await drain({ ...args, lake: copy, more: ['--take-over'] })
    expect(taken.code, taken.stderr).toBe(0)
    const other = await drain({ ...args, lake: moved })
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining(`:${copy}/_siskin`)])
  })

  test('positions of the group that are gone: it goes on where the lake ends', async () => {
    const group = newName('gone')
    const args = await feed(group, 1)
    expect((await drain(args)).code).toBe(0)
    const server = ['--bootstrap-server', kafka.bootstrap]
    const remove = ['--delete', '--group', group]
    kafka.tool('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', [...server, ...remove])
    await send(kafka, { topic: args.topics, partitions: 2 }, packets.slice(0, 20))
    const again = await drain(args)
    expect(again.code, again.stderr).toBe(0)
    expect(again.stderr).toContain('has no position, the lake ends at')
    expect(receivedIn(args.lake)).toBe(packets.length + 20)
    await expectWhole(args.lake, group)
  })

  test('a group that is deleted between a commit and its placing: nothing is published again', async () => {
    const group = newName('forgotten')
    const args = await feed(group, 1)
    const frozen = join(folder, `${group}-frozen`)
    const running = start(args, crashOfMember('committed', frozen, 'SIGSTOP', 0))
    await until(() => existsSync(frozen), 'the commit')
    const members = membersOf(running)
    running.child.kill('SIGKILL')
    for (const pid of members) process.kill(pid, 'SIGKILL')
    await running.ended
    expect(receivedIn(args.lake)).toBe(0)
    const server = ['--bootstrap-server', kafka.bootstrap]
    const remove = ['--delete', '--group', group]
    const main = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand'
    await until(
      () => /was successful/.test(kafka.tool(main, [...server, ...remove])),
      'the group to be empty'
    )
    const again = await drain(args)
    expect(again.code, again.stderr).toBe(0)
    expect(again.stderr).toContain('1 commits finished')
    expect(receivedIn(args.lake)).toBe(packets.length)
    await expectWhole(args.lake, group)
  })

  test('a topic made anew, longer than before, and one with an impossible name: the others go on', async () => {
    const group = newName('odd')
    const args = await feed(group, 1, 1)
    const anew = `anew-${group}`
    const long = group.padEnd(249, '-x')
    const extra = packets.slice(0, 10)
    for (const topic of [anew, long]) {
      await makeTopic(kafka, { topic, partitions: 1 })
      await send(kafka, { topic, partitions: 1 }, extra)
    }
    const topics = [args.topics, anew, long].join(',')
    const first = await drain({ ...args, topics })
    expect(first.code, first.stderr).toBe(0)
    expect(first.stderr).toContain(`${long}-0 is left alone, the others go on: its topic's name`)
    expect((await ask(['verify', '--lake', args.lake])).stdout).toContain(`source ${long}-0 stands`)
    expect(receivedIn(args.lake)).toBe(packets.length + extra.length)
    const server = ['--bootstrap-server', kafka.bootstrap]
    kafka.tool('org.apache.kafka.tools.TopicCommand', [...server, '--delete', '--topic', anew])
    await new Promise((resolve) => setTimeout(resolve, 2000))
    await makeTopic(kafka, { topic: anew, partitions: 1 })
    await send(kafka, { topic: anew, partitions: 1 }, packets.slice(0, 50))
    await send(kafka, { topic: args.topics, partitions: 1 }, extra)
    const second = await drain({ ...args, topics })
    expect(second.code, second.stderr).toBe(0)
    expect(second.stderr).toContain('was deleted and made anew')
    expect(receivedIn(args.lake)).toBe(packets.length + 2 * extra.length)
  })
})
