import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, describe, expect, test } from 'vitest'
import { openStore } from '../../engine/store/open-store.ts'
import { simulate } from '../../simulator/index.ts'
import { closeAll, verdictOf } from '../support/closing.ts'
import { fingerprint, siskin, temporaryFolder } from '../support/siskin.ts'

const folder = temporaryFolder()
const taken = join(folder, 'taken')

function lakeOf(name: string): string {
  const lake = join(folder, name)
  cpSync(taken, lake, { recursive: true })
  return lake
}

const alertsIn = (lake: string) =>
  `read_parquet('${lake}/*/alerts/**/*.parquet', union_by_name = true, hive_partitioning = true)`

async function rowsOf<T>(sql: string): Promise<T[]> {
  const instance = await DuckDBInstance.create(':memory:')
  const db = await instance.connect()
  try {
    return (await db.runAndReadAll(sql)).getRowObjectsJS() as T[]
  } finally {
    db.closeSync()
    instance.closeSync()
  }
}

/** What two lakes have otherwise than where their packets lie. */
async function differing(one: string, two: string): Promise<number> {
  const own = (lake: string) =>
    `SELECT * EXCLUDE (packet_file, packet_offset) FROM ${alertsIn(lake)}`
  const less = (a: string, b: string) => `SELECT * FROM (${own(a)} EXCEPT ALL ${own(b)})`
  const [{ n } = { n: -1n }] = await rowsOf<{ n: bigint }>(
    `SELECT count(*) n FROM (${less(one, two)} UNION ALL BY NAME ${less(two, one)})`
  )
  return Number(n)
}

/** The packets of all alerts, read by their pointers. */
async function packetsOf(lake: string): Promise<string[]> {
  const store = openStore(lake)
  const rows = await rowsOf<{ id: bigint; file: string; at: bigint; length: number }>(
    `SELECT alert_id id, packet_file file, packet_offset "at", packet_length length FROM ${alertsIn(lake)}`
  )
  const packets: string[] = []
  for (const { id, file, at, length } of rows) {
    const bytes = await store.read(file, Number(at), length)
    packets.push(`${id} ${Buffer.from(bytes).toString('base64')}`)
  }
  return packets.sort()
}

beforeAll(async () => {
  const archive = join(folder, 'night.tar')
  await simulate({ start: '2026-01-12', seed: 3, scale: 0.006, stamps: 'none', out: archive })
  await siskin(['run', archive, '--lake', taken, '--part-packets', '25'])
}, 60_000)

describe('a closed night', () => {
  test('has the values and packets of its parts, whatever is held in memory at a time, in the order of the sky', async () => {
    const lake = lakeOf('values')
    const [night] = await closeAll(openStore(lake), {
      alerts: 300_000,
      packets: 1_000_000,
      rowGroup: 16,
      memory: 200_000
    })
    expect(night).toMatchObject({ broken: [], waiting: 0 })
    expect(night!.parts).toBeGreaterThan(5)
    expect(await differing(taken, lake)).toBe(0)
    expect(await packetsOf(lake)).toEqual(await packetsOf(taken))
    const files = await rowsOf<{ file: string; low: bigint; high: bigint; rows: number[] }>(
      `SELECT file_name file, min(stats_min::BIGINT) low, max(stats_max::BIGINT) high, list(row_group_num_rows) "rows"
       FROM parquet_metadata('${lake}/ztf/alerts/**/*.parquet') WHERE path_in_schema = 'healpix' GROUP BY 1 ORDER BY 1`
    )
    expect(files.length).toBeGreaterThan(1)
    expect(files.every(({ low }, i) => i === 0 || low >= files[i - 1]!.high)).toBe(true)
    expect(await verdictOf(openStore(lake))).toMatchObject({ ok: true, differences: [], notes: [] })
  })

  test('stays as it is when it is closed again', async () => {
    const lake = lakeOf('twice')
    const store = openStore(lake)
    await closeAll(store)
    const once = fingerprint(lake)
    expect(await closeAll(store)).toMatchObject([{ parts: 0, alerts: 0 }])
    expect(fingerprint(lake)).toEqual(once)
  })
})
