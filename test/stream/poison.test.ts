import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStore } from '../../engine/store/open-store.ts'
import { StreamSupervisor } from '../../engine/stream/supervisor/supervisor.ts'
import { decodeZtf } from '../../simulator/read-archive.ts'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafka } from '../cluster/shared.ts'
import { temporaryFolder } from '../support/siskin.ts'
import {
  describeKafka,
  ledgerOf,
  makeTopic,
  nightOfPackets,
  receivedIn,
  send,
  verdictOf
} from './support.ts'

describeKafka('a module that misbehaves in a live stream', () => {
  const folder = temporaryFolder()
  const input = { topic: 'poisoned', partitions: 1 }
  const victim = 37
  let kafka: SharedKafka
  let packets: Buffer[]

  beforeAll(async () => {
    kafka = await sharedKafka()
    packets = (await nightOfPackets(folder)).slice(0, 80)
    process.env['SISKIN_TEST_VICTIM'] = String(decodeZtf(packets[victim]!)['candid'])
    await makeTopic(kafka, input)
    await send(kafka, input, packets)
  })

  afterAll(async () => {
    delete process.env['SISKIN_TEST_VICTIM']
  })

  /** Runs a member with one bad module until all is in the lake; returns what was logged. */
  async function runWith(module: string, filters: readonly string[] = []): Promise<string[]> {
    const lake = join(folder, module || filters.join())
    const name = module || filters[0]!
    const stop = new AbortController()
    const log: string[] = []
    const supervisor = new StreamSupervisor({
      settings: {
        kafka: {
          brokers: [kafka.bootstrap],
          user: null,
          password: null,
          mechanism: 'PLAIN',
          tls: false,
          ca: null
        },
        topics: [input.topic],
        group: name,
        from: 'earliest',
        trigger: { seconds: 1, rows: 50, bytes: 1e7 },
        lake,
        surveys: ['ztf'],
        modules: module ? [module] : [],
        filters,
        schemas: null,
        output: { prefix: '', partitions: 1, replication: 1, retentionDays: 1, registry: null },
        sessionSeconds: 6,
        takeOver: false,
        refreshSeconds: 5
      },
      store: openStore(lake),
      members: 1,
      name,
      program: new URL('./bad-member.ts', import.meta.url),
      progressSeconds: 60,
      idleSeconds: null,
      signal: stop.signal,
      onRecords: () => {
        if (receivedIn(lake) === packets.length) stop.abort()
      },
      onProgress: () => {},
      onLog: ({ level, message }) => {
        log.push(`${level}: ${message}`)
      }
    })
    await supervisor.run()
    return log
  }

  test('a packet that kills its member every time ends in quarantine, alone', async () => {
    await runWith('dies')
    const verdict = await verdictOf(join(folder, 'dies'))
    expect(verdict).toMatchObject({
      ok: true,
      received: packets.length,
      alerts: packets.length - 1,
      quarantined: { poison: 1 }
    })
    const poisoned = ledgerOf(join(folder, 'dies')).filter((record) => record.quarantined.poison)
    expect(poisoned.map(({ first, last }) => [first, last])).toEqual([[victim, victim]])
    const left = await openStore(join(folder, 'dies')).list('_siskin/deaths')
    expect(left).toEqual([])
  })

  test('a module that hangs is left out, and the alerts land', async () => {
    const log = await runWith('hangs')
    expect(log.join('\n')).toContain('module hangs hangs')
    expect(await verdictOf(join(folder, 'hangs'))).toMatchObject({
      ok: true,
      alerts: packets.length
    })
  })

  test('a filter that hangs is left out, and the alerts land', async () => {
    const log = await runWith('', ['sleeps'])
    expect(log.join('\n')).toContain('filter sleeps hangs')
    const verdict = await verdictOf(join(folder, 'sleeps'))
    expect(verdict).toMatchObject({ ok: true, alerts: packets.length, quarantined: {} })
    const failed = ledgerOf(join(folder, 'sleeps')).map(({ filters }) => filters['sleeps']?.failed)
    expect(Math.max(...failed.map((count) => count ?? 0))).toBeGreaterThan(0)
  })
})
