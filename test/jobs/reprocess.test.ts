import { cpSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { basename, join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, describe, expect, test } from 'vitest'
import { eachBlock } from '../../engine/avro/container.ts'
import { filters } from '../../filters/registry.ts'
import { modules } from '../../science-modules/registry.ts'
import { simulate } from '../../simulator/index.ts'
import { describeReal, ZTF_SAMPLE } from '../support/packets.ts'
import { ask } from '../support/ask.ts'
import { fingerprint, siskin, temporaryFolder } from '../support/siskin.ts'

const folder = temporaryFolder()
const lake = join(folder, 'lake')
const versionOf = (name: string) => modules.find((module) => module.name === name)!.version
const RATE = `rate@${versionOf('rate')}`
const RISER = filters.find(({ name }) => name === 'fast_riser')!

interface Account {
  readonly layers: string[]
  readonly parts: number
  readonly untouched: number
  readonly made: number
  readonly alerts: number
  readonly modules: Record<string, Record<string, number>>
  readonly topics: Record<string, number>
  readonly broken: { part: string; reason: string }[]
}

async function reprocessed(from: string, ...args: string[]): Promise<Account> {
  const { stdout, stderr } = await ask(['reprocess', '--lake', from, '--json', ...args])
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Account
}

interface Verdict {
  readonly ok: boolean
  readonly differences: string[]
  readonly notes: string[]
}

async function verified(from: string): Promise<Verdict> {
  const { stdout } = await ask(['verify', '--deep', '--lake', from, '--json'])
  return JSON.parse(stdout) as Verdict
}

async function asked(from: string, sql: string, ...versions: string[]): Promise<unknown[]> {
  const { stdout } = await ask(['views', ...versions, '--lake', from])
  const instance = await DuckDBInstance.create(':memory:')
  const db = await instance.connect()
  try {
    await db.run(stdout)
    return (await db.runAndReadAll(sql)).getRowObjectsJson()
  } finally {
    db.closeSync()
    instance.closeSync()
  }
}

function copyOf(name: string, from = lake): string {
  const copy = join(folder, name)
  cpSync(from, copy, { recursive: true })
  return copy
}

function filesBelow(root: string, ending: string): string[] {
  if (!existsSync(root)) return []
  const names = readdirSync(root, { recursive: true }).map(String)
  return names.filter((name) => name.endsWith(ending)).sort()
}

/** The messages of a topic, file by file. */
function messagesBelow(root: string): Record<string, string[]> {
  const messages: Record<string, string[]> = {}
  for (const name of filesBelow(root, '.avro')) {
    const bytes = readFileSync(join(root, name))
    const own: string[] = (messages[name] = [])
    eachBlock(bytes, (_, start, end) => own.push(bytes.toString('base64', start, end)))
  }
  return messages
}

beforeAll(async () => {
  const night = { seed: 5, scale: 0.012, stamps: 'shared' } as const
  const archives = ['2026-01-12', '2026-01-13'].map((start) => join(folder, `${start}.tar`))
  for (const out of archives) await simulate({ ...night, start: basename(out, '.tar'), out })
  const args = ['run', ...archives, '--lake', lake, '--part-packets', '150']
  const { code, stderr } = await siskin(args)
  expect(code, stderr).toBe(0)
}, 180_000)

describe('siskin reprocess', () => {
  test('runs what is named and what reads from it, beside the parts, which stay as they are', async () => {
    const own = copyOf('dependents')
    const before = fingerprint(own)
    const account = await reprocessed(own, '--modules', 'detections')
    expect(account.layers).toEqual(
      ['detections', 'solar_system', 'rate'].map((name) => `layers/${name}@${versionOf(name)}`)
    )
    expect(account.made).toBe(account.parts * 3)
    const after = fingerprint(own)
    for (const [path, sum] of Object.entries(before))
      expect([path, after[path]]).toEqual([path, sum])
    expect(await verified(own)).toMatchObject({ ok: true, notes: [] })
    for (const [name, statuses] of Object.entries(account.modules)) {
      const total = Object.values(statuses).reduce((sum, rows) => sum + rows, 0)
      expect([name, total]).toEqual([name, account.alerts])
    }
    // of the same version they say the same
    const [same] = await asked(
      own,
      `SELECT count(*) alerts, count(*) FILTER (a.rate = b.rate AND a.detections = b.detections
         AND a.solar_system = b.solar_system) same FROM ztf a JOIN ztf_parts b USING (night, alert_id)`
    )
    expect(same).toEqual({ alerts: String(account.alerts), same: String(account.alerts) })
  }, 120_000)

  test('makes nothing twice, and goes on where it was stopped', async () => {
    const own = copyOf('twice')
    const first = await reprocessed(own, '--modules', 'rate')
    expect(first).toMatchObject({ untouched: 0, made: first.parts })
    const files = fingerprint(own)
    expect(await reprocessed(own, '--modules', 'rate')).toMatchObject({
      untouched: first.parts,
      made: 0
    })
    expect(fingerprint(own)).toEqual(files)
    const [gone] = filesBelow(join(own, 'ztf/layers'), '.parquet')
    rmSync(join(own, 'ztf/layers', gone!))
    const broken = await verified(own)
    expect(broken.differences).toEqual([
      expect.stringContaining(
        `${gone} is missing; remove what is left of it, and siskin reprocess --modules rate`
      )
    ])
    expect(await reprocessed(own, '--modules', 'rate')).toMatchObject({ made: 1 })
    expect(fingerprint(own)).toEqual(files)
  }, 120_000)

  test('makes the history of a topic message for message as the run made it', async () => {
    const own = copyOf('topics')
    const live = messagesBelow(join(own, 'topics', RISER.topic))
    expect(Object.values(live).flat().length).toBeGreaterThan(0)
    const account = await reprocessed(own, '--filters', 'fast_riser')
    const topic = `${RISER.topic}@${RISER.version}`
    expect(account.layers).toEqual([`topics/${topic}`])
    expect(messagesBelow(join(own, 'topics', topic))).toEqual(live)
    expect(messagesBelow(join(own, 'topics', RISER.topic))).toEqual(live)
    expect(await verified(own)).toMatchObject({ ok: true })
    const read = await siskin(['subscribe', topic, '--lake', own, '--json', '--group', 'me'])
    expect(read.stdout.trim().split('\n')).toHaveLength(Object.values(live).flat().length)
  }, 120_000)

  test('takes the parts of some nights only, and verify names those that are not covered', async () => {
    const own = copyOf('nights')
    const account = await reprocessed(own, '--modules', 'rate', '--nights', '20260112')
    const all = await reprocessed(own, '--modules', 'quality')
    expect(account.parts).toBeGreaterThan(0)
    expect(account.parts).toBeLessThan(all.parts)
    const [covered] = await asked(
      own,
      `SELECT count(*) n FROM "ztf_${RATE}" WHERE night = 20260112`
    )
    const [there] = await asked(own, 'SELECT count(*) n FROM ztf WHERE night = 20260112')
    expect(covered).toEqual(there)
  }, 120_000)

  test('names a part with a damaged file, makes the others, and exits with 1', async () => {
    const own = copyOf('damaged')
    const [victim] = filesBelow(join(own, 'ztf/alerts'), '.parquet')
    truncateSync(join(own, 'ztf/alerts', victim!), 1000)
    const { code, stdout, stderr } = await siskin([
      'reprocess',
      '--lake',
      own,
      '--modules',
      'rate',
      '--json'
    ])
    const account = JSON.parse(stdout) as Account
    expect([code, stderr]).toEqual([1, expect.stringContaining(victim!)])
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(account).toMatchObject({ made: account.parts - 1, broken: [{}] })
  }, 60_000)

  test.each([
    [['--modules', 'rates'], 2, /unknown module "rates" \(rate\?\); known: apparent/],
    [['--filters', 'fast_rise'], 2, /unknown filter "fast_rise" \(fast_riser\?\)/],
    [['--nights', '20250101'], 2, /no alerts of these nights: it has nights 20260112 to 2026011/],
    [['--nights', '2025'], 2, /write YYYYMMDD/],
    [['--as-of', 'then'], 2, /give a time as/]
  ])('refuses %j in one sentence', async (args, exit, said) => {
    const { code, stderr } = await siskin(['reprocess', '--lake', lake, ...args])
    expect([code, stderr]).toEqual([exit, expect.stringMatching(said)])
    expect(filesBelow(join(lake, 'ztf/layers'), '')).toEqual([])
  })

  test('says so where there is no lake', async () => {
    const { code, stderr } = await siskin(['reprocess', '--lake', join(folder, 'none')])
    expect([code, stderr]).toEqual([2, expect.stringContaining('holds no lake')])
  })
})

describeReal('siskin reprocess of real packets', () => {
  test('writes a layer that DuckDB reads, equal to what the run made', async () => {
    const own = join(folder, 'real')
    await siskin(['run', ZTF_SAMPLE, '--lake', own])
    const account = await reprocessed(own)
    expect(account.layers).toHaveLength(modules.length)
    const [same] = await asked(
      own,
      `SELECT count(*) alerts, ${modules.map(({ name }) => `count(*) FILTER (a.${name} IS DISTINCT FROM b.${name}) ${name}`).join(', ')}
       FROM ztf a JOIN ztf_parts b USING (night, alert_id)`
    )
    const none = Object.fromEntries(modules.map(({ name }) => [name, '0']))
    expect(same).toEqual({ alerts: '117', ...none })
    expect(await verified(own)).toMatchObject({ ok: true })
  }, 120_000)
})
