import { readFileSync, rmSync, truncateSync, cpSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, describe, expect, test } from 'vitest'
import { filters } from '../../filters/registry.ts'
import { modules } from '../../science-modules/registry.ts'
import { simulate } from '../../simulator/index.ts'
import { fingerprint, siskin, temporaryFolder } from '../support/siskin.ts'

const folder = temporaryFolder()
const lake = join(folder, 'lake')
const RATE = fileURLToPath(new URL('../../science-modules/rate', import.meta.url))
const RISER = filters.find(({ name }) => name === 'fast_riser')!.topic
const published = modules.find(({ name }) => name === 'rate')!.version
let topics: Record<string, number>
let alerts = 0

interface Report {
  readonly alerts: number
  readonly columns: {
    column: string
    both: number
    changed: number
    toNull: number
    fromNull: number
  }[]
  readonly spreads: { column: string; median: number; largest: number }[]
  readonly statuses: Record<string, number>
  readonly topics: {
    topic: string
    old: number
    fresh: number
    entering: number
    leaving: number
    leave: string[]
  }[]
  readonly largest: { alertId: string; column: string; old: number; fresh: number }[]
  readonly microseconds: { old: number; fresh: number }
}

/** A contributor's folder: the published module, with something else in it. */
function contributed(name: string, change: string, run = 'return { ...out }'): string {
  const own = join(folder, name)
  cpSync(RATE, join(own, 'rate'), { recursive: true })
  writeFileSync(
    join(own, 'module.ts'),
    `import rate from './rate/module.ts'
     let calls = 0
     export default { ...rate, version: '9.0.0', ${change} run(batch) { calls++; const out = rate.run(batch); ${run} } }`
  )
  return own
}

async function compared(...args: string[]): Promise<Report> {
  const { stdout, stderr } = await siskin(['compare', 'rate', '--lake', lake, '--json', ...args])
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Report
}

async function asked(sql: string): Promise<Record<string, unknown>> {
  const instance = await DuckDBInstance.create(':memory:')
  const db = await instance.connect()
  try {
    return (await db.runAndReadAll(sql)).getRowObjectsJson()[0]!
  } finally {
    db.closeSync()
    instance.closeSync()
  }
}

const MORE = 'mag_rate: out.mag_rate.map((value) => (value === null ? null : value + 1))'
const SILENT =
  'upper_rate: out.upper_rate.map(() => null), lower_rate: out.lower_rate.map(() => null)'

beforeAll(async () => {
  const archive = join(folder, 'night.tar')
  const night = { start: '2026-01-13', seed: 5, scale: 0.012, stamps: 'none' } as const
  await simulate({ ...night, out: archive })
  const args = ['run', archive, '--lake', lake, '--part-packets', '150', '--json']
  const { stdout } = await siskin(args)
  const account = JSON.parse(stdout) as { alerts: number; topics: Record<string, number> }
  topics = account.topics
  alerts = account.alerts
}, 60_000)

