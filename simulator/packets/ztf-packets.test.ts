import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { outOfRange, profile } from '../report/field-profile.ts'
import { simulate } from '../index.ts'
import { decodeZtf, readArchive, realData } from '../read-archive.ts'
import type { Decoded } from '../read-archive.ts'
import type { TruthRow } from '../night/truth.ts'

const data = realData()
if (data === null) console.warn('skipped: ../shared/data is absent, no real ZTF packets')

const folder = mkdtempSync(join(tmpdir(), 'siskin-ztf-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let ours: Decoded[] = []
let truth: TruthRow[] = []

beforeAll(async () => {
  const out = join(folder, 'night.tar')
  const { truths } = await simulate({ out, start: '2026-02-20', scale: 0.02, seed: 9 })
  ours = readArchive(out).map(({ bytes }) => decodeZtf(bytes))
  const bytes = readFileSync(truths[0] ?? '')
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
  truth = (await parquetReadObjects({ file, compressors })) as unknown as TruthRow[]
})

type Numbers = {
  readonly [
    K in
      | 'jd'
      | 'jdstarthist'
      | 'jdendhist'
      | 'ndethist'
      | 'magpsf'
      | 'sigmapsf'
      | 'magnr'
      | 'distnr'
      | 'nbad'
      | 'pid'
      | 'rcid'
      | 'nid'
      | 'tblid'
  ]: number
} & { readonly isdiffpos: string; readonly candid: bigint }

function candidates(packets: readonly Decoded[]): Decoded[] {
  return packets.map((packet) => packet['candidate'] as Decoded)
}

function entries(packets: readonly Decoded[], list: string): Decoded[] {
  return packets.flatMap((packet) => (packet[list] as Decoded[] | null | undefined) ?? [])
}

const isDetection = (entry: Decoded): boolean => entry['magpsf'] !== null

/** Their range is that of the dates and fields of the sample, not of the survey. */
const FREE = /^(jd.*|pid|candid|nid|ra|dec|ranr|decnr|field|rfid|tblid)$/

/** Artefacts make these wider than in the sample, which was chosen by people. */
const WIDER = new Set([
  'nbad',
  'classtar',
  'elong',
  'rb',
  'sigmapsf',
  'forcediffimfluxunc',
  'distnr'
])

function compare(mine: readonly Decoded[], real: readonly Decoded[]): string[] {
  const wrong: string[] = []
  for (const field of Object.keys(mine[0] ?? {})) {
    const a = profile(mine, field)
    const b = profile(real, field)
    for (const type of a.types)
      if (b.types.size > 0 && !b.types.has(type)) wrong.push(`${field}: ${type}`)
    if (a.nulls !== b.nulls && b.nulls !== 'sometimes') wrong.push(`${field}: ${a.nulls} null`)
    for (const none of a.sentinels) if (!b.sentinels.has(none)) wrong.push(`${field}: ${none}`)
    const range = FREE.test(field) || WIDER.has(field) ? null : outOfRange(a, b, 0.25)
    if (range !== null) wrong.push(`${field}: ${range}`)
  }
  return wrong
}

test.skipIf(data === null)(
  'fields have the types, nulls, ranges and sentinels of real packets',
  () => {
    const archive = readArchive(join(data ?? '', 'ztf/ztf_public_sample.tar.gz'))
    const real = archive.map(({ bytes }) => decodeZtf(bytes))
    const [mine, theirs] = [entries(ours, 'prv_candidates'), entries(real, 'prv_candidates')]
    expect(compare(candidates(ours), candidates(real)), 'candidate').toEqual([])
    const detections = compare(mine.filter(isDetection), theirs.filter(isDetection))
    expect(detections, 'detections of prv_candidates').toEqual([])
    const limits = compare(
      mine.filter((entry) => !isDetection(entry)),
      theirs.filter((entry) => !isDetection(entry))
    )
    expect(limits, 'upper limits of prv_candidates').toEqual([])
    expect(compare(entries(ours, 'fp_hists'), entries(real, 'fp_hists')), 'fp_hists').toEqual([])
  }
)

test('ids follow the rules of the survey', () => {
  for (const packet of ours) {
    const { jd, nid, rcid, tblid, isdiffpos, pid, candid } = packet['candidate'] as Numbers
    const night = Math.floor(jd - 2457754.5)
    const fraction = String(Math.floor((jd - 2457754.5 - night) * 1e5)).padStart(5, '0')
    expect(nid).toBe(night)
    expect(String(pid)).toBe(`${night}${fraction}${String(rcid).padStart(2, '0')}15`)
    const sign = isdiffpos === 't' ? 15000n : 10000n
    expect(candid).toBe(BigInt(pid) * 1000000n + sign + BigInt(tblid))
    expect(packet['candid']).toBe(candid)
    expect(packet['objectId']).toMatch(/^ZTF(17|18|19|2\d)[a-z]{7}$/)
  }
})

test('histories ascend, end before the alert and reach back thirty days', () => {
  for (const packet of ours) {
    const { jd, jdstarthist, jdendhist, ndethist } = packet['candidate'] as Numbers
    const times = entries([packet], 'prv_candidates').map((entry) => Number(entry['jd']))
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    for (const time of times) {
      expect(jd - time).toBeGreaterThan(0)
      expect(jd - time).toBeLessThanOrEqual(30)
    }
    expect(jdendhist).toBe(jd)
    if (ndethist === 1) expect(jdstarthist).toBe(jd)
    else expect(jdstarthist).toBeLessThan(jd)
  }
})

test('a past detection is what that night sent', async () => {
  const { archives } = await simulate({
    out: join(folder, 'two.tar'),
    start: '2026-02-18',
    nights: 4,
    scale: 0.01,
    seed: 9,
    stamps: 'none'
  })
  const sent = new Map<unknown, Decoded>()
  let checked = 0
  for (const packet of archives
    .flatMap((path) => readArchive(path))
    .map(({ bytes }) => decodeZtf(bytes))) {
    const now = packet['candidate'] as Decoded
    sent.set(`${String(packet['objectId'])}/${String(packet['candid'])}`, now)
    for (const past of entries([packet], 'prv_candidates').filter(isDetection)) {
      const original = sent.get(`${String(packet['objectId'])}/${String(past['candid'])}`)
      if (!original) continue
      checked++
      for (const field of ['jd', 'magpsf', 'sigmapsf', 'ra', 'dec', 'isdiffpos', 'rb', 'magnr']) {
        expect(past[field], field).toBe(original[field])
      }
    }
  }
  expect(checked).toBeGreaterThan(50)
})

test('apparent flux from a packet recovers the truth within its errors', () => {
  const pulls: number[] = []
  const stars = new Set(['rrlyr', 'mira', 'eclipsing', 'cepheid'])
  for (const [i, row] of truth.entries()) {
    const { magpsf, sigmapsf, magnr, isdiffpos, distnr } = candidates(ours)[i] as Numbers
    if (!stars.has(row.class) || distnr > 1.5 || sigmapsf > 0.1) continue
    const change = 10 ** (-0.4 * magpsf) * 3631e9
    const reference = 10 ** (-0.4 * magnr) * 3631e9
    const apparent = reference + (isdiffpos === 't' ? change : -change)
    const sigma = Math.hypot((change * sigmapsf) / 1.0857, reference * 0.001)
    pulls.push((apparent - row.true_flux_total) / sigma)
  }
  const mean = pulls.reduce((a, b) => a + b, 0) / pulls.length
  const spread = Math.sqrt(pulls.reduce((sum, pull) => sum + (pull - mean) ** 2, 0) / pulls.length)
  expect(pulls.length).toBeGreaterThan(100)
  expect(Math.abs(mean)).toBeLessThan(0.3)
  expect(spread).toBeGreaterThan(0.8)
  expect(spread).toBeLessThan(1.2)
})

test('stamps are gzipped FITS of 63 x 63 floats with the source in the middle', () => {
  const bright = ours.filter((packet, i) => {
    const { magpsf, nbad } = packet['candidate'] as Numbers
    return magpsf < 17 && nbad === 0 && truth[i]?.class !== 'bogus'
  })
  for (const packet of bright.slice(0, 10)) {
    const cutout = packet['cutoutDifference'] as { fileName: string; stampData: Buffer }
    const fits = gunzipSync(cutout.stampData)
    expect(fits).toHaveLength(20160)
    expect(cutout.fileName).toContain(`candid${String(packet['candid'])}`)
    const pixel = (x: number, y: number): number => fits.readFloatBE(2880 + 4 * (y * 63 + x))
    expect(pixel(31, 31)).toBeGreaterThan(5 * Math.abs(pixel(3, 31)))
  }
})
