import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, describe, expect, test } from 'vitest'
import { openStore } from '../../engine/store/open-store.ts'
import { simulate } from '../../simulator/index.ts'
import { RunClaim } from '../../engine/lake/run-claim.ts'
import { verify } from '../../engine/verify/verify.ts'
import { closeAll, verdictOf } from '../support/closing.ts'
import { ask } from '../support/ask.ts'
import { fingerprint, siskin, temporaryFolder } from '../support/siskin.ts'

const folder = temporaryFolder()
const taken = join(folder, 'taken')
const archive = join(folder, 'night.tar')

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
  await simulate({ start: '2026-01-12', seed: 3, scale: 0.002, stamps: 'none', out: archive })
  await ask(['run', archive, '--lake', taken, '--part-packets', '25'])
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

  test('takes in what came late, leaves copies of other runs out, and is proved night by night', async () => {
    const lake = lakeOf('late')
    const store = openStore(lake)
    await closeAll(store)
    const resumed = await ask(['run', archive, '--lake', lake, '--json'])
    expect(JSON.parse(resumed.stdout)).toMatchObject({ received: 0 })
    const again = join(folder, 'again.tar')
    const loose = mkdtempSync(join(folder, 'loose-'))
    execFileSync('tar', ['-xf', archive, '-C', loose])
    execFileSync('tar', ['--sort=name', '-cf', again, '-C', loose, '.'])
    const more = join(folder, 'more.tar')
    await simulate({ start: '2026-01-12', seed: 4, scale: 0.001, stamps: 'none', out: more })
    const seen = (await store.list('_siskin/seen')).filter(({ path }) => path.endsWith('.ids'))
    for (const { path } of seen) await store.remove(path) // else they are known as copies, and left out
    for (const late of [again, more]) {
      const { code, stderr } = await siskin([
        'run',
        late,
        '--lake',
        lake,
        '--duplicate-nights',
        '0'
      ])
      expect(code, stderr).toBe(0)
    }
    const before = await verdictOf(store)
    expect(before).toMatchObject({ ok: true, differences: [] })
    expect(before.copies).toBeGreaterThan(100)
    const [night] = await closeAll(store)
    expect(night!.copies).toBe(before.copies)
    const whole = await verdictOf(store)
    expect(whole).toMatchObject({ ok: true, differences: [], copies: 0, received: before.received })
    expect(whole.alerts).toBe(before.alerts - before.copies)
    expect(whole.duplicates).toBe(before.duplicates + before.copies)
    const own = await verify(store, { deep: false, night: 20260112, onProgress: () => {} })
    expect(own).toMatchObject({ ok: true, alerts: whole.alerts, duplicates: whole.duplicates })
    const [{ n } = { n: 0n }] = await rowsOf<{ n: bigint }>(
      `SELECT count(*) n FROM ${alertsIn(lake)}`
    )
    expect(Number(n)).toBe(whole.distinct)
    expect(await closeAll(store)).toMatchObject([{ parts: 0 }])
  })

  test('leaves a part out that is damaged, names it, and takes it when it is mended', async () => {
    const lake = lakeOf('damaged')
    const store = openStore(lake)
    const [packets] = await store.list('ztf/packets')
    writeFileSync(join(lake, packets!.path), Buffer.alloc(packets!.size))
    const [alerts, gone] = (await store.list('ztf/alerts')).slice(3)
    writeFileSync(join(lake, alerts!.path), Buffer.alloc(alerts!.size))
    await store.remove(gone!.path)
    const { code, stdout, stderr } = await siskin([
      'close',
      '--lake',
      lake,
      '--night',
      '20260112',
      '--json'
    ])
    expect(code, stderr).toBe(1)
    expect(stderr.match(/^siskin: part .*; siskin repair mends it$/gm)).toHaveLength(3)
    expect(stderr).toContain(`${packets!.path} is damaged: its header is not whole`)
    const { nights } = JSON.parse(stdout) as { nights: { parts: number }[] }
    expect(nights[0]!.parts).toBeGreaterThan(3)
    const mended = await ask(['repair', '--lake', lake, '--source', archive, '--yes'])
    expect(mended.code, mended.stdout + mended.stderr).toBe(0)
    expect(await closeAll(store)).toMatchObject([{ parts: 3, broken: [] }])
    expect(await verdictOf(store)).toMatchObject({ ok: true, differences: [], notes: [] })
    expect(await differing(taken, lake)).toBe(0)
  })

  test('is opened again by a repair where its files are damaged, and closed again', async () => {
    const lake = lakeOf('opened')
    const store = openStore(lake)
    await closeAll(store, { packets: 2_000_000 })
    const [packets] = await store.list('ztf/packets')
    writeFileSync(join(lake, packets!.path), Buffer.alloc(packets!.size))
    const [alerts] = await store.list('ztf/alerts')
    await store.remove(alerts!.path)
    const mended = await ask(['repair', '--lake', lake, '--source', archive, '--deep', '--yes'])
    expect(mended.code, mended.stdout + mended.stderr).toBe(0)
    expect(await verdictOf(store)).toMatchObject({ ok: true, differences: [] })
    expect((await closeAll(store))[0]!.parts).toBeGreaterThan(5)
    expect(await verdictOf(store)).toMatchObject({ ok: true, differences: [], notes: [] })
    expect(await packetsOf(lake)).toEqual(await packetsOf(taken))
    expect(await differing(taken, lake)).toBe(0)
  })

  test('on a full disk leaves all as it was, and is closed when there is room', async (context) => {
    const disk = join(folder, 'disk')
    mkdirSync(disk)
    const size = execFileSync('du', ['-sk', taken]).toString().split('\t')[0]
    const options = `size=${Number(size) + 1500}k`
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk]).status !== 0) {
      context.skip('no right to mount a small disk here')
    }
    try {
      const lake = join(disk, 'lake')
      cpSync(taken, lake, { recursive: true })
      const store = openStore(lake)
      await expect(closeAll(store)).rejects.toThrow(/the disk is full/)
      expect(await store.list('ztf')).toEqual(await openStore(taken).list('ztf'))
      expect(await verdictOf(store)).toMatchObject({ ok: true, differences: [] })
      execFileSync('mount', ['-o', 'remount,size=1g', disk])
      expect((await closeAll(store))[0]!.parts).toBeGreaterThan(5)
      expect(await verdictOf(store)).toMatchObject({ ok: true, differences: [], notes: [] })
    } finally {
      execFileSync('umount', [disk])
    }
  })

  test('is refused beside a repair or a reprocessing, and they beside a close', async () => {
    const lake = lakeOf('beside')
    const store = openStore(lake)
    const close = () => siskin(['close', '--lake', lake, '--night', '20260112'])
    for (const name of ['repair', 'layers/rate@9.0.0', 'closing']) {
      const claim = await RunClaim.take(store, name, 'siskin something')
      const { code, stderr } = await close()
      expect([code, stderr]).toEqual([1, expect.stringMatching(/wait for it, or stop it/)])
      await claim.release()
    }
    const claim = await RunClaim.take(store, 'closing', 'siskin close')
    const made = await siskin(['reprocess', '--lake', lake, '--modules', 'rate'])
    expect([made.code, made.stderr]).toEqual([
      1,
      expect.stringMatching(/being closed by siskin close/)
    ])
    await claim.release()
    expect((await close()).code).toBe(0)
  })

  test('that there is not is told, with those that there are', async () => {
    const close = (...args: readonly string[]) => ask(['close', '--lake', taken, ...args])
    const [none, neither, young] = await Promise.all([
      close('--night', '20250101'),
      close(),
      close('--older-than', '900000h')
    ])
    expect([none.code, none.stderr]).toEqual([
      2,
      expect.stringMatching(/no night 20250101; it has 20260112/)
    ])
    expect([neither.code, neither.stderr]).toEqual([
      2,
      expect.stringMatching(/--night 20260110 or --older-than/)
    ])
    expect(young.code).toBe(0)
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