describe('siskin compare', () => {
  test('finds no difference between a version and itself, and writes nothing into the lake', async () => {
    const before = fingerprint(lake)
    for (const other of [contributed('same', ''), published]) {
      const report = await compared('--with', other)
      expect(report).toMatchObject({ alerts, statuses: {}, largest: [], spreads: [] })
      for (const { changed, toNull, fromNull } of report.columns) {
        expect([changed, toNull, fromNull]).toEqual([0, 0, 0])
      }
      for (const { topic, old, fresh } of report.topics) {
        expect([topic, old, fresh]).toEqual([topic, topics[topic] ?? 0, topics[topic] ?? 0])
      }
    }
    expect(fingerprint(lake)).toEqual(before)
  }, 60_000)

  test('counts what changed, by how much, and what enters and leaves topics', async () => {
    const own = contributed('other', '', `return { ...out, ${MORE}, ${SILENT} }`)
    const [save, svg] = [join(folder, 'diff.parquet'), join(folder, 'diff.svg')]
    const report = await compared('--with', own, '--save', save, '--svg', svg)
    const there = await asked(
      `SELECT count(rate.mag_rate) mag_rate, count(rate.upper_rate) upper_rate
       FROM read_parquet('${lake}/ztf/alerts/**/*.parquet')`
    )
    const column = (name: string) => report.columns.find((one) => one.column === `rate.${name}`)!
    expect(Number(there['mag_rate'])).toBeGreaterThan(0)
    expect(column('mag_rate')).toMatchObject({ changed: Number(there['mag_rate']), toNull: 0 })
    expect(column('upper_rate')).toMatchObject({ changed: 0, toNull: Number(there['upper_rate']) })
    const [spread] = report.spreads
    expect(spread?.column).toBe('rate.mag_rate')
    expect([spread?.median, spread?.largest]).toEqual([expect.closeTo(1, 6), expect.closeTo(1, 6)])
    expect(report.largest).toHaveLength(20)
    const riser = report.topics.find(({ topic }) => topic === RISER)!
    expect(riser).toMatchObject({
      old: topics[RISER],
      fresh: 0,
      entering: 0,
      leaving: topics[RISER]
    })
    expect(topics[RISER]).toBeGreaterThan(0)
    const saved = await asked(`SELECT count(*) FILTER (abs("new" - old - 1) < 1e-6) one,
      count(*) FILTER ("new" IS NULL) gone FROM '${save}'`)
    const gone = column('upper_rate').toNull + column('lower_rate').toNull
    expect(saved).toEqual({ one: there['mag_rate'], gone: String(gone) })
    const drawn = readFileSync(svg, 'utf8')
    expect(drawn.match(/<circle/g)).toHaveLength(Math.min(500, column('mag_rate').changed))
    const again = await siskin(['compare', 'rate', '--lake', lake, '--with', own, '--save', save])
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('is there already')])
  }, 60_000)

  test.each([
    ['does not compile', 'export default {', /module .*torn\/module\.ts: .* \(.*module\.ts:\d+\)/],
    ['has no default export', 'export const one = 1', /it has no default export/],
    [
      'is another one',
      `import rate from './rate/module.ts'; export default { ...rate, name: 'rats' }`,
      /is called rats, and not rate/
    ],
    [
      'has no version',
      `import rate from './rate/module.ts'; export default { ...rate, version: 'new' }`,
      /version "new" is not semantic/
    ]
  ])('refuses a folder whose module %s', async (_, text, said) => {
    const own = join(folder, 'torn')
    cpSync(RATE, join(own, 'rate'), { recursive: true })
    writeFileSync(join(own, 'module.ts'), text)
    const { code, stderr } = await siskin(['compare', 'rate', '--lake', lake, '--with', own])
    expect([code, stderr]).toEqual([2, expect.stringMatching(said)])
    rmSync(own, { recursive: true })
  })

  test.each([
    [
      'clock',
      '',
      'return { ...out, mag_rate: out.mag_rate.map(() => calls) }',
      2,
      /mag_rate is not the same twice/
    ],
    [
      'neighbours',
      '',
      'return { ...out, delta_time: out.delta_time.map(() => batch.rows) }',
      2,
      /delta_time of an alert depends on the alerts beside it/
    ],
    ['rows', '', 'return { ...out, mag_rate: [1] }', 2, /mag_rate has 1 values for/],
    ['throws', '', "throw new Error('not today')", 2, /it threw: not today/],
    [
      'needs',
      "requires: { ...rate.requires, more: { kind: 'number', column: 'rates.more', unit: '' } },",
      'return out',
      2,
      /needs column "rates\.more", which nothing makes/
    ],
    ['loop', 'budget: 10,', 'for (;;) calls++', 2, /does not end: it was stopped after/]
  ])(
    'refuses a module that breaks its contract: %s',
    async (name, change, run, exit, said) => {
      const own = contributed(name, change, run)
      const { code, stdout, stderr } = await siskin([
        'compare',
        'rate',
        '--lake',
        lake,
        '--with',
        own
      ])
      expect([code, stdout, stderr]).toEqual([exit, '', expect.stringMatching(said)])
    },
    30_000
  )

  test.each([
    [['rats', '--with', '1.0.0'], /unknown module "rats" \(rate\?\)/],
    [['rate', '--with', '7.0.0'], /unknown version of rate "7\.0\.0"; known: 1\.1\.0/],
    [['rate', '--with', './nowhere'], /module ".\/nowhere": no such file or folder/],
    [
      ['rate', '--with', '1.1.0', '--nights', '20250101'],
      /no alerts of these nights: it has nights/
    ]
  ])('refuses %j in one sentence', async (args, said) => {
    const { code, stderr } = await siskin(['compare', ...args, '--lake', lake])
    expect([code, stderr.trim().split('\n').length]).toEqual([2, 1])
    expect(stderr).toMatch(said)
  })

  test('names a damaged part, compares the others, and exits with 1', async () => {
    const copy = join(folder, 'damaged')
    cpSync(lake, copy, { recursive: true })
    const files = readdirSync(join(copy, 'ztf/alerts'), { recursive: true }).map(String)
    const victim = files.find((name) => name.endsWith('.parquet'))!
    truncateSync(join(copy, 'ztf/alerts', victim), 1000)
    const args = ['compare', 'rate', '--lake', copy, '--with', published]
    const { code, stdout, stderr } = await siskin(args)
    expect([code, stderr]).toEqual([1, expect.stringContaining(victim)])
    expect(stdout).toContain('9 columns the same')
  }, 30_000)
})
