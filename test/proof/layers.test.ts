import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { openStore } from '../../engine/store/open-store.ts'
import { verify } from '../../engine/verify/verify.ts'
import type { Verdict } from '../../engine/verify/verify.ts'
import { modules } from '../../science-modules/registry.ts'
import { simulate } from '../../simulator/index.ts'
import { fingerprint, siskin, temporaryFolder } from '../support/siskin.ts'

const folder = temporaryFolder()
const taken = join(folder, 'taken')
const layered = join(folder, 'layered')
const RATE = `rate@${modules.find(({ name }) => name === 'rate')!.version}`

const reprocess = (lake: string) => siskin(['reprocess', '--lake', lake, '--modules', 'rate'])

function lakeOf(name: string, from = layered): string {
  const lake = join(folder, name)
  cpSync(from, lake, { recursive: true })
  return lake
}

function verified(lake: string): Promise<Verdict> {
  return verify(openStore(lake), { deep: true, onProgress: () => {} })
}

/** Paths of files below a folder of a lake, by name. */
function below(lake: string, path: string): string[] {
  const names = readdirSync(join(lake, path), { recursive: true }).map(String)
  return names
    .filter((name) => /\.\w+$/.test(name))
    .sort()
    .map((name) => join(lake, path, name))
}

const layerFiles = (lake: string) => below(lake, `ztf/layers/${RATE}`)

beforeAll(async () => {
  const archive = join(folder, 'night.tar')
  const night = { start: '2026-01-12', seed: 5, scale: 0.004, stamps: 'none' } as const
  await simulate({ ...night, out: archive })
  const ran = await siskin(['run', archive, '--lake', taken, '--part-packets', '50'])
  expect(ran.code, ran.stderr).toBe(0)
  cpSync(taken, layered, { recursive: true })
  const { code, stderr } = await reprocess(layered)
  expect(code, stderr).toBe(0)
}, 60_000)

