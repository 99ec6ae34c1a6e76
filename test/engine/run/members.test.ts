import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { localStore } from '../../../engine/store/local.ts'
import { openStore } from '../../../engine/store/open-store.ts'
import { verify } from '../../../engine/verify/verify.ts'
import { Blame } from '../../../engine/run/blame.ts'
import { run } from '../../../engine/run/run.ts'
import type { RunResult } from '../../../engine/run/run.ts'
import { guard } from '../../../jobs/run/guard.ts'
import { simulate } from '../../../simulator/index.ts'
import { badPlan } from '../../support/bad-modules.ts'
import { temporaryFolder } from '../../support/siskin.ts'

const folder = temporaryFolder()
const archive = join(folder, 'night.tar')
let packets = 0
let victim = 0n

beforeAll(async () => {
  const options = {
    out: archive,
    start: '2026-01-12',
    seed: 5,
    scale: 0.003,
    stamps: 'none'
  } as const
  packets = (await simulate(options)).packets
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const db = await (await DuckDBInstance.create(':memory:')).connect()
  const truth = archive.replace('.tar', '.truth.parquet')
  const reader = await db.runAndReadAll(
    `SELECT alert_id FROM read_parquet('${truth}') ORDER BY mjd LIMIT 1 OFFSET ${packets >> 1}`
  )
  victim = reader.getRowObjectsJS()[0]!['alert_id'] as bigint
  process.env['SISKIN_TEST_VICTIM'] = String(victim)
})

async function runWith(
  module: string | null,
  lake: string,
  filters: readonly string[] = []
): Promise<{ result: RunResult; log: string[] }> {
  const log: string[] = []
  const result = await run({
    sources: [archive],
    lake,
    members: 2,
    cut: { packets: 50, bytes: 2 ** 30 },
    surveys: ['ztf', 'lsst'],
    schemas: null,
    modules: module === null ? [] : [module],
    filters,
    plan: badPlan(module === null ? [] : [module], filters),
    memberProgram: new URL('../../support/bad-member.ts', import.meta.url),
    command: 'test',
    signal: new AbortController().signal,
    crash: null,
    isGuarded: false,
    onProgress: () => {},
    onLog: (level, message) => log.push(`${level}: ${message}`)
  })
  return { result, log }
}

async function expectWhole(lake: string): Promise<void> {
  const verdict = await verify(openStore(lake), { deep: true, onProgress: () => {} })
  expect(verdict).toMatchObject({ ok: true, received: packets, differences: [] })
}

describe('a member with a module that', () => {
  it('throws on one alert: that alert alone is without its columns', async () => {
    const lake = join(folder, 'throws')
    const { result, log } = await runWith('throws', lake)
    expect(result.tally.modules['throws']).toEqual({ ok: packets - 1, 'failed:threw': 1 })
    expect(log.join()).toContain('this alert is not to my taste')
    await expectWhole(lake)
  })

  it('hangs: is stopped, its range lands without that module, all others with it', async () => {
    const lake = join(folder, 'hangs')
    const { result, log } = await runWith('hangs', lake)
    const { ok = 0, 'failed:timeout': stopped = 0 } = result.tally.modules['hangs'] ?? {}
    expect(result.tally.alerts).toBe(packets)
    expect(ok + stopped).toBe(packets)
    expect(stopped).toBeGreaterThan(0)
    expect(stopped).toBeLessThanOrEqual(50)
    expect(log.join()).toContain('module hangs hangs')
    await expectWhole(lake)
  })

  it('is a filter, and hangs: its topic goes without that range, the alerts land, other topics miss nothing', async () => {
    const lake = join(folder, 'sleeps')
    const { result, log } = await runWith(null, lake, ['sleeps', 'takes_all'])
    const { tally } = result
    expect(tally.quarantined).toEqual({})
    expect([tally.alerts, tally.topics['takes-all']]).toEqual([packets, packets])
    const kept = tally.topics['sleeps'] ?? 0
    expect(kept).toBeGreaterThanOrEqual(packets - 50)
    expect(kept).toBeLessThan(packets)
    expect(log.join()).toContain('filter sleeps hangs')
    await expectWhole(lake)
  })

  it('kills the whole process: a guarded run ends all the same, with that packet in quarantine', async () => {
    const lake = join(folder, 'slays')
    const program = fileURLToPath(new URL('../../support/guarded-run.ts', import.meta.url))
    expect(await guard(program, [archive, lake, 'slays'])).toBe(0)
    const verdict = await verify(openStore(lake), { deep: true, onProgress: () => {} })
    expect(verdict).toMatchObject({
      ok: true,
      received: packets,
      alerts: packets - 1,
      quarantined: { poison: 1 }
    })
  })

  it('kills the process and its guard: the next run knows what they died of', async () => {
    const store = openStore(join(folder, 'blamed'))
    const range = { source: 's', first: 0, last: 49 }
    for (let death = 1; death <= 2; death++) {
      const blame = await Blame.open(store, ['s'])
      expect(blame.deathsOf('s', 0, 49)).toBe(death - 1)
      await blame.working([range])
    }
    const blame = await Blame.open(store, ['s'])
    expect([blame.deathsOf('s', 0, 49), blame.deathsOf('s', 0, 24)]).toEqual([2, 1])
    await blame.forget()
    expect((await Blame.open(store, ['s'])).deathsOf('s', 0, 49)).toBe(0)
  })

  it('is noted under each of the sources that were in work, for who runs one of them alone', async () => {
    const store = localStore(temporaryFolder())
    const ranges = ['a', 'b'].map((source) => ({ source, first: 0, last: 49 }))
    await (await Blame.open(store, ['a', 'b', 'c'])).working(ranges) // and the process is gone
    const alone = await Blame.open(store, ['b'])
    expect(alone.deathsOf('b', 0, 49)).toBe(1)
    await alone.working([{ source: 'b', first: 0, last: 24 }])
    await alone.forget()
    const again = await Blame.open(store, ['a', 'b', 'c'])
    expect(['a', 'b', 'c'].map((source) => again.deathsOf(source, 0, 49))).toEqual([1, 0, 0])
    await again.forget()
    expect(await store.list('_siskin/deaths')).toEqual([])
  })

  it('kills it: the one packet that does so ends in quarantine, all others land', async () => {
    const lake = join(folder, 'dies')
    const { result, log } = await runWith('dies', lake)
    expect(result.tally.quarantined).toEqual({ poison: 1 })
    expect(result.tally.alerts).toBe(packets - 1)
    expect(log.filter((line) => line.includes('a member died')).length).toBeGreaterThanOrEqual(2)
    await expectWhole(lake)
  })
})
