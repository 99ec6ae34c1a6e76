import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, describe, expect, test } from 'vitest'
import { simulate } from '../../simulator/index.ts'
import { readArchive } from '../../simulator/read-archive.ts'
import { tarOf } from '../support/archives.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

describe('a lake that let copies through', () => {
  const folder = temporaryFolder()
  const lake = join(folder, 'lake')
  const night = join(folder, 'night.tar')
  let alerts = 0
  let id = ''
  let object = ''

  beforeAll(async () => {
    const options = { survey: 'ztf', scale: 0.002, seed: 5, inject: { kilonova: 10 } } as const
    alerts = (await simulate({ out: night, ...options })).packets
    const packets = readArchive(night).map(({ bytes }, i) => ({ name: `${i}.avro`, bytes }))
    const again = join(folder, 'again.tar')
    writeFileSync(again, tarOf(packets))
    for (const source of [night, again]) {
      const { code, stderr } = await siskin(['run', source, '--lake', lake])
      expect(code, stderr).toBe(0)
      const seen = readdirSync(join(lake, '_siskin/seen'), { recursive: true, encoding: 'utf8' })
      for (const path of seen.filter((name) => name.endsWith('.ids'))) {
        rmSync(join(lake, '_siskin/seen', path)) // as if the first had not been indexed yet
      }
    }
    const db = await (await DuckDBInstance.create(':memory:')).connect()
    const reader = await db.runAndReadAll(
      `SELECT alert_id, object_id, count(*)::INT n FROM read_parquet('${lake}/ztf/alerts/**/*.parquet') GROUP BY ALL LIMIT 1`
    )
    const [row] = reader.getRowObjectsJS()
    expect(row!['n']).toBe(2)
    id = `${row!['alert_id'] as bigint}`
    object = row!['object_id'] as string
  })

  test('shows one of an alert, and how many there are', async () => {
    const { stdout } = await siskin(['inspect', id, '--lake', lake, '--json'])
    const found = JSON.parse(stdout) as { times: number; alert: { packet_file: string } }
    expect(found.times).toBe(2)
    expect(found.alert.packet_file).toMatch(/\/night-[0-9a-f]+-0/)
    const text = await siskin(['inspect', id, '--lake', lake])
    expect(text.stdout).toContain('in the lake 2 times: this is the last')
  })

  test('shows each alert of an object once', async () => {
    const { stdout } = await siskin(['inspect', object, '--lake', lake, '--json'])
    const found = JSON.parse(stdout) as { alerts: { alert_id: string; times: number }[] }
    const ids = found.alerts.map((alert) => alert.alert_id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(found.alerts.every(({ times }) => times === 2)).toBe(true)
  })

  test('hands each to a subscriber once, and says how many copies it left out', async () => {
    const env = { XDG_STATE_HOME: join(folder, 'state') }
    const { stdout, stderr } = await siskin(
      ['subscribe', 'fast-riser', '--lake', lake, '--group', 'g', '--json'],
      env
    )
    const ids = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { alert_id: string }).alert_id)
    expect(ids.length).toBeGreaterThan(4)
    expect(new Set(ids).size).toBe(ids.length)
    expect(stderr).toContain(`${ids.length} copies left out`)
  })

  test('is judged by each once, and its summary counts each once', async () => {
    const truth = join(folder, 'night.truth.parquet')
    const { stdout } = await siskin(['truth', '--lake', lake, '--truth', truth, '--json'])
    const { classes } = JSON.parse(stdout) as { classes: { alerts: number; landed: number }[] }
    const sum = (of: 'alerts' | 'landed') => classes.reduce((total, row) => total + row[of], 0)
    expect([sum('alerts'), sum('landed')]).toEqual([alerts, alerts])
    const again = await siskin(['run', night, '--lake', join(folder, 'other')])
    const query = /duckdb -c "(.+)"/.exec(again.stdout)?.[1]
    expect(query).toBeDefined()
    const db = await (await DuckDBInstance.create(':memory:')).connect()
    const reader = await db.runAndReadAll(query!.replace(join(folder, 'other'), lake))
    const counts = reader.getRowsJS().map((row) => Number(row[2]))
    expect(counts.reduce((total, count) => total + count, 0)).toBe(alerts)
  })
})
