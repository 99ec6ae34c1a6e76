import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { decodeZtf, readArchive } from '../../simulator/read-archive.ts'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafka } from '../cluster/shared.ts'
import { describeKafka, drain, makeTopic, verdictOf } from '../stream/support.ts'
import { ZTF_SAMPLE, hasReal } from '../support/packets.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'
import { messagesOf, startRegistry } from './support.ts'

interface Account {
  readonly sent: number
  readonly bytes: number
  readonly seconds: number
  readonly rate: number
  readonly skipped: number
  readonly topics: Readonly<Record<string, number>>
  readonly interrupted: boolean
  readonly schemas: string | null
}

const NIGHT = ['--scale', '0.002', '--seed', '5', '--start', '2026-01-12', '--inject', 'kilonova:9']
const LSST = ['--survey', 'lsst', '--scale', '0.00002', '--seed', '5', '--start', '2026-01-12']

describeKafka('packets published to Kafka', () => {
  const folder = temporaryFolder()
  const archive = join(folder, 'ztf_public_20260112.tar.gz')
  let kafka: SharedKafka
  let packets: Buffer[]

  beforeAll(async () => {
    kafka = await sharedKafka()
    await siskin(['simulate', '--survey', 'ztf', ...NIGHT, '--out', archive])
    packets = readArchive(archive).map(({ bytes }) => bytes)
  })

  async function sent(args: readonly string[]): Promise<Account> {
    const to = ['--to', 'kafka', '--brokers', kafka.bootstrap, '--json']
    const { code, stdout, stderr } = await siskin([...args, ...to])
    expect(stderr).not.toContain('siskin:')
    expect(code).toBe(0)
    return JSON.parse(stdout) as Account
  }

  test('a simulated night arrives as its archive would hold it, and a stream lands it', async () => {
    const truth = join(folder, 'live.truth.parquet')
    const account = await sent(['simulate', ...NIGHT, '--truth', truth, '--partitions', '3'])
    const topic = 'ztf_20260112_programid1'
    expect(account).toMatchObject({ sent: packets.length, skipped: 0, interrupted: false })
    expect(account.topics).toEqual({ [topic]: packets.length })

    const messages = await messagesOf(kafka, topic)
    expect(new Set(messages.map(({ partition }) => partition))).toEqual(new Set([0, 1, 2]))
    expect(messages.every(({ key }) => key === null || key.length === 0)).toBe(true)
    for (const { partition, offset, value } of messages) {
      expect(value.equals(packets[offset * 3 + partition]!)).toBe(true) // they take turns, in order
    }

    const lake = join(folder, 'ztf')
    await drain({ kafka, lake, topics: topic, group: 'replay-ztf' })
    expect(await verdictOf(lake)).toMatchObject({
      ok: true,
      received: packets.length,
      alerts: packets.length
    })
    const judged = await siskin(['truth', '--lake', lake, '--truth', truth, '--json'])
    expect(JSON.parse(judged.stdout)).toMatchObject({ unknown: 0, missing: 0, uncounted: 0 })
  })

  test('simulated LSST packets: the schemas lie in a folder where a stream finds them', async () => {
    const schemas = join(folder, 'schemas')
    const account = await sent(['simulate', ...LSST, '--schemas-out', schemas, '--partitions', '2'])
    const [topic = ''] = Object.keys(account.topics)
    expect(topic).toMatch(/^lsst-alerts-v\d+$/)
    expect(account.schemas).toBe(schemas)
    const lake = join(folder, 'lsst')
    const more = ['--schemas', schemas]
    const outcome = await drain({ kafka, lake, topics: topic, group: 'replay-lsst', more })
    expect(outcome).toMatchObject({ code: 0 })
    expect(account.sent).toBeGreaterThan(50)
    expect(await verdictOf(lake)).toMatchObject({
      ok: true,
      received: account.sent,
      alerts: account.sent
    })
  })

  test('an LSST archive: its schemas are registered, under the ids that the registry gives', async () => {
    const registry = await startRegistry()
    const out = join(folder, 'lsst_20260112.tar.gz')
    await siskin(['simulate', ...LSST, '--out', out])
    const flags = ['--topic', 'registered', '--partitions', '1', '--registry', registry.address]
    const account = await sent(['replay', out, ...flags])
    expect(registry.subjects).toEqual(['alert-packet'])
    const [first] = await messagesOf(kafka, 'registered')
    const packet = readArchive(out)[0]!.bytes
    expect(first!.value.readUInt32BE(1)).toBe(71)
    expect(first!.value.subarray(5).equals(packet.subarray(5))).toBe(true)
    const lake = join(folder, 'registered')
    const more = ['--schemas', registry.address]
    await drain({ kafka, lake, topics: 'registered', group: 'registered', more })
    expect(await verdictOf(lake)).toMatchObject({ ok: true, alerts: account.sent })
  })

  test.skipIf(!hasReal)('the real ZTF sample lands whole', async () => {
    const account = await sent(['replay', ZTF_SAMPLE, '--topic', 'real', '--partitions', '2'])
    expect(account.sent).toBe(117)
    const lake = join(folder, 'real')
    await drain({ kafka, lake, topics: 'real', group: 'real' })
    expect(await verdictOf(lake)).toMatchObject({ ok: true, received: 117, alerts: 117 })
    const real = readArchive(ZTF_SAMPLE).map(({ bytes }) => bytes)
    for (const { partition, offset, value } of await messagesOf(kafka, 'real')) {
      expect(value.equals(real[offset * 2 + partition]!)).toBe(true)
    }
  })

  test('a container of many packets becomes a message for each; what is no packet goes along', async () => {
    const run = join(folder, 'run')
    expect(await siskin(['run', archive, '--lake', run])).toMatchObject({ code: 0 })
    const loose = join(folder, 'loose_20260101.avro')
    writeFileSync(loose, Buffer.from('no packet'))
    const stored = join(run, 'ztf/packets')
    const account = await sent(['replay', stored, loose, '--topic', 'stored', '--partitions', '1'])
    expect(account.sent).toBe(packets.length + 1)
    const messages = await messagesOf(kafka, 'stored')
    const ids = new Set(packets.map((packet) => decodeZtf(packet)['candid']))
    for (const { value } of messages.slice(0, -1)) expect(ids).toContain(decodeZtf(value)['candid'])
    expect(messages.at(-1)!.value.toString()).toBe('no packet')
  })

  test('a rate is kept, evenly and in order, and messages carry the time they were sent at', async () => {
    const before = Date.now()
    const flags = ['--topic', 'paced', '--partitions', '1', '--rate', '40']
    const account = await sent(['replay', archive, ...flags])
    const messages = await messagesOf(kafka, 'paced')
    expect(messages.map(({ value }) => decodeZtf(value)['candid'])).toEqual(
      packets.map((packet) => decodeZtf(packet)['candid'])
    )
    const first = messages[0]!.timestamp
    expect(first).toBeGreaterThanOrEqual(before)
    expect(messages.at(-1)!.timestamp).toBeLessThanOrEqual(Date.now())
    // Nothing comes before it is due; how late it comes is the machine's affair, but the end is in time.
    for (const [i, { timestamp }] of messages.entries()) {
      expect(timestamp - first).toBeGreaterThan((i / 40) * 1000 - 30)
    }
    const whole = messages.at(-1)!.timestamp - first
    expect(whole / (((messages.length - 1) / 40) * 1000)).toBeLessThan(1.1)
    expect(account.rate).toBeGreaterThan(36)
  })

  test('a packet that is too large for its topic is told and left out', async () => {
    await makeTopic(kafka, { topic: 'narrow', partitions: 1, maxBytes: 75_000 })
    const sizes = packets.map(({ length }) => length)
    const large = sizes.filter((size) => size > 74_500).length
    const to = ['--topic', 'narrow', '--brokers', kafka.bootstrap, '--json']
    const { code, stdout, stderr } = await siskin(['replay', archive, ...to])
    expect(code).toBe(1)
    const account = JSON.parse(stdout) as Account
    expect(account.skipped).toBeGreaterThan(0)
    expect(account.skipped).toBeLessThanOrEqual(large)
    expect(account.sent + account.skipped).toBe(packets.length)
    expect(stderr).toMatch(
      /\d+\.avro of ztf_public_20260112-\w+ is not sent: its \d+ bytes are more/
    )
    expect(await messagesOf(kafka, 'narrow')).toHaveLength(account.sent)
  })

  test('an archive that breaks off is sent up to there, and told', async () => {
    const broken = join(folder, 'broken_20260112.tar.gz')
    writeFileSync(broken, readFileSync(archive).subarray(0, 1_000_000))
    const to = ['--topic', 'broken', '--brokers', kafka.bootstrap, '--json']
    const { code, stdout, stderr } = await siskin(['replay', broken, ...to])
    expect(code).toBe(1)
    expect(stderr).toContain('is damaged at byte')
    const { sent } = JSON.parse(stdout) as Account
    expect(sent).toBeGreaterThan(0)
    expect(sent).toBeLessThan(packets.length)
    expect(await messagesOf(kafka, 'broken')).toHaveLength(sent)
  })

  test('Ctrl-C stops it with the account of what was sent', async () => {
    const program = fileURLToPath(new URL('../../jobs/siskin.js', import.meta.url))
    const flags = ['--topic', 'stopped', '--brokers', kafka.bootstrap, '--rate', '5', '--json']
    const child = spawn(process.execPath, [program, 'replay', archive, ...flags])
    let stdout = ''
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()))
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    let there = 0
    while (there < 3) there = (await messagesOf(kafka, 'stopped').catch(() => [])).length
    child.kill('SIGINT')
    expect(await ended).toBe(130)
    const account = JSON.parse(stdout) as Account
    expect(account.interrupted).toBe(true)
    expect(account.sent).toBeLessThan(packets.length)
    expect(await messagesOf(kafka, 'stopped')).toHaveLength(account.sent)
  })

  test('wrong use and a broker that is not there are told in time', async () => {
    const started = performance.now()
    const away = await siskin(['replay', archive, '--brokers', '127.0.0.1:1'])
    expect(away).toMatchObject({ code: 1, stdout: '' })
    expect(away.stderr).toMatch(/Kafka at 127.0.0.1:1 does not answer/)
    expect(performance.now() - started).toBeLessThan(15_000)
    const none = await siskin(['replay', archive])
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('--brokers') as string })
    const both = ['--brokers', kafka.bootstrap, '--rate', '5', '--like', 'ztf']
    expect(await siskin(['replay', archive, ...both])).toMatchObject({ code: 2 })
    const nowhere = await siskin(['simulate', '--scale', '0.001'])
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining('--out') as string })
  })
})
