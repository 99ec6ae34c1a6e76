import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { expose } from '../../engine/metrics/server.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { StreamSupervisor } from '../../engine/stream/supervisor/supervisor.ts'
import type { StreamSettings } from '../../engine/stream/common/settings.ts'
import type { LogEvent } from '../../engine/stream/supervisor/events.ts'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafka } from '../cluster/shared.ts'
import { parsePrometheus, sumOf, sumsBy } from '../support/prometheus.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'
import { describeKafka, makeTopic, until } from './support.ts'

const SETTINGS: StreamSettings = {
  kafka: {
    brokers: ['127.0.0.1:9'],
    user: null,
    password: null,
    mechanism: 'PLAIN',
    tls: false,
    ca: null
  },
  topics: ['none'],
  group: 'noisy',
  from: 'earliest',
  trigger: { seconds: 1, rows: 50, bytes: 1e7 },
  lake: '',
  surveys: ['ztf'],
  modules: [],
  filters: [],
  schemas: null,
  output: {
    prefix: '',
    partitions: 1,
    replication: 1,
    retentionDays: 1,
    registry: null,
    finkPrefix: null
  },
  sessionSeconds: 6,
  takeOver: false,
  refreshSeconds: 5
}

/** A supervisor whose only member is an odd one. It stops when there is event that `isEnough`. */
function supervise(name: string, isEnough: (event: LogEvent) => boolean) {
  const lake = join(temporaryFolder(), 'lake')
  const stop = new AbortController()
  const log: LogEvent[] = []
  const supervisor = new StreamSupervisor({
    settings: { ...SETTINGS, lake },
    store: openStore(lake),
    members: 1,
    name,
    program: new URL('./odd-member.ts', import.meta.url),
    progressSeconds: 2,
    idleSeconds: null,
    signal: stop.signal,
    hushed: true,
    onRecords: () => {},
    onProgress: () => {},
    onLog: (event) => {
      log.push(event)
      if (isEnough(event)) stop.abort()
    }
  })
  return { supervisor, log, stop }
}

const metricsOf = (supervisor: StreamSupervisor) => parsePrometheus(expose(supervisor.families()))

test('what a member says on its way out is in the log of its supervisor', async () => {
  const { supervisor, log } = supervise('noisy', ({ message }) => /started again/.test(message))
  await supervisor.run()
  expect(log).toContainEqual({
    level: 'warn',
    message: 'out of memory, says a library',
    fields: { member: 'noisy-0' }
  })
  expect(log).toContainEqual({
    level: 'error',
    message: 'member noisy-0: it ended with code 3; another takes over',
    fields: { member: 'noisy-0', cause: 'crashed', how: 'code 3', range: null }
  })
  expect(sumOf(metricsOf(supervisor), 'siskin_member_restarts_total')).toBe(1)
  expect(supervisor.ready()).toMatchObject({ ok: false, reason: 'it is stopping' })
})

test('a member that is behind and takes nothing in is ready for a while, then stalled', async () => {
  const { supervisor, log } = supervise('stuck', ({ fields }) => fields?.['cause'] === 'stalled')
  const running = supervisor.run()
  await until(() => supervisor.ready().ok, 'readiness')
  await until(() => supervisor.ready()['lag'] === 7, 'lag')
  expect(sumOf(metricsOf(supervisor), 'siskin_lag_messages', { topic: 'night' })).toBe(7)
  await until(() => !supervisor.ready().ok, 'its end')
  await running
  expect(log.map(({ message }) => message)).toContain(
    'member stuck-0 took nothing in for 2 s: it is killed'
  )
  const deaths = sumsBy(metricsOf(supervisor), 'siskin_member_deaths_total', 'cause')
  expect(deaths).toEqual({ stalled: 1 })
  expect(sumOf(metricsOf(supervisor), 'siskin_lag_messages')).toBe(null)
})

test('a member that has to look into the topics before it reads on may take as long as that takes, and says so', async () => {
  const { supervisor, log, stop } = supervise('looks', () => false)
  const running = supervisor.run()
  await until(() => supervisor.ready()['joined'] === 1, 'its joining')
  await new Promise((resolve) => setTimeout(resolve, 5000)) // progressSeconds is 2
  expect(supervisor.ready().reason).toContain('it waits for the topics for subscribers')
  expect(log.map(({ message }) => message).join('\n')).not.toContain('killed')
  stop.abort()
  await running
})

describeKafka('a stream that cannot be watched', () => {
  const lake = join(temporaryFolder(), 'lake')
  let kafka: SharedKafka

  beforeAll(async () => {
    kafka = await sharedKafka()
    await makeTopic(kafka, { topic: 'logged', partitions: 1 })
  })

  async function refused(args: readonly string[], env: Record<string, string> = {}) {
    const given = ['stream', '--brokers', kafka.bootstrap, '--topics', 'logged', '--lake', lake]
    const { code, stderr } = await siskin([...given, ...args], env)
    const lines = stderr.trim().split('\n')
    expect(lines).toHaveLength(1)
    return { code, said: lines[0]! }
  }

  test('says that its port is taken', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const port = String((other.address() as AddressInfo).port)
    const { code, said } = await refused(['--metrics-port', port])
    expect(code).toBe(2)
    expect(said).toBe(
      `siskin: port ${port} of 127.0.0.1 is taken: choose another --metrics-port, or 0 for any that is free`
    )
    const json = await refused(['--metrics-port', port, '--log-format', 'json'])
    expect(json.code).toBe(2)
    expect(JSON.parse(json.said)).toMatchObject({ level: 'error', exitCode: 2 })
    other.close()
  })

  test('says in its form of log what is wrong with its flags and its settings', async () => {
    for (const args of [['--trigger-rows', 'many'], ['--nothing'], ['--topics', '/(/']]) {
      const { code, said } = await refused([...args, '--log-format', 'json'])
      expect(code).toBe(2)
      expect(JSON.parse(said)).toMatchObject({ level: 'error', exitCode: 2 })
    }
    const env = { SISKIN_LOG_FORMAT: 'json', SISKIN_TRIGGER_ROWS: 'many' }
    expect(JSON.parse((await refused([], env)).said)).toMatchObject({ level: 'error' })
  })
})
