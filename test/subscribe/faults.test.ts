import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { Admin, Producer } from '@platformatic/kafka'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startKafka } from '../cluster/cluster.ts'
import type { Kafka } from '../cluster/cluster.ts'
import { describeKafka, drain, makeTopic, nightOfPackets, send, until } from '../stream/support.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const PROGRAM = fileURLToPath(new URL('../../jobs/siskin.js', import.meta.url))

const TOPICS = ['large-amplitude', 'new-source', 'solar-system-known', 'fast-riser']

interface Running {
  readonly child: ChildProcess
  readonly ids: () => string[]
  readonly log: () => string
  readonly ended: Promise<number | null>
}

describeKafka('a subscriber that is cut off', () => {
  const folder = temporaryFolder()
  const feed = { topic: 'night', partitions: 1 }
  let kafka: Kafka
  let packets: Buffer[]
  let ids: string[]

  beforeAll(async () => {
    packets = await nightOfPackets(folder)
    kafka = await startKafka()
    await makeTopic(kafka, feed)
    await fill(packets.slice(0, packets.length / 2))
    ids = idsOf((await siskin(argsOf('first', []))).stdout)
    expect(ids.length).toBeGreaterThan(10)
  })

  afterAll(() => kafka?.stop())

  async function fill(some: readonly Buffer[]): Promise<void> {
    await send(kafka, feed, some)
    const more = ['--filters', 'large_amplitude,new_source,solar_system_known,fast_riser']
    const args = { kafka, lake: join(folder, 'lake'), topics: 'night', group: 'out', more }
    const { code, stderr } = await drain(args)
    expect(code, stderr).toBe(0)
  }

  function settingsOf(group: string, topics: readonly string[]): string[] {
    const settings = ['--brokers', kafka.bootstrap, '--out-prefix', 'out-', '--group', group]
    return ['subscribe', ...topics, ...settings, '--json']
  }

  function argsOf(group: string, more: readonly string[], topics = TOPICS): string[] {
    return [...settingsOf(group, topics), '--fields', 'alert_id', ...more]
  }

  function idsOf(stdout: string): string[] {
    const lines = stdout.split('\n').filter((line) => line.endsWith('}'))
    return lines
      .map((line) => {
        const { topic, alert_id: id } = JSON.parse(line) as { topic: string; alert_id: string }
        return `${topic} ${id}`
      })
      .sort()
  }

  function start(group: string, more: readonly string[], topics = TOPICS): Running {
    const child = spawn(process.execPath, [PROGRAM, ...argsOf(group, more, topics)])
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()))
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    return { child, ids: () => idsOf(stdout), log: () => stderr, ended }
  }

  test('sees again what it had not saved when it was killed; Ctrl-C saves it', async () => {
    const file = join(folder, 'killed.parquet')
    const killed = start('killed', ['--follow', '--save', file])
    await until(() => killed.ids().length === ids.length, 'all alerts')
    killed.child.kill('SIGKILL')
    await killed.ended
    expect(existsSync(file)).toBe(false)

    const stopped = start('killed', ['--follow', '--save', file])
    await until(() => stopped.ids().length === ids.length, 'all alerts again')
    expect(stopped.ids()).toEqual(ids)
    stopped.child.kill('SIGINT')
    expect(await stopped.ended, stopped.log()).toBe(0)
    expect(stopped.log()).toContain(`saved in ${file}`)
    const connection = await (await DuckDBInstance.create()).connect()
    const rows = await connection.runAndReadAll(`SELECT count(alert_id) FROM '${file}'`)
    expect(Number(rows.getRows()[0]![0])).toBe(ids.length)
    const after = await siskin(argsOf('killed', []))
    expect(after).toMatchObject({ code: 0, stdout: '' })
  })

  test('goes on when the broker was restarted', async () => {
    const reader = start('restarted', ['--follow'])
    await until(() => reader.ids().length === ids.length, 'all alerts')
    await kafka.restart()
    await fill(packets.slice(packets.length / 2))
    const all = idsOf((await siskin(argsOf('first', ['--from', 'earliest']))).stdout)
    expect(all.length).toBeGreaterThan(ids.length)
    await until(() => new Set(reader.ids()).size >= all.length, 'the alerts after the restart')
    reader.child.kill('SIGINT')
    expect(await reader.ended, reader.log()).toBe(0)
    expect([...new Set(reader.ids())]).toEqual(all)
  })

  test('follows into partitions that are added, from their beginning', async () => {
    const topic = 'growing'
    await makeTopic(kafka, { topic, partitions: 1 })
    const clients = { clientId: 'test', bootstrapBrokers: [kafka.bootstrap] }
    const producer = new Producer(clients)
    const key = Buffer.from(
      '{"type":"record","name":"note","fields":[{"name":"alert_id","type":"long"}]}'
    )
    const note = (id: number, partition: number) => {
      return producer.send({ messages: [{ topic, key, value: Buffer.from([id * 2]), partition }] })
    }
    await note(1, 0)
    const flags = ['--from', 'latest', '--follow', '--refresh-seconds', '1']
    const reader = start('growing', flags, [topic])
    await until(async () => {
      const { stdout } = await siskin([...settingsOf('growing', [topic]), '--lag'])
      return (JSON.parse(stdout) as { position: number | null }[])[0]?.position === 1
    }, 'its beginning at the end')
    const admin = new Admin(clients)
    await admin.createPartitions({
      topics: [{ name: topic, count: 2, assignments: [{ brokerIds: [1] }] }]
    })
    await admin.metadata({ topics: [topic], forceUpdate: true })
    await admin.close()
    await producer.close()
    const fresh = new Producer(clients)
    const value = Buffer.from([2 * 2])
    await fresh.send({ messages: [{ topic, key, value, partition: 1 }] })
    await fresh.close()
    await until(() => reader.ids().length > 0, 'the alert in the new partition')
    reader.child.kill('SIGINT')
    expect(await reader.ended, reader.log()).toBe(0)
    expect(reader.ids()).toEqual(['growing 2'])
  })
})
