import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, describe, expect, test } from 'vitest'
import type { TopicCompleteness } from '../../engine/inject/completeness.ts'
import type { PartRecord } from '../../engine/lake/ledger.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { topicIds } from '../../engine/truth/topic-ids.ts'
import type { InjectReport } from '../../jobs/inject/text.ts'
import { modules } from '../../science-modules/registry.ts'
import { simulate } from '../../simulator/index.ts'
import { recordsIn, verdictOf } from '../proof/support.ts'
import { fingerprint, siskin, temporaryFolder } from '../support/siskin.ts'

const NIGHT = 20260112
const folder = temporaryFolder()
const at = (name: string) => join(folder, name)
const lake = at('lake')
const bare = at('bare')
const ASK = ['inject', '--class', 'kilonova:40,sn_ia:40', '--like-night', String(NIGHT)]
let before: Record<string, unknown>
let reports: InjectReport[]

beforeAll(async () => {
  const night = { start: '2026-01-12', seed: 5, stamps: 'none' } as const
  await simulate({ ...night, survey: 'ztf', scale: 0.01, out: at('ztf.tar') })
  await simulate({ ...night, survey: 'lsst', scale: 0.00005, out: at('lsst.tar') })
  const sources = [at('ztf.tar'), at('lsst.tar'), '--schemas', at('schemas')]
  await told(['run', ...sources, '--lake', bare])
  cpSync(bare, lake, { recursive: true })
  before = await judged(lake)
  reports = await injected(lake, '--svg', at('found.svg'))
}, 120_000)

async function told(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await siskin(args)
  expect(code, stderr).toBe(0)
  return stdout
}

async function injected(into: string, ...more: string[]): Promise<InjectReport[]> {
  const text = await told([...ASK, '--lake', into, '--json', ...more])
  return JSON.parse(text) as InjectReport[]
}

/** What commands say of the real alerts of a lake. */
async function judged(of: string): Promise<Record<string, unknown>> {
  const truth = ['ztf', 'lsst'].map((survey) => at(`${survey}.truth.parquet`))
  const tested = await told(['backtest', 'large_amplitude', '--lake', of, '--json'])
  const { version } = modules.find(({ name }) => name === 'rate')!
  const compared = await told(['compare', 'rate', '--with', version, '--lake', of, '--json'])
  const { nights } = JSON.parse(await told(['inspect', of, '--json'])) as { nights: unknown }
  const views = await told(['views', '--lake', of])
  return {
    truth: JSON.parse(
      await told(['truth', '--lake', of, '--truth', ...truth, '--json'])
    ) as unknown,
    backtest: tested.replaceAll(/"(filterMs|microseconds)": [\d.]+/g, ''),
    compare: JSON.parse(
      compared
        .replace(/"microseconds": \{[^}]*\}/, '"microseconds": {}')
        .replace(/"parts": \d+,/, '')
    ) as unknown,
    nights,
    views: await asked(`${views}; SELECT * FROM
      (SELECT survey, count(*) n FROM ztf GROUP BY ALL UNION ALL SELECT survey, count(*) FROM lsst GROUP BY ALL)`)
  }
}

/** The answer of DuckDB to the last of some statements. */
async function asked(sql: string): Promise<string> {
  const instance = await DuckDBInstance.create(':memory:')
  const db = await instance.connect()
  try {
    const reader = await db.runAndReadAll(sql)
    return JSON.stringify(reader.getRowObjectsJson())
  } finally {
    db.closeSync()
    instance.closeSync()
  }
}

const injectedOf = (records: readonly PartRecord[]) =>
  records.flatMap(({ injected: own }) => (own ? [own] : []))

