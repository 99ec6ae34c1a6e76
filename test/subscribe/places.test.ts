import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sharedHdfs, sharedKafka } from '../cluster/shared.ts'
import type { SharedHdfs, SharedKafka } from '../cluster/shared.ts'
import { describeKafka, drain, makeTopic, nightOfPackets, send } from '../stream/support.ts'
import { FakeRegistry } from '../support/registry.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

describeKafka('topics and schemas in other places', () => {
  const folder = temporaryFolder()
  const env = { XDG_STATE_HOME: join(folder, 'state') }
  let kafka: SharedKafka
  let hdfs: SharedHdfs
  const registry = new FakeRegistry()
  let packets: Buffer[]

  beforeAll(async () => {
    packets = await nightOfPackets(folder)
    kafka = await sharedKafka()
    hdfs = await sharedHdfs()
    await registry.start()
  })

  afterAll(async () => {
    await registry.stop()
  })

  function idsOf(stdout: string): string[] {
    const lines = stdout.split('\n').filter((line) => line !== '')
    return lines.map((line) => (JSON.parse(line) as { alert_id: string }).alert_id).sort()
  }

  test('a lake on HDFS, and Confluent’s wire form with and without the registry', async () => {
    const lake = `${hdfs.root}/places/lake`
    const ran = await siskin(['run', join(folder, 'night.tar'), '--lake', lake])
    expect(ran.code, ran.stderr).toBe(0)
    const read = await siskin(['subscribe', 'fast-riser', '--lake', lake, '--json'], env)
    const ids = idsOf(read.stdout)
    expect(ids.length, read.stderr).toBeGreaterThan(5)
    const again = await siskin(['subscribe', 'fast-riser', '--lake', lake, '--json'], env)
    expect(again).toMatchObject({ code: 0, stdout: '' })

    const feed = { topic: 'placed-night', partitions: 1 }
    await makeTopic(kafka, feed)
    await send(kafka, feed, packets)
    const more = ['--out-registry', registry.address]
    const local = join(folder, 'lake')
    expect(
      await drain({ kafka, lake: local, topics: feed.topic, group: 'wire', more })
    ).toMatchObject({
      code: 0
    })
    const flags = ['--brokers', kafka.bootstrap, '--out-prefix', 'wire-', '--json']
    const topicOnly = await siskin(['subscribe', 'fast-riser', ...flags, '--group', 'topic'])
    expect(idsOf(topicOnly.stdout)).toEqual(ids)
    expect(registry.asked).toEqual([])
    const place = ['--group', 'registry', '--registry', registry.address]
    const byId = await siskin(['subscribe', 'fast-riser', ...flags, ...place])
    expect(idsOf(byId.stdout)).toEqual(ids)
    expect(registry.asked).toEqual([...registry.schemas.keys()])
  })
})
