import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { outOfRange, profile } from '../report/field-profile.ts'
import { simulate } from '../index.ts'
import { decodeLsst, readArchive, realData } from '../read-archive.ts'
import type { Decoded } from '../read-archive.ts'
import { lsstSchema } from './schema.ts'

const data = realData()
if (data === null) console.warn('skipped: ../shared/data is absent, no real LSST packets')

const folder = mkdtempSync(join(tmpdir(), 'siskin-lsst-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let ours: Decoded[] = []

beforeAll(async () => {
  const out = join(folder, 'night.tar')
  const night = {
    survey: 'lsst',
    schema: '10.0',
    start: '2026-02-20',
    scale: 0.0002,
    seed: 9
  } as const
  const { schemas } = await simulate({ out, ...night })
  const schema = (id: number): string => readFileSync(join(schemas ?? '', `${id}.avsc`), 'utf8')
  ours = readArchive(out).map(({ bytes }) => decodeLsst(bytes, schema))
})

function part(packets: readonly Decoded[], name: string): Decoded[] {
  const rows = packets.map((packet) => packet[name] as Decoded | null)
  return rows.filter((row) => row !== null)
}

const fixed = (packets: readonly Decoded[]): Decoded[] =>
  packets.filter((packet) => packet['diaObject'] !== null)

/** Ranges that do not depend on the part of the sky and the band of the sample. */
const RANGES = [
  'x',
  'y',
  'psfChi2',
  'psfNdata',
  'trailLength',
  'trailAngle',
  'extendedness',
  'reliability',
  'bboxSize',
  'raErr',
  'xErr',
  'dipoleNdata'
]

test.skipIf(data === null)('diaSource has the types, nulls and ranges of real packets', () => {
  const home = join(data ?? '', 'lsst')
  const schema = (id: number): string => readFileSync(join(home, `schemas/${id}.avsc`), 'utf8')
  const files = readdirSync(home).filter((name) => name.endsWith('.v1000.confluent'))
  const real = files.map((name) => decodeLsst(readFileSync(join(home, name)), schema))
  const wrong: string[] = []
  const [mine, theirs] = [part(ours, 'diaSource'), part(real, 'diaSource')]
  for (const field of Object.keys(theirs[0] ?? {})) {
    const a = profile(mine, field)
    const b = profile(theirs, field)
    for (const type of a.types)
      if (b.types.size > 0 && !b.types.has(type)) wrong.push(`${field}: ${type}`)
    if (a.nulls !== b.nulls) wrong.push(`${field}: ${a.nulls} null`)
    const range = RANGES.includes(field) ? outOfRange(a, b, 0.3) : null
    if (range !== null) wrong.push(`${field}: ${range}`)
  }
  expect(wrong).toEqual([])
  for (const list of [
    'prvDiaSources',
    'prvDiaForcedSources',
    'diaObject',
    'ssSource',
    'mpc_orbits'
  ]) {
    const seen = profile(real, list).nulls
    if (seen !== 'sometimes') expect(profile(ours, list).nulls, list).toBe(seen)
  }
})

test('a packet is of an object or of a Solar System body, never of both', () => {
  let bodies = 0
  for (const packet of ours) {
    const { diaObjectId, ssObjectId } = packet['diaSource'] as Record<string, bigint>
    const moving = packet['ssSource'] !== null
    expect(packet['diaObject'] === null).toBe(moving)
    expect(packet['mpc_orbits'] !== null).toBe(moving)
    expect(diaObjectId === 0n).toBe(moving)
    expect(ssObjectId === 0n).toBe(!moving)
    if (moving) bodies++
  }
  expect(bodies).toBeGreaterThan(10)
})

test("histories: past sources are the object's, forced photometry is of the visits before", () => {
  let sources = 0
  for (const packet of fixed(ours)) {
    const now = packet['diaSource'] as Record<string, number>
    const object = packet['diaObject'] as Record<string, number>
    const past = (packet['prvDiaSources'] ?? []) as Record<string, number>[]
    const forced = (packet['prvDiaForcedSources'] ?? []) as Record<string, number>[]
    sources += past.length
    for (const list of [past, forced]) {
      const times = list.map((row) => row['midpointMjdTai'] ?? 0)
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      for (const time of times) expect(time).toBeLessThan(now['midpointMjdTai'] ?? 0)
      for (const row of list) expect(row['diaObjectId']).toBe(now['diaObjectId'])
    }
    expect(object['diaObjectId']).toBe(now['diaObjectId'])
    expect(object['nDiaSources']).toBeGreaterThan(past.length)
    for (const row of past) expect(Math.abs(row['snr'] ?? 0)).toBeGreaterThanOrEqual(5)
  }
  expect(sources).toBeGreaterThan(100)
})

test('times are TAI and fluxes add up', () => {
  for (const source of part(ours, 'diaSource') as Record<string, number>[]) {
    const { psfFlux = 0, psfFluxErr = 1, scienceFlux = 0, templateFlux = 0, snr = 0 } = source
    expect(Math.abs(scienceFlux - templateFlux - psfFlux) / psfFluxErr).toBeLessThan(1.6)
    expect(Math.abs(psfFlux) / psfFluxErr).toBeCloseTo(snr, 2)
    expect(source['isNegative']).toBe(psfFlux < 0)
  }
})

test("cutouts are FITS files of three images in the survey's sizes", () => {
  for (const packet of ours.slice(0, 5)) {
    const fits = packet['cutoutDifference'] as Buffer
    expect(fits).toHaveLength(34560)
    expect(fits.toString('latin1', 0, 30)).toBe('SIMPLE  =                    T')
    expect(fits.toString('latin1', 8640, 8657)).toBe("XTENSION= 'IMAGE ")
    expect(fits.toString('latin1', 17280, 20160)).toContain('PSFIMAGE')
  }
})

test('the schemas beside the archive are the ones in use', () => {
  const text = readFileSync(join(folder, 'schemas/1000.avsc'), 'utf8')
  expect(JSON.parse(text)).toEqual(lsstSchema('10.0'))
})

test('an object is named by its first source: its own id at birth, an older one ever after', () => {
  let [born, older, complete] = [0, 0, 0]
  for (const packet of fixed(ours)) {
    const { diaSourceId, diaObjectId } = packet['diaSource'] as Record<string, bigint>
    const past = ((packet['prvDiaSources'] ?? []) as Record<string, bigint>[]).map(
      (row) => row['diaSourceId'] ?? 0n
    )
    const { nDiaSources } = packet['diaObject'] as Record<string, number>
    const isFirst = nDiaSources === 1
    expect(diaObjectId === diaSourceId, String(diaSourceId)).toBe(isFirst)
    if (isFirst) born++
    else older++
    if (nDiaSources !== past.length + 1) continue
    complete++
    expect(diaObjectId).toBe(past[0] ?? diaSourceId)
  }
  expect(Math.min(born, older, complete - born)).toBeGreaterThan(50)
})