describe('siskin inject', () => {
  test('takes simulated alerts of both surveys in, each marked in its row; the lake is whole', async () => {
    expect(reports.map(({ survey }) => survey)).toEqual(['ztf', 'lsst'])
    const rows = await asked(`SELECT survey, injected, count(*)::INT n
      FROM read_parquet('${lake}/*/alerts/**/*.parquet', union_by_name = true)
      WHERE injected GROUP BY ALL ORDER BY survey DESC`)
    const of = ({ survey, alerts }: InjectReport) => ({ survey, injected: true, n: alerts })
    expect(JSON.parse(rows)).toEqual(reports.map(of))
    const verdict = await verdictOf(lake, '--deep')
    expect(verdict.differences).toEqual([])
  }, 60_000)

  test('no topic gets them; the ledger names those that belong to one, and the report counts these', async () => {
    const records = recordsIn(lake)
    const belong = injectedOf(records).flatMap(({ topics }) => Object.values(topics).flat())
    const published = await topicIds(openStore(lake), records)
    const all = new Set([...published.values()].flat().map(String))
    expect(belong.length).toBeGreaterThan(0)
    expect(belong.filter((id) => all.has(id))).toEqual([])
    const sum = (bins: TopicCompleteness['byMagnitude']) =>
      bins.reduce((found, bin) => found + bin.found, 0)
    const found = reports.flatMap(({ topics }) => topics.map((one) => sum(one.byMagnitude)))
    expect(found.reduce((a, b) => a + b, 0)).toBe(belong.length)
    for (const { objects } of reports.flatMap(({ topics }) => topics)) {
      expect(objects.injected).toBe(40)
      expect(objects.findable).toBeLessThanOrEqual(objects.injected)
      expect(objects.found).toBeLessThanOrEqual(objects.findable)
    }
    expect(readFileSync(at('found.svg'), 'utf8')).toContain('<polyline')
  })

  test('truth, backtest, compare, nights and views count the real alerts alone', async () => {
    expect(await judged(lake)).toEqual(before)
  }, 60_000)

  test('the same call adds nothing and says the same', async () => {
    const files = fingerprint(lake)
    expect(await injected(lake)).toEqual(reports)
    expect(fingerprint(lake)).toEqual(files)
  }, 60_000)

  test('topics get them when they are asked for, marked in each message; repair makes them so again', async () => {
    const copy = at('with')
    cpSync(bare, copy, { recursive: true })
    expect(await injected(copy, '--with-injected')).toEqual(reports)
    const lines = await told(['subscribe', 'large-amplitude', '--lake', copy, '--json'])
    const messages = lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { alert_id: string; injected: boolean })
    const marked = messages.filter((one) => one.injected).map((one) => one.alert_id)
    const belong = injectedOf(recordsIn(copy)).flatMap(
      ({ topics }) => topics['large-amplitude'] ?? []
    )
    expect(marked.toSorted()).toEqual(belong.toSorted())
    expect(marked.length).toBeGreaterThan(0)
    expect(messages.filter((one) => !one.injected).length).toBeGreaterThan(0)
    const whole = fingerprint(copy)
    const topic = Object.keys(whole).find((path) => /^topics\/large.*injected/.test(path))!
    rmSync(join(copy, topic))
    await told(['repair', '--lake', copy, '--yes'])
    expect(fingerprint(copy)[topic]).toBe(whole[topic])
  }, 60_000)

  test('objects that another call injected already are counted as what its parts say of them', async () => {
    const both = at('both')
    cpSync(bare, both, { recursive: true })
    const ask = ['--like-night', String(NIGHT), '--survey', 'ztf', '--json']
    const more = ['inject', '--class', 'kilonova:20,sn_ia:40', ...ask]
    const alone = at('alone')
    cpSync(bare, alone, { recursive: true })
    const fresh = await told([...more, '--lake', alone])
    const few = ['--filters', 'large_amplitude,new_source']
    await told(['inject', '--class', 'sn_ia:40', ...ask, ...few, '--lake', both])
    const { code, stdout, stderr } = await siskin([...more, '--lake', both])
    expect(code, stderr).toBe(0)
    const duplicates = recordsIn(both).reduce((sum, record) => sum + record.duplicates, 0)
    expect(duplicates).toBeGreaterThan(0)
    const counted = (text: string) =>
      (JSON.parse(text) as InjectReport[])[0]!.topics.filter(({ topic }) =>
        ['large-amplitude', 'new-source'].includes(topic)
      )
    expect(counted(stdout)).toEqual(counted(fresh))
    expect(stderr).toMatch(/when filters were others \(.*fast_riser not asked.*another --seed/)
    expect(stderr).not.toMatch(/only \d+ of|new_source not asked/)
  }, 60_000)

  test.each([
    [
      ['--class', 'kilonva:3'],
      /^siskin: unknown class "kilonva" \(kilonova\?\); known: agn, .*\n$/
    ],
    [['--class', 'kilonova'], /^siskin: --class "kilonova": write how many after a colon, .*\n$/],
    [
      ['--class', 'kilonova:3', '--like-night', '20260113'],
      /^siskin: --like-night 20260113: the lake .* has no alerts of it; it has ztf 20260112 .*\n$/
    ]
  ])('%j: one sentence, exit code 2', async (more, says) => {
    const args = ['inject', '--like-night', String(NIGHT), ...more, '--lake', lake]
    const { code, stdout, stderr } = await siskin(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(says)
  })

  test('a night that tells no exposure is refused in one sentence', async () => {
    const out = at('odd')
    cpSync(bare, out, { recursive: true })
    const empty = join(out, `ztf/alerts/night=${NIGHT}`)
    rmSync(empty, { recursive: true })
    cpSync(join(out, 'lsst/alerts'), join(out, 'ztf/alerts'), { recursive: true })
    writeFileSync(join(out, 'note'), '')
    const { code, stderr } = await siskin([...ASK, '--survey', 'ztf', '--lake', out])
    expect(stderr).toMatch(/^siskin: night 20260112 of ztf tells no exposure: .*\n$/)
    expect(code).toBe(2)
  })
})
