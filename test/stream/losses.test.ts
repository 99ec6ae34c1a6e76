import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startKafka } from '../cluster/cluster.ts'
import type { Kafka } from '../cluster/cluster.ts'
import { ask } from '../support/ask.ts'
import { temporaryFolder } from '../support/siskin.ts'
import {
  describeKafka,
  drain,
  ledgerOf,
  makeTopic,
  newName,
  nightOfPackets,
  receivedIn,
  send,
  start,
  until
} from './support.ts'

describeKafka('what is no fault of the alerts loses none', () => {
  const folder = temporaryFolder()
  let kafka: Kafka
  let packets: Buffer[]

  beforeAll(async () => {
    kafka = await startKafka()
    packets = await nightOfPackets(folder)
  })

  afterAll(() => kafka?.stop())

  test('time stamps that Kafka refuses: it waits and says why, no alert is blamed', async () => {
    const group = newName('clock')
    const input = { topic: `live-${group}`, partitions: 2 }
    await makeTopic(kafka, input)
    await send(kafka, input, packets.slice(0, 10))
    const args = { kafka, lake: join(folder, group), topics: input.topic, group }
    expect((await drain(args)).code).toBe(0)
    const ahead = join(folder, `${group}-ahead`)
    const wrong = new URL('../support/wrong-clock.mjs', import.meta.url)
    const running = start(args, {
      NODE_OPTIONS: `--import ${wrong.href}`,
      SISKIN_TEST_CLOCK: ahead
    })
    await until(() => running.log().includes('0 alerts'), 'the stream to begin')
    writeFileSync(ahead, '')
    await send(kafka, input, packets)
    const refusal = 'refuses the time stamps of our messages'
    await until(() => running.log().includes(refusal), 'the refusal')
    expect(readdirSync(join(args.lake, '_siskin'))).not.toContain('deaths')
    rmSync(ahead)
    await until(() => receivedIn(args.lake) >= 10 + packets.length, 'all packets')
    running.child.kill('SIGTERM')
    await running.ended
    expect(ledgerOf(args.lake).flatMap(({ quarantined }) => Object.keys(quarantined))).toEqual([])
    expect(running.log()).not.toContain('death')
  })

  test('--from latest: topics and partitions that appear later begin at their beginning', async () => {
    const group = newName('late')
    const [old, young] = [`${group}_1`, `${group}_2`]
    await makeTopic(kafka, { topic: old, partitions: 1 })
    await send(kafka, { topic: old, partitions: 1 }, packets.slice(0, 5))
    const args = { kafka, lake: join(folder, group), topics: `/^${group}_/`, group }
    const latest = { ...args, more: ['--from', 'latest'] }
    expect((await drain(latest)).code).toBe(0)
    expect(receivedIn(args.lake)).toBe(0)
    await send(kafka, { topic: old, partitions: 1 }, packets.slice(5, 10))
    await makeTopic(kafka, { topic: young, partitions: 2 })
    await send(kafka, { topic: young, partitions: 2 }, packets.slice(10, 30))
    expect((await drain(latest)).code).toBe(0)
    expect(receivedIn(args.lake)).toBe(25)
  })

  test('another group takes a lake over with topics of its own: verify finds the messages of both', async () => {
    const group = newName('heir')
    const input = { topic: `live-${group}`, partitions: 1 }
    await makeTopic(kafka, input)
    await send(kafka, input, packets.slice(0, 60))
    const args = { kafka, lake: join(folder, group), topics: input.topic, group }
    expect((await drain(args)).code).toBe(0)
    await send(kafka, input, packets.slice(60, 120))
    const heir = `${group}-2`
    const { code, stderr } = await drain({ ...args, group: heir, more: ['--take-over'] })
    expect(code, stderr).toBe(0)
    const where = ['--lake', args.lake, '--brokers', kafka.bootstrap, '--group', heir]
    const verified = await ask(['verify', ...where, '--out-prefix', `${heir}-`])
    expect(verified.code, verified.stdout).toBe(0)
    const prefixes = new Set(ledgerOf(args.lake).map(({ stream }) => stream?.prefix))
    expect(prefixes).toEqual(new Set([`${group}-`, `${heir}-`]))
  })

  test('a partition that lost its end and grew again past the old position stands aside', async () => {
    const group = newName('cut')
    const [cut, whole] = [`cut-${group}`, `whole-${group}`]
    for (const topic of [cut, whole]) {
      await makeTopic(kafka, { topic, partitions: 1 })
      await send(kafka, { topic, partitions: 1 }, packets.slice(0, 30))
    }
    const args = { kafka, lake: join(folder, group), topics: `${cut},${whole}`, group }
    expect((await drain(args)).code).toBe(0)
    await kafka.kill()
    const log = join(kafka.folder, 'data', `${cut}-0`)
    for (const file of readdirSync(log)) {
      if (file !== 'partition.metadata') rmSync(join(log, file))
    }
    await kafka.start()
    await send(kafka, { topic: cut, partitions: 1 }, packets.slice(100, 150))
    await send(kafka, { topic: whole, partitions: 1 }, packets.slice(100, 110))
    const again = await drain(args)
    expect(again.code, again.stderr).toBe(0)
    expect(again.stderr).toContain('Kafka lost the end of its log, and it grew again')
    expect(receivedIn(args.lake)).toBe(70)
    const where = ['--lake', args.lake, '--brokers', kafka.bootstrap, '--group', group]
    const { stdout } = await ask(['verify', ...where, '--out-prefix', `${group}-`])
    expect(stdout).toContain(`source ${cut}-0 stands aside`)
  })
})
