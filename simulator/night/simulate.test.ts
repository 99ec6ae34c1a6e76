import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { isUsable } from './corrupt.ts'
import { UsageError } from '../../engine/errors.ts'
import { simulate } from '../index.ts'
import type { SimulateOptions } from '../index.ts'
import { decodeLsst, decodeZtf, readArchive } from '../read-archive.ts'
import type { TruthRow } from './truth.ts'

const folder = mkdtempSync(join(tmpdir(), 'siskin-simulator-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const START = '2026-02-20'
const ztf = { survey: 'ztf', start: START, scale: 0.005, seed: 9 } as const
const lsst = { survey: 'lsst', start: START, scale: 0.00005, seed: 9 } as const

/** What these nights have always been: their packets without stamps, and the rows of their truth. */
const KNOWN = {
  ztf: { packets: '9f4b53732591b4c6', truth: '45c3b77b17e6c83b' },
  lsst: { packets: '402769b1ee362a3d', truth: '16cf40843807d0ec' }
} as const

function digest(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16)
}

function inText(rows: readonly TruthRow[]): string {
  return JSON.stringify(rows, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value
  )
}

async function run(name: string, options: Omit<SimulateOptions, 'out'>) {
  return simulate({ ...options, out: join(folder, name) })
}

async function truth(path: string): Promise<TruthRow[]> {
  const bytes = readFileSync(path)
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
  return (await parquetReadObjects({ file, compressors })) as unknown as TruthRow[]
}

test.each([ztf, lsst])(
  '$survey: the same bytes from the same seed, whoever makes them',
  async (night) => {
    const { survey } = night
    const first = await run(`${survey}-a.tar.gz`, night)
    const second = await run(`${survey}-b.tar.gz`, night)
    const shared = await run(`${survey}-c.tar.gz`, { ...night, processes: 2 })
    const other = await run(`${survey}-d.tar.gz`, { ...night, seed: 10 })
    const of = (paths: readonly string[]): string[] =>
      paths.map((path) => digest(readFileSync(path)))
    expect(of(second.archives)).toEqual(of(first.archives))
    expect(of(shared.archives)).toEqual(of(first.archives))
    expect(of(shared.truths)).toEqual(of(first.truths))
    expect(of(other.archives)).not.toEqual(of(first.archives))
    expect(first.packets).toBeGreaterThan(100)
  }
)

test.each([ztf, lsst])(
  '$survey: packets are in order of time and have one truth row each',
  async (night) => {
    const summary = await run(`${night.survey}-order.tar`, { ...night, stamps: 'none' })
    const [archive = ''] = summary.archives
    const [table = ''] = summary.truths
    const rows = await truth(table)
    const names = readArchive(archive).map(({ name }) => name)
    expect(rows.map((row) => row.file_name)).toEqual(names)
    expect(names).toHaveLength(summary.packets)
    const times = rows.map((row) => row.mjd)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(new Set(rows.map((row) => row.alert_id)).size).toBe(rows.length)
    // Another digest is another sky: whoever has a night of a seed can no longer make it again.
    expect(digest(readFileSync(archive)), 'packets').toBe(KNOWN[night.survey].packets)
    expect(digest(inText(rows)), 'truth').toBe(KNOWN[night.survey].truth)
  }
)

const spoiled = { corrupt: 0.05, duplicates: 0.05, late: 0.05, schemaChange: true } as const

test.each([ztf, lsst])(
  '$survey: damaged, doubled and late packets are those of the truth',
  async (night) => {
    const { survey } = night
    const summary = await run(`${survey}-spoiled.tar.gz`, {
      ...night,
      ...spoiled,
      scale: night.scale * 2
    })
    const rows = await truth(summary.truths[0] ?? '')
    const kinds = Object.fromEntries(rows.map((row) => [row.file_name, row.packet_kind]))
    const count = (kind: string): number => rows.filter((row) => row.packet_kind === kind).length
    expect(count('corrupt')).toBe(summary.corrupted)
    expect(count('duplicate')).toBe(summary.duplicates)
    expect(count('late')).toBe(summary.late)
    expect(summary.alerts + summary.duplicates).toBe(summary.packets)
    for (const share of [summary.corrupted, summary.duplicates, summary.late]) {
      expect(share / summary.packets).toBeGreaterThan(0.02)
      expect(share / summary.packets).toBeLessThan(0.1)
    }
    const versions = survey === 'ztf' ? (['4.02', '4.03'] as const) : (['11.0', '11.1'] as const)
    for (const { name, bytes } of readArchive(summary.archives[0] ?? '')) {
      const usable = versions.some((version) => isUsable(survey, version, bytes))
      expect(usable, name).toBe(kinds[name] !== 'corrupt')
    }
    const mjd = rows.map((row) => row.mjd)
    expect(mjd.some((time, i) => time < (mjd[i - 1] ?? 0))).toBe(true)
  }
)

test('the schema changes in mid-night and both versions decode', async () => {
  const change = { schemaChange: true } as const
  const one = await run('change.tar', { ...ztf, ...change, schema: '3.3' })
  const decoded = readArchive(one.archives[0] ?? '').map(({ bytes }) => decodeZtf(bytes))
  expect(new Set(decoded.map((packet) => packet['schemavsn']))).toEqual(new Set(['3.3', '4.02']))
  const two = await run('change-lsst.tar', { ...lsst, ...change, schema: '10.0' })
  const schema = (id: number): string => readFileSync(join(two.schemas ?? '', `${id}.avsc`), 'utf8')
  const ids = new Set<number>()
  for (const { bytes } of readArchive(two.archives[0] ?? '')) {
    ids.add(bytes.readUInt32BE(1))
    expect(decodeLsst(bytes, schema)['diaSourceId']).toBeTypeOf('bigint')
  }
  expect(ids).toEqual(new Set([1000, 1100]))
})

test('several nights: one archive each, with the date before the suffix', async () => {
  const seen: number[] = []
  const summary = await run('nights.tar.gz', {
    ...ztf,
    nights: 3,
    scale: 0.002,
    stamps: 'none',
    onProgress: ({ night }) => seen.push(night)
  })
  const names = ['2026-02-20', '2026-02-21', '2026-02-22'].map((date) => `nights-${date}.tar.gz`)
  expect(summary.archives).toEqual(names.map((name) => join(folder, name)))
  expect(new Set(seen)).toEqual(new Set([1, 2, 3]))
})

test('an LSST object keeps its name when its first source has left the history', async () => {
  const names = new Map<string, string>()
  let again = 0
  for (const start of [START, '2026-05-20']) {
    const summary = await run(`${start}.tar`, { ...lsst, start, scale: 0.0001, stamps: 'none' })
    for (const { ra, dec, object_id } of await truth(summary.truths[0] ?? '')) {
      const place = `${ra} ${dec}`
      if (names.has(place) && start !== START) again++
      expect(names.get(place) ?? object_id, place).toBe(object_id)
      names.set(place, object_id)
    }
  }
  expect(again).toBeGreaterThan(20)
})

test.each([ztf, lsst])(
  '$survey: the truth tells how often, since when and how fast, with no noise',
  async (night) => {
    const summary = await run(`${night.survey}-moments.tar`, {
      ...night,
      scale: night.scale * 2,
      inject: { kilonova: 20, sn_ia: 20 },
      stamps: 'none'
    })
    const rows = await truth(summary.truths[0] ?? '')
    for (const { class: cls, detections, age, true_rate, true_amplitude } of rows) {
      expect(detections).toBeGreaterThanOrEqual(1)
      expect(age === 0).toBe(detections === 1)
      if (cls === 'bogus') expect([true_rate, true_amplitude]).toEqual([null, null])
      if (true_amplitude !== null) {
        // Five detections of one band need as many nights or so; LSST histories reach far back.
        expect(detections).toBeGreaterThan(4)
        if (cls === 'agn') expect(true_amplitude).toBeLessThan(1)
      }
    }
    const miras = rows.flatMap((row) => (row.class === 'mira' ? (row.true_amplitude ?? []) : []))
    const walks = rows.flatMap((row) => (row.class === 'agn' ? (row.true_amplitude ?? []) : []))
    expect(Math.max(...miras)).toBeGreaterThan(Math.max(...walks))
    const rateOf = (wanted: (row: TruthRow) => boolean) =>
      rows.filter(wanted).flatMap(({ true_rate }) => true_rate ?? [])
    const old = (row: TruthRow) => row.mjd > (row.peak_mjd ?? Infinity) + 3
    const fading = rateOf((row) => row.class === 'kilonova' && old(row))
    const young = rateOf((row) => row.class.startsWith('sn_') && row.mjd < (row.peak_mjd ?? 0) - 6)
    expect(fading.length + young.length).toBeGreaterThan(2)
    for (const rate of young) expect(rate).toBeLessThan(0)
    for (const rate of fading) expect(rate).toBeGreaterThan(0)
  }
)

test('objects asked for by class are there', async () => {
  const summary = await run('inject.tar', {
    ...ztf,
    scale: 0.0001,
    inject: { kilonova: 6, rrlyr: 4, grb: 3 },
    stamps: 'none'
  })
  const rows = await truth(summary.truths[0] ?? '')
  const objects = (cls: string): number =>
    new Set(rows.filter((row) => row.class === cls).map((row) => row.object_id)).size
  expect(objects('kilonova')).toBe(6)
  expect(objects('rrlyr')).toBeGreaterThanOrEqual(4)
  expect(objects('grb')).toBe(3)
})

test('full stamps are made for every packet; no packet exceeds 1 MB', async () => {
  const summary = await run('full.tar', { ...ztf, scale: 0.0005, stamps: 'full' })
  for (const { bytes } of readArchive(summary.archives[0] ?? '')) {
    expect(bytes.length).toBeGreaterThan(45000)
    expect(bytes.length).toBeLessThan(200000)
  }
  const big = await run('full-lsst.tar', { ...lsst, stamps: 'full', scale: 0.00002 })
  for (const { bytes } of readArchive(big.archives[0] ?? '')) {
    expect(bytes.length).toBeGreaterThan(95000)
    expect(bytes.length).toBeLessThan(250000)
  }
})

test.each([
  [{ out: 'night.zip' }, '.tar.gz'],
  [{ survey: 'atlas' as 'ztf' }, 'ztf, lsst'],
  [{ start: '2026-02-30' }, 'YYYY-MM-DD'],
  [{ nights: 0 }, 'from 1'],
  [{ seed: 1.5 }, 'whole number'],
  [{ scale: 0 }, 'above 0'],
  [{ corrupt: -0.1 }, 'from 0 to 1'],
  [{ duplicates: 2 }, 'from 0 to 1'],
  [{ late: Number.NaN }, 'from 0 to 1'],
  [{ inject: { unicorn: 3 } }, 'kilonova'],
  [{ inject: { kilonova: -3 } }, 'from 1'],
  [{ schema: '9.9' }, '3.3, 4.02'],
  [{ stamps: 'huge' as 'full' }, 'none, shared, full'],
  [{ processes: 0 }, 'from 1'],
  [{ survey: 'lsst', scale: 10, nights: 300 } as const, 'GiB']
])('wrong option %j is refused with the valid values', async (options, hint) => {
  const wrong = simulate({ out: join(folder, 'wrong.tar'), ...options })
  await expect(wrong).rejects.toThrow(hint)
  const error: unknown = await wrong.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(UsageError)
  expect((error as UsageError).exitCode).toBe(2)
})

test('a disk that is too small is told in numbers that say something', async (context) => {
  const disk = join(folder, 'disk')
  mkdirSync(disk)
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]).status !== 0) {
    console.log('skipped: a small file system cannot be mounted here (root is needed)')
    context.skip()
  }
  try {
    const small = simulate({ survey: 'lsst', scale: 0.00002, out: join(disk, 'night.tar') })
    await expect(small).rejects.toThrow(/needs about \d+\.\d MiB, but .* has 64\.0 KiB free/)
  } finally {
    spawnSync('umount', [disk])
  }
})

test('a simulation that is stopped or killed leaves nothing under the final name', async () => {
  const stop = new AbortController()
  const stopped = run('stopped.tar.gz', {
    ...ztf,
    scale: 0.05,
    signal: stop.signal,
    onProgress: () => stop.abort()
  })
  await expect(stopped).rejects.toThrow('aborted')
  const out = join(folder, 'killed.tar.gz')
  const index = new URL('../index.ts', import.meta.url).href
  const options = JSON.stringify({ ...ztf, scale: 1, out })
  const code = `import('${index}').then(({ simulate }) =>
    simulate({ ...${options}, onProgress: () => console.log('under way') }))`
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
  const left = readdirSync(folder).filter((name) => /^(killed|stopped)/.test(name))
  expect(left).toEqual([])
})
