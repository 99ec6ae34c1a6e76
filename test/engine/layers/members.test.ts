import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, describe, expect, it } from 'vitest'
import { reprocess } from '../../../engine/layers/reprocess.ts'
import type { ReprocessResult } from '../../../engine/layers/reprocess.ts'
import { openStore } from '../../../engine/store/open-store.ts'
import { verify } from '../../../engine/verify/verify.ts'
import { simulate } from '../../../simulator/index.ts'
import { badPlan } from '../../support/bad-modules.ts'
import { siskin, temporaryFolder } from '../../support/siskin.ts'

const folder = temporaryFolder()
const taken = join(folder, 'taken')
const PARTS = 6
let alerts = 0
let victim = '0'

beforeAll(async () => {
  const archive = join(folder, 'night.tar')
  const night = { start: '2026-01-12', seed: 5, scale: 0.006, stamps: 'none' } as const
  await simulate({ ...night, out: archive })
  const args = ['run', archive, '--lake', taken, '--part-packets', '25', '--json']
  const { stdout } = await siskin(args)
  alerts = (JSON.parse(stdout) as { alerts: number }).alerts
  const db = await (await DuckDBInstance.create(':memory:')).connect()
  const reader = await db.runAndReadAll(
    `SELECT alert_id FROM read_parquet('${taken}/ztf/alerts/**/*.parquet') ORDER BY alert_id LIMIT 1 OFFSET 70`
  )
  const found = reader.getRowObjectsJS()[0]!['alert_id'] as bigint
  victim = String(found)
  process.env['SISKIN_TEST_VICTIM'] = victim
}, 60_000)

async function reprocessWith(
  modules: readonly string[],
  filters: readonly string[] = [],
  name = [...modules, ...filters].join('-'),
  stop: AbortController | null = null
): Promise<{ result: ReprocessResult; log: string[]; lake: string }> {
  const lake = join(folder, name)
  if (!existsSync(lake)) cpSync(taken, lake, { recursive: true })
  const log: string[] = []
  const plan = badPlan(modules, filters)
  const result = await reprocess({
    store: openStore(lake),
    work: { plan, modules: plan.modules, filters: plan.filters, asOf: null },
    nights: null,
    members: 2,
    memberProgram: new URL('../../support/bad-layer-member.ts', import.meta.url),
    command: 'test',
    signal: (stop ?? new AbortController()).signal,
    crash: null,
    onProgress: () => stop?.abort(),
    onLog: (level, message) => log.push(`${level}: ${message}`)
  })
  return { result, log, lake }
}

async function expectWhole(lake: string): Promise<void> {
  const verdict = await verify(openStore(lake), { deep: true, onProgress: () => {} })
  expect(verdict.differences).toEqual([])
}

describe('a module in a reprocessing', () => {
  it('that hangs over an alert is stopped: its part gets failed:timeout, the others their values', async () => {
    const { result, log, lake } = await reprocessWith(['hangs'])
    expect(result.broken).toEqual([])
    expect(result.parts).toBeGreaterThanOrEqual(PARTS)
    const { ok = 0, 'failed:timeout': late = 0 } = result.tally.modules['hangs']!
    expect([ok + late, late > 0, late <= 25]).toEqual([alerts, true, true])
    expect(log).toContainEqual(expect.stringMatching(/^error: module hangs hangs/))
    await expectWhole(lake)
    process.env['SISKIN_TEST_VICTIM'] = '0'
    const again = await reprocessWith(['hangs'])
    process.env['SISKIN_TEST_VICTIM'] = victim
    expect([again.result.untouched, again.result.tally.modules['hangs']]).toEqual([
      result.parts - 1,
      { ok: late }
    ])
  }, 180_000)

  it('that ends its thread is tried twice, then its part is named and the others are made', async () => {
    const { result, lake } = await reprocessWith(['dies'])
    expect(result.broken).toEqual([
      {
        part: expect.stringMatching(/^part night-\w+ \d+ to \d+$/),
        reason: expect.stringContaining('it ended its member twice')
      }
    ])
    expect(result.tally.parts).toBe(result.parts - 1)
    await expectWhole(lake)
  }, 180_000)

  it('that throws over an alert fails it alone', async () => {
    const { result, lake } = await reprocessWith(['throws'])
    expect(result.tally.modules['throws']).toEqual({ ok: alerts - 1, 'failed:threw': 1 })
    await expectWhole(lake)
  }, 180_000)

  it('that is stopped commits what is in work, and goes on when it is run again', async () => {
    const stop = new AbortController()
    const first = await reprocessWith(['throws'], [], 'stopped', stop)
    expect(first.result).toMatchObject({ interrupted: true, broken: [] })
    expect(first.result.tally.parts).toBeGreaterThan(0)
    expect(first.result.tally.parts).toBeLessThan(first.result.parts)
    await expectWhole(first.lake)
    const { result } = await reprocessWith(['throws'], [], 'stopped')
    expect(result).toMatchObject({ interrupted: false, untouched: first.result.tally.parts })
    expect(result.tally.parts + first.result.tally.parts).toBe(result.parts)
  }, 180_000)

  it('a filter that hangs selects nothing of its part, and another misses none', async () => {
    const { result, lake } = await reprocessWith([], ['sleeps', 'takes_all'])
    expect(result.tally.topics['takes-all']).toBe(alerts)
    expect(result.tally.topics['sleeps']).toBeGreaterThanOrEqual(alerts - 25)
    expect(result.tally.topics['sleeps']).toBeLessThan(alerts)
    await expectWhole(lake)
  }, 180_000)
})
