import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, describe, expect, it } from 'vitest'
import { simulate } from '../../simulator/index.ts'
import { INSTALL_MS, pythonFor, runPython } from '../support/python.ts'
import { ask } from '../support/ask.ts'
import { siskin, startSiskin, temporaryFolder } from '../support/siskin.ts'

const folder = temporaryFolder()
const ztf = join(folder, 'ztf.tar.gz')
const lsst = join(folder, 'lsst.tar.gz')
const lake = join(folder, 'lake')
const schemas = join(folder, 'schemas')
const made = { ztf: 0, lsst: 0 }

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(':memory:')
  const db = await instance.connect()
  const reader = await db.runAndReadAll(sql)
  db.closeSync()
  return reader.getRowObjectsJS()
}

function accountOf(stdout: string): Record<string, unknown> {
  return JSON.parse(stdout) as Record<string, unknown>
}

beforeAll(async () => {
  const night = { start: '2026-01-12', seed: 4 } as const
  made.ztf = (await simulate({ ...night, survey: 'ztf', out: ztf, scale: 0.004 })).packets
  made.lsst = (await simulate({ ...night, survey: 'lsst', out: lsst, scale: 0.00003 })).packets
})

describe('siskin run', () => {
  it('takes both surveys into one lake and says so in one JSON object', async () => {
    const first = await siskin(['run', ztf, '--lake', lake, '--json'])
    expect(first.code, first.stderr).toBe(0)
    const account = accountOf(first.stdout)
    expect(account).toMatchObject({
      received: made.ztf,
      alerts: made.ztf,
      quarantined: {},
      duplicates: 0,
      modules: { quality: { ok: made.ztf } }
    })
    expect(Object.keys(account)).toEqual(
      expect.arrayContaining(['modules', 'topics', 'seconds', 'alerts_per_s'])
    )
    const second = await siskin(['run', lsst, '--lake', lake, '--schemas', schemas, '--json'])
    expect(accountOf(second.stdout)).toMatchObject({ received: made.lsst, alerts: made.lsst })
    const verdict = await ask(['verify', '--lake', lake, '--json', '--deep'])
    expect(verdict.code).toBe(0)
    expect(accountOf(verdict.stdout)).toMatchObject({
      ok: true,
      received: made.ztf + made.lsst,
      alerts: made.ztf + made.lsst,
      differences: []
    })
  })

  it('has nothing to do when it is run again', async () => {
    const again = await siskin(['run', ztf, '--lake', lake, '--json'])
    expect(accountOf(again.stdout)).toMatchObject({ received: 0, alerts: 0, before: made.ztf })
    expect((await siskin(['run', ztf, '--lake', lake])).stdout).toContain('nothing new')
  })

  it('makes a lake that DuckDB reads: both surveys, light curves, module structs', async () => {
    const parts = `read_parquet('${lake}/*/alerts/**/*.parquet')`
    const counts = await query(
      `SELECT survey, night, count(*)::INT AS n FROM ${parts} GROUP BY ALL`
    )
    const of = (survey: string) =>
      counts
        .filter((row) => row['survey'] === survey)
        .reduce((sum, row) => sum + Number(row['n']), 0)
    expect(of('ztf')).toBe(made.ztf)
    expect(of('lsst')).toBe(made.lsst)
    const [row] = await query(
      `SELECT count(*)::INT AS n, max(len(history_flux))::INT AS longest,
         count(*) FILTER (len(history_mjd) <> len(history_flux))::INT AS uneven,
         count(features.g.mean)::INT AS means, count(*) FILTER (lsst IS NULL)::INT AS not_lsst,
         count(*) FILTER (ztf.candid IS NOT NULL AND ztf.candid <> alert_id)::INT AS other_ids,
         count(DISTINCT quality.status)::INT AS statuses
       FROM ${parts}`
    )
    expect(row).toMatchObject({ uneven: 0, other_ids: 0, not_lsst: made.ztf, statuses: 1 })
    expect(row!['longest']).toBeGreaterThan(1)
    expect(row!['means']).toBeGreaterThan(0)
  })

  it('makes a lake and topics that Python reads', { timeout: INSTALL_MS }, async (context) => {
    const python = await pythonFor(context)
    const script = `
import glob, json, sys
import fastavro, pyarrow.parquet as pq
lake = sys.argv[1]
rows = sum(pq.read_table(f).num_rows for f in glob.glob(lake + '/*/alerts/**/*.parquet', recursive=True))
packets = messages = wrong = 0
for f in glob.glob(lake + '/*/packets/**/*.avro', recursive=True):
    with open(f, 'rb') as fh:
        packets += sum(1 for _ in fastavro.reader(fh))
for f in glob.glob(lake + '/topics/**/*.avro', recursive=True):
    with open(f, 'rb') as fh:
        for m in fastavro.reader(fh):
            messages += 1
            inner = m['ztf']['candid'] if m['ztf'] else m['lsst']['diaSource']['diaSourceId']
            wrong += inner != m['alert_id'] or not m['cutout_science'] or len(m['light_curve']) < 1
print(json.dumps([rows, packets, messages, wrong]))`
    const { code, stdout, stderr } = await runPython(python, ['-c', script, lake])
    expect(code, stderr).toBe(0)
    const [rows, packets, messages, wrong] = JSON.parse(stdout) as number[]
    expect(rows).toBe(made.ztf + made.lsst)
    expect(packets).toBe(made.ztf + made.lsst)
    expect(messages).toBeGreaterThan(0)
    expect(wrong).toBe(0)
  })

  it('stops after the parts in work on Ctrl-C and goes on without a copy', async () => {
    const own = join(folder, 'stopped')
    const args = ['run', ztf, '--lake', own, '--part-packets', '10', '--members', '1']
    const { child, ended } = startSiskin(args)
    const ledger = join(own, '_siskin', 'ledger')
    while (!existsSync(ledger) && child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    child.kill('SIGINT')
    await ended
    expect(child.exitCode).toBe(130)
    const between = accountOf((await ask(['verify', '--lake', own, '--json'])).stdout)
    expect(between).toMatchObject({
      ok: false,
      differences: [expect.stringContaining('and not finished')]
    })
    expect(between['received']).toBeLessThan(made.ztf)
    const rest = await siskin([...args, '--json'])
    expect(accountOf(rest.stdout)).toMatchObject({ before: between['received'] })
    const whole = accountOf((await ask(['verify', '--lake', own, '--json'])).stdout)
    expect(whole).toMatchObject({ ok: true, received: made.ztf, copies: 0 })
  })
})

describe('bad input', () => {
  it('a truncated archive: all before the damage lands, the place is named, exit code 1', async () => {
    const broken = join(folder, 'broken.tar.gz')
    const bytes = readFileSync(ztf)
    writeFileSync(broken, bytes.subarray(0, bytes.length >> 1))
    const own = join(folder, 'broken')
    const outcome = await siskin(['run', broken, '--lake', own, '--json'])
    expect(outcome.code).toBe(1)
    expect(outcome.stderr).toMatch(
      new RegExp(`damaged at byte ${bytes.length >> 1} \\(\\d+ after inflating\\)`)
    )
    const { received } = accountOf(outcome.stdout) as { received: number }
    expect(received).toBeGreaterThan(0)
    writeFileSync(broken, bytes)
    const mended = await siskin(['run', broken, '--lake', own, '--json'])
    expect(accountOf(mended.stdout)).toMatchObject({
      received: made.ztf - received,
      before: received
    })
    const verdict = await ask(['verify', '--lake', own, '--json'])
    expect(accountOf(verdict.stdout)).toMatchObject({ ok: true, received: made.ztf, copies: 0 })
  })

  it.each([
    [['--lake', ''], '--lake is empty'],
    [['--modules', 'qualty'], 'known: apparent, detections, features'],
    [['--filters', 'fast'], 'known: fast_fader'],
    [['--surveys', 'lst'], 'known: ztf, lsst'],
    [['--members', '0'], 'whole number from 1'],
    [['--no-such-flag'], 'unknown option'],
    [['--schemas', '/no/such/folder'], 'neither a folder nor']
  ])('wrong use %j: says what is known, exit code 2', async (flags, says) => {
    const outcome = await siskin(['run', ztf, '--lake', join(folder, 'never'), ...flags])
    expect(outcome.code).toBe(2)
    expect(outcome.stderr).toContain(says)
    expect(existsSync(join(folder, 'never'))).toBe(false)
  })

  it('LSST packets without --schemas: in quarantine, and it says what was missing', async () => {
    const outcome = await siskin(['run', lsst, '--lake', join(folder, 'strangers'), '--json'])
    const { received, quarantined } = accountOf(outcome.stdout)
    expect({ received, quarantined }).toEqual({
      received: made.lsst,
      quarantined: { 'unknown-schema': made.lsst }
    })
    expect(outcome.stderr).toContain('came without their writer schema: siskin requeue --lake ')
    expect(outcome.stderr).toContain('--schemas')
  })

  it('a second run of the same source meanwhile: refused, the first is named', async () => {
    const own = join(folder, 'two')
    const { child, ended } = startSiskin(['run', ztf, '--lake', own, '--part-packets', '2'])
    const claims = join(own, '_siskin/owners/runs')
    while (!existsSync(claims) && child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    const second = await siskin(['run', ztf, '--lake', own])
    await ended
    expect(second.code).toBe(1)
    expect(second.stderr).toContain(`by process ${child.pid}`)
    expect((await ask(['verify', '--lake', own])).code).toBe(0)
  })

  it('runs of other sources at the same time fill one lake', async () => {
    const own = join(folder, 'beside')
    const runs = [
      siskin(['run', ztf, '--lake', own, '--part-packets', '3']),
      siskin(['run', lsst, '--lake', own, '--schemas', schemas, '--part-packets', '2'])
    ]
    for (const { code, stderr } of await Promise.all(runs)) expect(code, stderr).toBe(0)
    const verdict = await ask(['verify', '--lake', own, '--json'])
    expect(JSON.parse(verdict.stdout)).toMatchObject({ ok: true, copies: 0 })
    const { nights } = JSON.parse(verdict.stdout) as { nights: Record<string, number> }
    expect(new Set(Object.keys(nights).map((key) => key.split('/')[0]))).toEqual(
      new Set(['ztf', 'lsst'])
    )
  })

  it('a full disk: a clear error, nothing half-visible, and the lake goes on when there is room', async (context) => {
    const disk = join(folder, 'disk')
    mkdirSync(disk)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk])
    if (mounted.status !== 0) {
      console.log('skipped: a small file system cannot be mounted here (root is needed)')
      context.skip()
    }
    try {
      const own = join(disk, 'lake')
      const outcome = await siskin(['run', ztf, '--lake', own])
      expect(outcome.code).toBe(1)
      expect(outcome.stderr).toContain('the disk is full')
      const visible = existsSync(own) ? readdirSync(own).filter((name) => name !== '_siskin') : []
      expect(visible).toEqual([])
      spawnSync('mount', ['-o', 'remount,size=500m', disk])
      const again = await siskin(['run', ztf, '--lake', own, '--json'])
      expect(accountOf(again.stdout), again.stderr).toMatchObject({ received: made.ztf })
    } finally {
      spawnSync('umount', [disk])
    }
  })

  it('a read-only lake: a clear error', async (context) => {
    const disk = join(folder, 'readonly')
    mkdirSync(disk)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', disk])
    if (mounted.status !== 0) {
      console.log('skipped: a read-only file system cannot be mounted here (root is needed)')
      context.skip()
    }
    try {
      const outcome = await siskin(['run', ztf, '--lake', join(disk, 'lake')])
      expect(outcome.code).toBe(1)
      expect(outcome.stderr).toContain('read-only')
    } finally {
      spawnSync('umount', [disk])
    }
  })
})
