import { cpSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { filters } from '../../filters/registry.ts'
import { PROJECT } from '../../jobs/new/new.ts'
import { simulate } from '../../simulator/index.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const folder = temporaryFolder()
const lake = join(folder, 'lake')
let topics: Record<string, number>
let alerts = 0

beforeAll(async () => {
  const night = { start: '2026-01-12', seed: 5, scale: 0.02, stamps: 'none' } as const
  await simulate({ ...night, out: join(folder, 'night.tar') })
  const { stdout } = await siskin(['run', join(folder, 'night.tar'), '--lake', lake, '--json'])
  const summary = JSON.parse(stdout) as { alerts: number; topics: Record<string, number> }
  topics = summary.topics
  alerts = summary.alerts
}, 120_000)

interface Report {
  readonly filterMs: number
  readonly microseconds: number
  readonly alerts: number
  readonly selected: number
  readonly overlaps: { topic: string; selected: number; both: number }[]
  readonly damaged: { path: string }[]
}

async function backtested(filter: string, from = lake): Promise<Report> {
  const { stdout, stderr } = await siskin(['backtest', filter, '--lake', from, '--json'])
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Report
}

function timesOf({ filterMs, microseconds }: Report) {
  return { filterMs, microseconds }
}

describe('siskin backtest', () => {
  test('selects of a lake what the run selected, by every filter', async () => {
    for (const { name, topic } of filters) {
      const report = await backtested(name)
      expect([name, report.alerts, report.selected]).toEqual([name, alerts, topics[topic] ?? 0])
      for (const other of report.overlaps) expect(other.selected).toBe(topics[other.topic] ?? 0)
    }
    expect(Object.values(topics).some((count) => count > 0)).toBe(true)
  }, 120_000)

  test('judges a selection by the truth as siskin truth judges the topic', async () => {
    const truth = join(folder, 'night.truth.parquet')
    const told = await siskin(['truth', '--lake', lake, '--truth', truth, '--json'])
    const { topics: rows } = JSON.parse(told.stdout) as { topics: { topic: string }[] }
    for (const name of ['large_amplitude', 'solar_system_known']) {
      const args = ['backtest', name, '--lake', lake, '--truth', truth, '--json']
      const { stdout, stderr } = await siskin(args)
      expect(stderr).toBe('')
      const { truth: row } = JSON.parse(stdout) as { truth: { topic: string; findable: number } }
      expect(row).toEqual(rows.find(({ topic }) => topic === row.topic))
      expect(row.findable).toBeGreaterThan(0)
    }
    const none = await siskin(['backtest', 'fast_riser', '--lake', lake, '--truth', 'none'])
    expect([none.code, none.stderr]).toEqual([2, 'siskin: truth "none": no such file\n'])
  }, 60_000)

  test('takes a filter by its path, and says what is wrong with one', async () => {
    const home = join(folder, 'mine')
    mkdirSync(home)
    writeFileSync(
      join(home, 'filter.ts'),
      `export default { name: 'mine', version: '0.1.0', topic: 'mine', about: 'All of it.', owner: '@me', requires: {}, uses: {}, keep: () => () => true }`
    )
    expect(await backtested(home)).toMatchObject({ alerts, selected: alerts })
    const reaching = join(folder, 'reaching.ts')
    writeFileSync(reaching, `import { readFileSync } from 'node:fs'\nexport default readFileSync`)
    const refused = await siskin(['backtest', reaching, '--lake', lake])
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringMatching(/reaching\.ts imports node:fs: .* import #contract and their own files/)
    ])
    writeFileSync(join(folder, 'torn.ts'), 'export default {')
    const torn = await siskin(['backtest', join(folder, 'torn.ts'), '--lake', lake])
    expect([torn.code, torn.stderr]).toEqual([2, expect.stringContaining('torn.ts: ')])
  })

  test('takes a filter of another checkout, with the blocks that it has there', async () => {
    const checkout = join(folder, 'checkout')
    for (const name of ['filters', 'engine', 'package.json']) {
      cpSync(join(PROJECT, name), join(checkout, name), { recursive: true })
    }
    const there = await backtested(join(checkout, 'filters/fast_riser'))
    expect(there).toEqual({ ...(await backtested('fast_riser')), ...timesOf(there) })
  })

  test.each([
    [['fast_rise'], /unknown filter "fast_rise" \(fast_riser\?\)/],
    [['./nothing.ts'], /filter ".\/nothing.ts": no such file/],
    [['fast_riser', '--nights', 'yesterday'], /write YYYYMMDD/],
    [['fast_riser', '--nights', '20260231'], /20260231 is no date/],
    [['fast_riser', '--nights', '20260112..20260101'], /20260112 comes after 20260101/]
  ])('refuses %j in one sentence', async (args, said) => {
    const { code, stderr } = await siskin(['backtest', ...args, '--lake', lake])
    expect([code, stderr.trim().split('\n').length]).toEqual([2, 1])
    expect(stderr).toMatch(said)
  })

  test('says which nights there are, and where there is no lake', async () => {
    const none = await siskin(['backtest', 'fast_riser', '--lake', lake, '--nights', '20250101'])
    expect([none.code, none.stderr]).toEqual([
      1,
      expect.stringMatching(/it has nights 20260112 to 2026011/)
    ])
    const nowhere = await siskin(['backtest', 'fast_riser', '--lake', join(folder, 'no')])
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('holds no lake')])
  })

  test('names a damaged file, counts the others, and exits with 1', async () => {
    const copy = join(folder, 'damaged')
    cpSync(lake, copy, { recursive: true })
    const files = readdirSync(join(copy, 'ztf/alerts'), { recursive: true })
    const victim = files.map(String).find((name) => name.endsWith('.parquet'))!
    truncateSync(join(copy, 'ztf/alerts', victim), 1000)
    const { code, stdout, stderr } = await siskin([
      'backtest',
      'fast_riser',
      '--lake',
      copy,
      '--json'
    ])
    expect([code, stderr]).toEqual([1, expect.stringContaining(victim)])
    expect(JSON.parse(stdout)).toMatchObject({ damaged: [{ path: `ztf/alerts/${victim}` }] })
  })
})
