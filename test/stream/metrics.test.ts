import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Producer } from '@platformatic/kafka'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafka } from '../cluster/shared.ts'
import { METRICS } from '../../engine/stream/common/metric-defs.ts'
import { nameOf, parsePrometheus, sumOf, sumsBy } from '../support/prometheus.ts'
import { INSTALL_MS, pythonFor, runPython } from '../support/python.ts'
import { temporaryFolder } from '../support/siskin.ts'
import {
  describeKafka,
  ledgerOf,
  makeTopic,
  membersOf,
  nightOfPackets,
  nonZero,
  publishedCounts,
  send,
  start,
  until,
  verdictOf
} from './support.ts'
import type { Running } from './support.ts'

interface Line {
  readonly time: string
  readonly level: string
  readonly message: string
  readonly [field: string]: unknown
}

/** Every line on stderr, each an object with time, level and message. */
function linesOf(log: string): Line[] {
  return log
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => {
      const line = JSON.parse(text) as Line
      expect(new Date(line.time).toISOString()).toBe(line.time)
      expect(['debug', 'info', 'warn', 'error']).toContain(line.level)
      expect(line.message).toMatch(/./)
      return line
    })
}

async function ask(address: string, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(address + path)
  return { status: response.status, text: await response.text() }
}

describeKafka('a stream that is watched', () => {
  const folder = temporaryFolder()
  const lake = join(folder, 'lake')
  const feed = { topic: 'seen-night', partitions: 2 }
  let kafka: SharedKafka
  let running: Running
  let address: string
  /** What was sent so far. */
  const sent = { messages: 0, bytes: 0 }

  const feedIn = async (packets: readonly Buffer[]) => {
    sent.messages += packets.length
    sent.bytes += packets.reduce((sum, { length }) => sum + length, 0)
    await send(kafka, feed, packets)
  }
  const scrape = async () => parsePrometheus((await ask(address, '/metrics')).text)
  const received = async () => sumOf(await scrape(), 'siskin_packets_received_total') ?? 0

  beforeAll(async () => {
    kafka = await sharedKafka()
    const more = ['--metrics-port', '0', '--log-format', 'json', '--log-level', 'debug']
    running = start({ kafka, lake, topics: '/^seen-night$/', group: 'watched', more })
    await until(() => running.log().includes('/metrics'), 'the address')
    address = linesOf(running.log()).find((line) => line['address'])!['address'] as string
  })

  afterAll(async () => {
    running?.child.kill('SIGKILL')
  })

  test('is alive at once, and ready when a member has joined', async () => {
    expect(await ask(address, '/healthz')).toMatchObject({ status: 200 })
    const before = await ask(address, '/readyz')
    expect(before.status).toBe(503)
    expect(JSON.parse(before.text)).toMatchObject({
      ok: false,
      reason: 'no member is in the consumer group yet',
      joined: 0
    })
    expect(sumOf(await scrape(), 'siskin_ready')).toBe(0)
    await makeTopic(kafka, feed)
    await until(async () => (await ask(address, '/readyz')).status === 200, 'readiness')
    expect(JSON.parse((await ask(address, '/readyz')).text)).toMatchObject({ ok: true, joined: 1 })
    expect(await ask(address, '/nothing')).toMatchObject({ status: 404 })
    expect((await fetch(`${address}/metrics`, { method: 'POST' })).status).toBe(405)
  })

  test('counts what verify finds in the lake and readers find in the topics', async () => {
    const packets = await nightOfPackets(folder)
    const bad = [Buffer.from('no packet'), packets[0]!.subarray(0, 3000), packets[1]!]
    await feedIn([...packets, ...bad])
    await until(async () => (await received()) === sent.messages, 'the night')

    const response = await fetch(`${address}/metrics`)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const metrics = parsePrometheus(await response.text())
    const verdict = await verdictOf(lake)
    const records = ledgerOf(lake)
    const all = (name: string, labels = {}) => sumOf(metrics, name, labels)
    expect(verdict).toMatchObject({ ok: true, received: sent.messages })

    expect(all('siskin_packets_received_total', { topic: 'seen-night' })).toBe(sent.messages)
    expect(all('siskin_alerts_landed_total', { survey: 'ztf' })).toBe(verdict.alerts)
    const quarantined = sumsBy(metrics, 'siskin_packets_quarantined_total', 'reason')
    expect(quarantined).toEqual(verdict.quarantined)
    expect(Object.keys(quarantined)).toEqual(['not-avro', 'truncated'])
    expect(all('siskin_packets_duplicate_total')).toBe(verdict.duplicates)
    const selected = sumsBy(metrics, 'siskin_filter_selected_total', 'output_topic')
    expect(selected).toEqual(nonZero(verdict.topics))
    expect(await publishedCounts(kafka, 'watched-', selected)).toEqual(selected)

    const files = records.flatMap(({ files }) => files)
    expect(all('siskin_received_bytes_total')).toBe(sent.bytes)
    expect(all('siskin_parts_total')).toBe(records.length)
    expect(all('siskin_written_bytes_total')).toBe(files.reduce((sum, { bytes }) => sum + bytes, 0))
    for (const module of ['quality', 'features']) {
      expect(all('siskin_module_alerts_total', { module })).toBe(verdict.alerts)
      expect(all('siskin_module_seconds_count', { module })).toBe(
        records.filter(({ alerts }) => alerts > 0).length
      )
    }

    expect(all('siskin_latency_seconds_count', { topic: 'seen-night' })).toBe(sent.messages)
    const sum = all('siskin_latency_seconds_sum')!
    expect(sum).toBeGreaterThan(0)
    expect(sum / sent.messages).toBeLessThan(60)
    const batches = all('siskin_batches_total', { outcome: 'landed' })!
    expect(batches).toBeGreaterThan(1)
    for (const stage of [
      'wait',
      'decode',
      'enrich',
      'select',
      'parquet',
      'stage',
      'transaction',
      'place'
    ]) {
      expect(all('siskin_batch_stage_seconds_count', { stage })).toBe(batches)
      expect(all('siskin_batch_stage_seconds_sum', { stage })).toBeGreaterThan(0)
    }
    expect(all('siskin_members')).toBe(1)
    expect(all('siskin_members_joined')).toBe(1)
    expect(all('siskin_member_resident_memory_bytes', { member: '0' })).toBeGreaterThan(50e6)
    expect(all('siskin_build_info')).toBe(1)
    const age = Date.now() / 1000 - all('siskin_last_commit_timestamp_seconds')!
    expect(age).toBeGreaterThanOrEqual(0)
    expect(age).toBeLessThan(60)
  })

  test('has every metric that is documented, shown or watched', async () => {
    const metrics = await scrape()
    const documented = Object.values(METRICS).map(({ name, type }) => [name, type])
    expect([...metrics].map(([name, { type }]) => [name, type])).toEqual(documented)
    const there = new Set([...metrics.values()].flatMap(({ samples }) => samples.map(nameOf)))
    for (const file of ['grafana/siskin.json', 'prometheus/rules.yml']) {
      const text = readFileSync(new URL(`../../deploy/${file}`, import.meta.url), 'utf8')
      const told = text.match(/\b(siskin|process)_[a-z_]+/g) ?? []
      const names = told.filter((name) => name !== 'siskin_partition_aside') // only while one is
      expect(names.length).toBeGreaterThan(10)
      expect([...there]).toEqual(expect.arrayContaining(names))
    }
  })

  test('is not behind at markers of transactions', async () => {
    const lags = async () => {
      const samples = (await scrape()).get('siskin_lag_messages')?.samples ?? []
      return samples.map(({ value }) => value)
    }
    await until(async () => (await lags()).join() === '0,0', 'no lag')
    const producer = new Producer({
      clientId: 'survey',
      bootstrapBrokers: [kafka.bootstrap],
      transactionalId: 'survey',
      idempotent: true,
      retryDelay: 50
    })
    const transaction = await producer.beginTransaction()
    await transaction.send({
      messages: [{ topic: 'seen-night', partition: 0, value: Buffer.from('x') }]
    })
    await transaction.commit()
    sent.messages++
    await producer.close()
    await until(async () => (await received()) === sent.messages, 'the message of the transaction')
    await until(async () => (await lags()).join() === '0,0', 'no lag behind the marker')
    expect(sumOf(await scrape(), 'siskin_topic_lag_messages_count')).toBeGreaterThan(1)
  })

  test(
    'a reader that is not ours understands the metrics',
    { timeout: INSTALL_MS },
    async (context) => {
      const python = await pythonFor(context)
      const path = join(folder, 'metrics.txt')
      const { text } = await ask(address, '/metrics')
      writeFileSync(path, text)
      const script = [
        'import sys',
        'from prometheus_client.parser import text_string_to_metric_families as parse',
        'print(sum(len(family.samples) for family in parse(open(sys.argv[1]).read())))'
      ].join('\n')
      const { stdout, stderr } = await runPython(python, ['-c', script, path])
      expect(stderr).toBe('')
      const samples = [...parsePrometheus(text).values()].flatMap((family) => family.samples)
      expect(Number(stdout)).toBe(samples.length)
    }
  )

  test('promtool finds nothing to say about the metrics', async (context) => {
    if (spawnSync('promtool', ['--version']).status !== 0) context.skip('there is no promtool')
    const { text } = await ask(address, '/metrics')
    const ran = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
    expect(ran.stdout + ran.stderr).toBe('')
  })

  test('counts and logs a member that died, and its successor', async () => {
    const before = sumOf(await scrape(), 'siskin_member_restarts_total')!
    process.kill(membersOf(running)[0]!, 'SIGKILL')
    await until(async () => sumOf(await scrape(), 'siskin_members_joined') === 0, 'the death')
    await until(async () => (await ask(address, '/readyz')).status === 200, 'its successor')
    const metrics = await scrape()
    expect(sumsBy(metrics, 'siskin_member_deaths_total', 'cause')).toEqual({ crashed: before + 1 })
    expect(sumOf(metrics, 'siskin_member_restarts_total')).toBe(before + 1)
    expect(sumOf(metrics, 'siskin_packets_received_total')).toBe(sent.messages)
  })

  test('logs one object a line, and nothing else, until its end', async () => {
    running.child.kill('SIGTERM')
    expect(await running.ended).toBe(0)
    const lines = linesOf(running.log())
    const landed = lines.filter((line) => /packets? landed$/.test(line.message))
    expect(landed.reduce((sum, line) => sum + Number(line['received']), 0)).toBe(sent.messages)
    const parts = landed.flatMap((line) => line['parts'] as { part: string; partition: number }[])
    expect(parts.map(({ part }) => part).sort()).toEqual(
      ledgerOf(lake)
        .map(({ part }) => part)
        .sort()
    )
    expect(lines.filter((line) => line['partitions']).at(0)).toMatchObject({
      level: 'info',
      partitions: ['seen-night-0', 'seen-night-1']
    })
    expect(lines.find((line) => line['cause'])).toMatchObject({ level: 'error', cause: 'crashed' })
    expect(lines.some(({ message }) => message.startsWith('stopping after'))).toBe(true)
  })
})
