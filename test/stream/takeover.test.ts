import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { openStore } from '../../engine/store/open-store.ts'
import { stablePositions } from '../../engine/kafka/positions.ts'
import { openAdmin } from '../../engine/kafka/client.ts'
import { sharedHdfs, sharedKafka } from '../cluster/shared.ts'
import type { SharedHdfs, SharedKafka } from '../cluster/shared.ts'
import { random } from '../support/random.ts'
import { ask } from '../support/ask.ts'
import { temporaryFolder } from '../support/siskin.ts'
import {
  describeKafka,
  makeTopic,
  newName,
  nightOfPackets,
  receivedIn,
  send,
  start,
  until
} from './support.ts'
import type { Running } from './support.ts'

const isLong = process.env['SISKIN_FAULTS'] !== undefined
const SLOW_DISK = fileURLToPath(new URL('../support/slow-disk.mjs', import.meta.url))
/** Longer than a member may be silent: while the disk is slow its partitions are given away. */
const SLOW_MS = 8000

describeKafka('partitions that change hands', () => {
  const folder = temporaryFolder()
  let kafka: SharedKafka
  let hdfs: SharedHdfs
  let packets: Buffer[]

  beforeAll(async () => {
    ;[kafka, hdfs] = await Promise.all([sharedKafka(), sharedHdfs()])
    packets = await nightOfPackets(folder)
  })

  /** Positions of a group over time: looks every quarter second until it is stopped. */
  function watchPositions(group: string, topic: string, partitions: number) {
    const admin = openAdmin(access(), 'test-positions')
    const all = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
    const seen: Map<string, number>[] = []
    const never = new AbortController().signal
    const timer = setInterval(() => {
      stablePositions(admin, group, all, never)
        .then((positions) => seen.push(positions))
        .catch(() => {}) // a broker that is restarted is asked again
    }, 250)
    return async () => {
      clearInterval(timer)
      await admin.close()
      return seen
    }
  }

  const access = () => ({
    brokers: [kafka.bootstrap],
    user: null,
    password: null,
    mechanism: 'PLAIN' as const,
    tls: false,
    ca: null
  })

  function expectNeverBack(seen: readonly Map<string, number>[]): void {
    for (const [i, now] of seen.entries()) {
      for (const [source, before] of seen[i - 1] ?? []) {
        expect(now.get(source) ?? before, source).toBeGreaterThanOrEqual(before)
      }
    }
  }

  async function expectWhole(lake: string, group: string): Promise<void> {
    const flags = ['--lake', lake, '--brokers', kafka.bootstrap, '--group', group]
    const { code, stdout } = await ask(['verify', ...flags, '--out-prefix', `${group}-`])
    expect(code, stdout).toBe(0)
  }

  test('a member whose disk is slow while it takes over removes nothing of its successor’s', async () => {
    const group = newName('slow')
    const topic = `live-${group}`
    await makeTopic(kafka, { topic, partitions: 2 })
    const many = Array.from({ length: 6 }, () => packets).flat()
    await send(kafka, { topic, partitions: 2 }, many)
    const lake = join(folder, group)
    const mark = join(folder, `${group}-mark`)
    const args = { kafka, lake, topics: topic, group, more: ['--trigger-rows', '20'] }
    const stopWatching = watchPositions(group, topic, 2)
    const slow = start(args, {
      NODE_OPTIONS: `--import ${SLOW_DISK}`,
      SLOW_FOLDER: `_siskin/staging/${topic}-1`,
      SLOW_MS: String(SLOW_MS),
      SLOW_MARK: mark
    })
    await until(() => existsSync(mark), 'the disk to be slow')
    const other = start(args)
    await until(() => receivedIn(lake) >= many.length, 'all packets')
    await new Promise((resolve) => setTimeout(resolve, SLOW_MS))
    for (const running of [slow, other]) running.child.kill('SIGTERM')
    await Promise.all([slow.ended, other.ended])
    expectNeverBack(await stopWatching())
    await expectWhole(lake, group)
  })

  test.each(['local', 'hdfs'])(
    'members that come and go on a %s lake lose and double nothing',
    async (kind) => {
      const group = newName(`scaled-${kind}`)
      const topic = `live-${group}`
      const partitions = 4
      await makeTopic(kafka, { topic, partitions })
      const rounds = isLong ? 60 : 4
      const lake = kind === 'hdfs' ? `${hdfs.root}/${group}` : join(folder, group)
      const args = { kafka, lake, topics: topic, group, more: ['--trigger-rows', '40'] }
      const stopWatching = watchPositions(group, topic, partitions)
      const dice = random(Number(process.env['SISKIN_SEED'] ?? 3))
      const members: Running[] = [start(args)]
      let sent = 0
      for (let round = 0; round < rounds; round++) {
        const some = packets.slice(0, 40)
        await send(kafka, { topic, partitions }, some)
        sent += some.length
        if (members.length < 3) members.push(start(args))
        else members.splice(Math.floor(dice() * members.length), 1)[0]!.child.kill('SIGTERM')
        await new Promise((resolve) => setTimeout(resolve, isLong ? 10_000 : 3000))
      }
      const received = async () => {
        const records = await openStore(lake).list('_siskin/ledger')
        return records.reduce((sum, { path }) => {
          const [, first, last] = /(\d+)-(\d+)\.json$/.exec(path) ?? []
          return last === undefined ? sum : sum + Number(last) - Number(first) + 1
        }, 0)
      }
      await until(async () => (await received()) >= sent, 'all packets')
      for (const { child } of members) child.kill('SIGTERM')
      await Promise.all(members.map(({ ended }) => ended))
      expectNeverBack(await stopWatching())
      await expectWhole(lake, group)
    },
    isLong ? 1_800_000 : 300_000
  )
})
