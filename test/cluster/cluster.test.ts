import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hdfsStore } from '../../engine/store/hdfs.ts'
import { temporaryFolder } from '../support/siskin.ts'
import { startHBase, startHdfs, startKafka, whyNoCluster } from './cluster.ts'
import type { Daemon } from './daemon.ts'
import type { HeldKafka } from './holder.ts'

const why = whyNoCluster()
if (why) console.log(`skipped: real Kafka, HDFS and HBase, ${why} here`)

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
const WITHIN = { timeout: 10_000 }
const pidsOf = (daemons: readonly Daemon[]) => daemons.map(({ pid }) => pid ?? 0)

describe.skipIf(why)('the servers of the tests', { timeout: 300_000 }, () => {
  const folder = temporaryFolder()

  test('Kafka starts, answers, keeps its topics over kill and restart, and leaves nothing', async () => {
    const kafka = await startKafka({ user: { name: 'alice', password: 'secret' } })
    const pids = pidsOf(kafka.daemons)
    const topics = (...args: string[]) =>
      kafka.tool('org.apache.kafka.tools.TopicCommand', [
        '--bootstrap-server',
        kafka.bootstrap,
        ...args
      ])
    topics('--create', '--topic', 'alerts', '--partitions', '3')
    await kafka.kill()
    expect(pids.some(isAlive)).toBe(false)
    await kafka.start()
    expect(await apiVersions(kafka.port)).toBeGreaterThan(40)
    await kafka.restart()
    expect(topics('--describe')).toMatch(/Topic: alerts.*PartitionCount: 3/)
    expect(kafka.saslBootstrap).toMatch(/^127\.0\.0\.1:\d+$/)
    pids.push(...pidsOf(kafka.daemons))
    await kafka.stop()
    expect(pids.some(isAlive)).toBe(false)
    expect(existsSync(kafka.folder)).toBe(false)
  })

  test('HDFS and HBase start, take data and give it back, and leave nothing', async () => {
    const hdfs = await startHdfs()
    const lake = hdfsStore(`${hdfs.root}/lake`)
    await lake.write('a', [Buffer.from('kept')])
    const hbase = await startHBase({ hdfs })
    await putRow(hbase.address, 'objects', 'ZTF26aaa', 'f:mag', '18.5')
    await hbase.kill()
    await hbase.start()
    expect(await scan(hbase.address, 'objects')).toEqual({ ZTF26aaa: { 'f:mag': '18.5' } })
    expect(Buffer.from(await lake.read('a')).toString()).toBe('kept')
    const pids = pidsOf([...hdfs.daemons, ...hbase.daemons])
    await hbase.stop()
    await hdfs.stop()
    expect(pids.some(isAlive)).toBe(false)
    expect([hdfs.folder, hbase.folder].some((folder) => existsSync(folder))).toBe(false)
  })

  test('a server dies with the process that started it, whatever kills that', async () => {
    const program = `
      const { startKafka } = await import(${JSON.stringify(join(import.meta.dirname, 'cluster.ts'))})
      const { daemons, folder } = await startKafka()
      console.log(daemons[0].pid + ' ' + folder)
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program])
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const [pid = '', folder = ''] = line.toString().trim().split(' ')
    expect(isAlive(Number(pid))).toBe(true)
    child.kill('SIGKILL')
    await expect.poll(() => isAlive(Number(pid)), WITHIN).toBe(false)
    await expect.poll(() => existsSync(folder), WITHIN).toBe(false)
  })

  test('the shared one is started once, when it is asked for, and ends with the run, whatever kills that', async () => {
    const program = `
      const { default: setUp } = await import(${JSON.stringify(join(import.meta.dirname, 'global-setup.ts'))})
      const tearDown = await setUp({ provide: (_, address) => console.log(address) })
      process.once('SIGTERM', () => tearDown().then(() => process.exit()))
      setInterval(() => {}, 1000)`
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const run = spawn(process.execPath, ['--input-type=module', '-e', program])
      const [line] = (await once(run.stdout, 'data')) as [Buffer]
      const ask = async (path: string) =>
        (await fetch(line.toString().trim() + path)).json() as Promise<{ held?: HeldKafka }>
      const [first, second] = await Promise.all([ask('/kafka'), ask('/kafka')])
      expect(second).toEqual(first)
      const { bootstrap, folder } = first.held!
      expect(await apiVersions(Number(bootstrap.split(':')[1]))).toBeGreaterThan(40)
      expect(await ask('/nothing')).toEqual({ error: 'Error: nothing is held at /nothing' })
      run.kill(signal)
      await once(run, 'exit')
      await expect.poll(() => existsSync(folder), { timeout: 30_000 }).toBe(false)
      await expect(apiVersions(Number(bootstrap.split(':')[1]))).rejects.toThrow('ECONNREFUSED')
    }
  })

  test('one command starts what is named, another stops it', async () => {
    const env = { ...process.env, SISKIN_CLUSTER_STATE: join(folder, 'up') }
    const run = (program: string, ...args: string[]) =>
      execFileSync(process.execPath, [join(import.meta.dirname, program), ...args], {
        encoding: 'utf8',
        stdio: 'pipe',
        env
      })
    const told = run('up.ts', 'kafka')
    expect(told).toMatch(/^kafka  127\.0\.0\.1:\d+ {2}\(process \d+\)/)
    expect(() => run('up.ts', 'kafka')).toThrow(/it is up already/)
    expect(run('down.ts')).toBe('kafka stopped\n')
    expect(run('down.ts')).toBe('nothing is up\n')
    // The first process of the system takes its time to bury it.
    await expect.poll(() => isAlive(Number(/process (\d+)/.exec(told)?.[1])), WITHIN).toBe(false)
  })
})

/** How many kinds of request a broker knows. */
async function apiVersions(port: number): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  socket.write(Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff]))
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  expect(answer.readInt32BE(4)).toBe(1)
  expect(answer.readInt16BE(8)).toBe(0)
  return answer.readInt32BE(10)
}

const JSON_BOTH_WAYS = { 'content-type': 'application/json', accept: 'application/json' }
const encode = (text: string) => Buffer.from(text).toString('base64')
const decode = (text: string) => Buffer.from(text, 'base64').toString()

async function put(url: string, body: unknown): Promise<void> {
  const answer = await fetch(url, {
    method: 'PUT',
    headers: JSON_BOTH_WAYS,
    body: JSON.stringify(body)
  })
  expect(answer.ok, await answer.text()).toBe(true)
}

async function putRow(
  address: string,
  table: string,
  key: string,
  column: string,
  value: string
): Promise<void> {
  const family = column.split(':')[0]
  await put(`${address}/${table}/schema`, { name: table, ColumnSchema: [{ name: family }] })
  const cells = [{ column: encode(column), $: encode(value) }]
  await put(`${address}/${table}/row`, { Row: [{ key: encode(key), Cell: cells }] })
}

async function scan(
  address: string,
  table: string
): Promise<Record<string, Record<string, string>>> {
  type Rows = { Row: { key: string; Cell: { column: string; $: string }[] }[] }
  const answer = await fetch(`${address}/${table}/*`, { headers: JSON_BOTH_WAYS })
  const { Row } = (await answer.json()) as Rows
  const cells = (row: Rows['Row'][number]) =>
    Object.fromEntries(row.Cell.map(({ column, $ }) => [decode(column), decode($)]))
  return Object.fromEntries(Row.map((row) => [decode(row.key), cells(row)]))
}
