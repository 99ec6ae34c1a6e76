import { createHash } from 'node:crypto'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, describe, expect, it } from 'vitest'
import { readPlaces } from '../../engine/lake/files/places.ts'
import { simulate } from '../../simulator/index.ts'
import { readArchive } from '../../simulator/read-archive.ts'
import { tarOf } from '../support/archives.ts'
import { inspect } from '../../jobs/inspect/inspect.ts'
import { ask } from '../support/ask.ts'
import { killAt } from '../support/kill.ts'
import { fingerprint, siskin, temporaryFolder } from '../support/siskin.ts'
import { filesIn, nightOf, recordsIn, verdictOf } from './support.ts'

const folder = temporaryFolder()
const archive = join(folder, 'lsst.tar.gz')
const schemas = join(folder, 'schemas')
const strangers = join(folder, 'strangers')
let packets = 0

beforeAll(async () => {
  const made = await simulate({
    survey: 'lsst',
    out: archive,
    start: '2026-01-12',
    seed: 4,
    scale: 0.00003,
    stamps: 'none'
  })
  packets = made.packets
  await ask(['run', archive, '--lake', strangers, '--part-packets', '7'])
})

interface Requeued {
  readonly held: number
  readonly freed: Record<string, number>
  readonly alerts: number
  readonly parts: number
}