describe('siskin verify, of layers', () => {
  test('finds nothing where nothing is wrong', async () => {
    expect(layerFiles(layered).length).toBeGreaterThan(1)
    expect(await verified(layered)).toMatchObject({ ok: true, differences: [], notes: [] })
  })

  test('names a damaged file, and reprocess makes it again once it is removed', async () => {
    const lake = lakeOf('damaged')
    const [victim = ''] = layerFiles(lake)
    const bytes = readFileSync(victim)
    bytes[bytes.length >> 1]! ^= 0xff
    writeFileSync(victim, bytes)
    expect((await verified(lake)).differences).toEqual([
      expect.stringMatching(
        /is damaged: the CRC-32 .*; remove what is left of it, and siskin reprocess --modules rate/
      )
    ])
    rmSync(victim)
    expect((await reprocess(lake)).code).toBe(0)
    const { 'views.sql': _, ...files } = fingerprint(lake)
    const { 'views.sql': _own, ...before } = fingerprint(layered)
    expect(files).toEqual(before)
  }, 180_000)

  test('names a file whose rows are those of another part', async () => {
    const lake = lakeOf('swapped')
    const records = below(lake, `_siskin/layers/${RATE}`)
    const [first = '', second = ''] = layerFiles(lake)
    renameSync(first, `${first}.aside`)
    renameSync(second, first)
    renameSync(`${first}.aside`, second)
    for (const record of records) {
      const text = JSON.parse(readFileSync(record, 'utf8')) as {
        files: { path: string; bytes: number; crc32: string; rows: number }[]
      }
      const [file] = text.files
      const other = readFileSync(join(lake, file!.path))
      file!.bytes = other.length
      const { crc32 } = await import('node:zlib')
      file!.crc32 = crc32(other).toString(16).padStart(8, '0')
      writeFileSync(record, JSON.stringify(text))
    }
    const { differences } = await verified(lake)
    expect(differences.filter((text) => /has alert \d+ in row \d+, where/.test(text))).toHaveLength(
      2
    )
  })

  test('names a layer whose part was removed, and readers and reprocess go on', async () => {
    const lake = lakeOf('removed')
    const [record = ''] = below(lake, '_siskin/ledger')
    const { part } = JSON.parse(readFileSync(record, 'utf8')) as { part: string }
    rmSync(record)
    for (const path of below(lake, 'ztf/alerts')) if (path.includes(part)) rmSync(path)
    const { differences } = await verified(lake)
    expect(differences).toContainEqual(
      `layers/${RATE} has part ${part} of ${part.slice(0, -22)}, which is not in the ledger any more`
    )
    expect((await reprocess(lake)).stdout).toContain('nothing to do')
    const views = await siskin(['views', '--lake', lake])
    expect(views.code).toBe(0)
  }, 180_000)

  test('names a layer of a source that is gone as a whole', async () => {
    const lake = lakeOf('gone')
    for (const path of ['_siskin/ledger', 'ztf/alerts'])
      rmSync(join(lake, path), { recursive: true })
    const { differences } = await verified(lake)
    const gone = differences.filter((text) => text.includes('not in the ledger any more'))
    expect(gone).toHaveLength(layerFiles(lake).length)
  })

  test('names what a layer does not cover, which makes the lake no less whole', async () => {
    const lake = lakeOf('uncovered')
    for (const record of below(lake, '_siskin/ledger')) {
      const text = readFileSync(record, 'utf8')
      writeFileSync(record, text.replace(/("rate": \{\s*"version": )"[^"]+"/, '$1"1.0.0"'))
    }
    const [record = ''] = below(lake, `_siskin/layers/${RATE}`)
    const { files } = JSON.parse(readFileSync(record, 'utf8')) as { files: { path: string }[] }
    for (const { path } of files) rmSync(join(lake, path))
    rmSync(record)
    for (const { path } of files) rmSync(join(lake, path, '..'), { recursive: true, force: true })
    const some = await verified(lake)
    expect(some.notes).toContainEqual(
      expect.stringMatching(
        /^layers\/rate@\S+ does not cover 1 of \d+ parts \(night-\S+\); siskin reprocess --modules rate --lake \S+ does it$/
      )
    )
    const { code } = await reprocess(lake)
    expect(code).toBe(0)
    expect(await verified(lake)).toMatchObject({ ok: true, notes: [] })
  }, 180_000)

  test('names what belongs to no layer, and an unreadable record', async () => {
    const lake = lakeOf('foreign')
    const [file = ''] = layerFiles(lake)
    writeFileSync(join(file, '..', 'mine.txt'), 'x')
    const [record = ''] = below(lake, `_siskin/layers/${RATE}`)
    appendFileSync(record, 'x')
    const { differences } = await verified(lake)
    expect(differences).toContainEqual(expect.stringMatching(/mine\.txt belongs to no part/))
    expect(differences).toContainEqual(expect.stringMatching(/\.json cannot be read: .*remove it/))
  })
})

/** For the claim and a folder or two, and not for a layer. */
const ROOM = 60_000

test('a full disk: a clear error, nothing half-visible, and it goes on when there is room', async (context) => {
  const disk = join(folder, 'disk')
  mkdirSync(disk)
  const mount = ['-t', 'tmpfs', '-o', 'size=60m', 'tmpfs', disk]
  if (spawnSync('mount', mount).status !== 0) {
    console.log('skipped: a small file system cannot be mounted here (root is needed)')
    context.skip()
  }
  try {
    const lake = join(disk, 'lake')
    cpSync(taken, lake, { recursive: true })
    const { bavail, bsize } = statfsSync(disk)
    writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize - ROOM))
    const full = await reprocess(lake)
    expect([full.code, full.stderr]).toEqual([1, expect.stringContaining('the disk is full')])
    const whole = await verified(lake)
    expect(whole.differences).toEqual([])
    rmSync(join(disk, 'filler'))
    const again = await reprocess(lake)
    expect(again.code, again.stderr).toBe(0)
    expect(await verified(lake)).toMatchObject({ ok: true })
    expect(existsSync(join(lake, 'views.sql'))).toBe(true)
  } finally {
    spawnSync('umount', [disk])
  }
}, 60_000)
