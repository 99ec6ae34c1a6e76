import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startHdfs } from '../cluster/cluster.ts'
import type { Hdfs } from '../cluster/cluster.ts'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafka } from '../cluster/shared.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'
import {
  describeKafka,
  makeTopic,
  newName,
  nightOfPackets,
  nonZero,
  publishedCounts,
  send,
  start,
  takenIn,
  until,
  verdictOf
} from './support.ts'

describeKafka('a lake that has a bad day', () => {
  const folder = temporaryFolder()
  const input = { topic: 'lake-faults-night', partitions: 2 }
  let kafka: SharedKafka
  let hdfs: Hdfs
  let packets: Buffer[]
  let expected: Record<string, number>

  beforeAll(async () => {
    ;[kafka, hdfs] = await Promise.all([sharedKafka(), startHdfs()])
    packets = await nightOfPackets(folder)
    const lake = join(folder, 'run')
    const { stdout } = await siskin(['run', join(folder, 'night.tar'), '--lake', lake, '--json'])
    expected = nonZero((JSON.parse(stdout) as { topics: Record<string, number> }).topics)
    await makeTopic(kafka, input)
    await send(kafka, input, packets)
  })

  afterAll(async () => {
    await hdfs?.stop()
  })

  /** Streams the night into a lake to which something happens on the way; all is there in the end, once. */
  async function streamThrough(
    name: string,
    root: string,
    happens: (log: () => string) => Promise<void>
  ): Promise<string> {
    const group = newName(name)
    const lake = `${root}/${group}`
    const running = start({ kafka, lake, topics: input.topic, group })
    await until(async () => (await takenIn(lake)) > 0, 'the first packets')
    await happens(running.log)
    await until(async () => (await takenIn(lake)) >= packets.length, 'all packets')
    running.child.kill('SIGTERM')
    expect(await running.ended).toBe(0)
    const verdict = await verdictOf(lake)
    expect(verdict.differences).toEqual([])
    expect(verdict).toMatchObject({ received: packets.length, copies: 0, duplicates: 0 })
    expect(nonZero(verdict.topics)).toEqual(expected)
    expect(await publishedCounts(kafka, `${group}-`, expected)).toEqual(expected)
    return running.log()
  }

  test('the NameNode is restarted', async () => {
    await streamThrough('name-node', hdfs.root, async () => {
      await hdfs.nameNodes[0]!.stop()
      await hdfs.nameNodes[0]!.start()
    })
  })

  test('the DataNode is killed, and comes back', async () => {
    await streamThrough('data-node', hdfs.root, async () => {
      await hdfs.dataNode.kill()
      await hdfs.dataNode.start()
    })
  })

  test('its disk is full, until there is room again', async (context) => {
    const disk = join(folder, 'disk')
    mkdirSync(disk, { recursive: true })
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk]).status !== 0) {
      console.log('skipped: a small file system cannot be mounted here (root is needed)')
      context.skip()
    }
    try {
      const log = await streamThrough('full', disk, async (log) => {
        await until(() => /the disk is full/.test(log()), 'the disk to be full')
        spawnSync('mount', ['-o', 'remount,size=500m', disk])
      })
      expect(log).toMatch(/another takes over/)
    } finally {
      spawnSync('umount', [disk])
    }
  })
})