async function requeueOf(lake: string, ...more: string[]): Promise<Requeued> {
  const { stdout, stderr } = await ask(['requeue', '--lake', lake, '--yes', '--json', ...more])
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Requeued
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

function copyOf(name: string): string {
  const copy = join(folder, name)
  cpSync(strangers, copy, { recursive: true })
  return copy
}

async function killedAt(crash: string, lake: string): Promise<void> {
  const args = ['requeue', '--lake', lake, '--yes', '--schemas', schemas]
  await killAt(crash, args)
  const { differences, notes } = await verdictOf(lake)
  for (const text of [...differences, ...notes])
    expect(text).toMatch(/next (run, .*|siskin )requeue/)
  expect(differences.filter((text) => !text.includes('is committed and not in'))).toEqual([])
  await requeueOf(lake, '--schemas', schemas)
  expect(await verdictOf(lake, '--deep')).toMatchObject({
    ok: true,
    notes: [],
    received: packets,
    alerts: packets,
    requeued: packets,
    quarantined: {}
  })
}

describe('requeue', () => {
  it('is about a lake all of whose packets are in quarantine for want of a schema', async () => {
    expect(packets).toBeGreaterThan(14)
    expect(await verdictOf(strangers)).toMatchObject({
      ok: true,
      received: packets,
      quarantined: { 'unknown-schema': packets }
    })
  })

  it('without schemas, or of other reasons: nothing decodes, nothing changes', async () => {
    const lake = copyOf('nothing')
    const before = fingerprint(lake)
    expect(await requeueOf(lake)).toMatchObject({ held: packets, freed: {}, alerts: 0 })
    const other = ['--schemas', schemas, '--reason', 'truncated,bad-union']
    expect(await requeueOf(lake, ...other)).toMatchObject({ freed: {}, alerts: 0 })
    const asked = await ask(['requeue', '--lake', lake, '--schemas', schemas])
    expect([asked.code, asked.stdout]).toEqual([1, expect.stringContaining('say --yes')])
    expect(asked.stdout).toContain(
      `of ${packets} packets in quarantine ${packets} can be decoded now`
    )
    expect(fingerprint(lake)).toEqual(before)
  })

  it('a source or a reason that is not there is wrong use, and what was meant is named', async () => {
    const { source } = recordsIn(strangers)[0]!
    const asked = (...args: string[]) => siskin(['requeue', '--lake', strangers, ...args])
    const nobody = await asked('--source', `x-${source}`)
    expect([nobody.code, nobody.stderr]).toEqual([2, expect.stringContaining(` (${source}?)`)])
    const reason = await asked('--reason', 'unknown_schema')
    expect([reason.code, reason.stderr]).toEqual([2, expect.stringContaining('unknown-schema?')])
  })

  it('with schemas: alerts, topics and account as if they had been there from the begin', async () => {
    const lake = copyOf('freed')
    const right = join(folder, 'right')
    await ask(['run', archive, '--lake', right, '--schemas', schemas, '--part-packets', '7'])
    const requeued = await requeueOf(lake, '--schemas', schemas)
    expect(requeued).toMatchObject({ freed: { 'unknown-schema': packets }, alerts: packets })
    const [verdict, wanted] = [await verdictOf(lake, '--deep'), await verdictOf(right)]
    const { received, alerts, duplicates, nights, topics } = wanted
    const account = { received, alerts, duplicates, nights, topics, quarantined: {}, copies: 0 }
    expect(verdict).toMatchObject({ ok: true, requeued: packets, ...account })
    const seen = await inspect({ thing: lake, lake, schemas: null, stamps: null })
    const counts = { received: packets, alerts: packets, quarantined: {}, requeued: packets }
    expect(seen.json).toMatchObject(counts)
    expect(seen.text).toContain(`${alerts} alerts of ${packets} packets in`)
    expect(seen.text).toMatch(new RegExp(`quarantined +0\\s+requeued +${packets}\n`))
    expect(seen.text).toMatch(new RegExp(`~1 +\\d+ +${packets} requeued`))
    const names = (of: string) =>
      filesIn(of, 'lsst/alerts').map((path) => path.replaceAll('~1', ''))
    expect(names(lake)).toEqual(names(right))
    for (const { requeued: own, first, last } of recordsIn(lake).filter((one) => one.requeued)) {
      const positions = readPlaces(own!.positions).map(({ offset }) => own!.first + offset)
      expect(positions).toEqual(Array.from({ length: last - first + 1 }, (_, i) => first + i))
    }
    const again = await requeueOf(lake, '--schemas', schemas)
    expect(again).toMatchObject({ held: 0, freed: {}, alerts: 0, parts: 0 })
    expect(await verdictOf(lake, '--since', 'last')).toMatchObject({ ok: true, received: 0 })
  })

  it.each(['staging:2', 'staged', 'committed', 'placing:2', 'placed', 'done:2'])(
    'killed at %s: done again it ends with each packet once',
    (crash) => killedAt(crash, copyOf(`killed-${crash.replace(':', '')}`))
  )

  it('killed behind the commit of its last part, when nothing is left to be requeued: the same', async () => {
    const lake = join(folder, 'killed-last')
    await ask(['run', archive, '--lake', lake])
    expect(recordsIn(lake)).toHaveLength(1)
    await killedAt('committed', lake)
  })

  it('what is no packet stays, and what a survey was not asked for is freed by asking', async () => {
    const lake = join(folder, 'mixed')
    const night = await nightOf(folder, 8)
    await ask(['run', night, '--lake', lake, '--surveys', 'lsst', '--part-packets', '20'])
    const right = join(folder, 'unmixed')
    await ask(['run', night, '--lake', right, '--part-packets', '20'])
    const [before, wanted] = [await verdictOf(lake), await verdictOf(right)]
    const { 'wrong-survey': other = 0, ...damaged } = before.quarantined
    expect([before.alerts, before.duplicates, other > 50]).toEqual([0, 0, true])
    // what is cut off is no packet, whoever asks for which survey
    expect(damaged).toEqual(wanted.quarantined)
    const held = sumOf(before.quarantined)
    expect(sumOf(damaged)).toBe(before.received - other)
    expect(sumOf(damaged)).toBeGreaterThan(3)
    const quarantine = () =>
      Object.entries(fingerprint(lake)).filter(([path]) => path.startsWith('quarantine/'))
    const kept = quarantine()
    const { freed, held: tried, alerts } = await requeueOf(lake)
    expect([freed, tried, alerts]).toEqual([{ 'wrong-survey': other }, held, wanted.alerts])
    const verdict = await verdictOf(lake, '--deep')
    const { received, duplicates, nights, topics } = wanted
    const account = { received, alerts, duplicates, nights, topics, quarantined: damaged }
    expect(verdict).toMatchObject({ ok: true, notes: [], requeued: other, copies: 0, ...account })
    expect(quarantine()).toEqual(kept)
    const rest = { held: sumOf(damaged), freed: {}, alerts: 0, parts: 0 }
    expect(await requeueOf(lake)).toMatchObject(rest)
  })

  it('a slip of --surveys costs nothing: every alert and packet is as if it had not been made', async () => {
    const night = join(folder, 'slip.tar')
    const injected = { scale: 0.003, seed: 5, inject: { kilonova: 20 }, stamps: 'none' } as const
    await simulate({ out: night, survey: 'ztf', ...injected })
    const [slipped, right] = [join(folder, 'slipped'), join(folder, 'meant')]
    await ask(['run', night, '--lake', slipped, '--surveys', 'lsst'])
    await ask(['run', night, '--lake', right])
    const { received, alerts, topics } = await verdictOf(right)
    expect(await verdictOf(slipped)).toMatchObject({ quarantined: { 'wrong-survey': received } })
    expect(await requeueOf(slipped)).toMatchObject({ alerts })
    const account = { ok: true, received, alerts, topics, quarantined: {} }
    expect(await verdictOf(slipped, '--deep')).toMatchObject(account)
    const db = await (await DuckDBInstance.create()).connect()
    const rowsOf = async (sql: string) => (await db.runAndReadAll(sql)).getRows()
    const from = (lake: string) => `FROM '${lake}/ztf/alerts/**/*.parquet'`
    const packetsOf = async (lake: string) => {
      const pointers = `SELECT alert_id, packet_file, packet_offset, packet_length ${from(lake)} ORDER BY ALL`
      return (await rowsOf(pointers)).map(([id, file, offset, length]) => {
        const bytes = readFileSync(join(lake, String(file)))
        const packet = bytes.subarray(Number(offset), Number(offset) + Number(length))
        return `${id as bigint} ${createHash('sha256').update(packet).digest('hex')}`
      })
    }
    const kept = await packetsOf(slipped)
    expect([kept.length, kept.join() === (await packetsOf(right)).join()]).toEqual([alerts, true])
    const own = `SELECT COLUMNS(c -> c NOT LIKE 'packet_%')`
    const less = (one: string, other: string) =>
      `SELECT count(*) FROM (${own} ${from(one)} EXCEPT ALL ${own} ${from(other)})`
    expect(await rowsOf(less(slipped, right))).toEqual([[0n]])
    expect(await rowsOf(less(right, slipped))).toEqual([[0n]])
  })

  it('takes no alert in twice, whether its copy came before it was requeued or after', async () => {
    const other = join(folder, 'other.tar')
    const copies = readArchive(archive).map(({ bytes }, i) => ({ name: `other${i}.avro`, bytes }))
    writeFileSync(other, tarOf(copies))
    const run = (lake: string) => ask(['run', other, '--lake', lake, '--schemas', schemas])
    const before = copyOf('copy-before')
    await run(before)
    expect(await requeueOf(before, '--schemas', schemas)).toMatchObject({ alerts: 0 })
    const after = copyOf('copy-after')
    expect(await requeueOf(after, '--schemas', schemas)).toMatchObject({ alerts: packets })
    await run(after)
    for (const lake of [before, after]) {
      expect(await verdictOf(lake)).toMatchObject({
        ok: true,
        received: 2 * packets,
        alerts: packets,
        duplicates: packets,
        copies: 0
      })
    }
  })
})
