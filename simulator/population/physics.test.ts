import { expect, test } from 'vitest'
import { arcsecOf, distanceModulus, horizon } from './cosmology.ts'
import { Cadence } from '../survey/cadence.ts'
import { combineCrc } from '../../engine/crc.ts'
import { crc32 } from 'node:zlib'
import { fluxFromMag } from '../../engine/contract/index.ts'
import { galactic as galacticOfTheTable } from '../../engine/table/sky.ts'
import { NightMaker } from '../night/night.ts'
import { checkOptions } from '../night/options.ts'
import { measure } from '../observe/photometry.ts'
import { Rng, normalAt } from '../sky/random.ts'
import { fluxOf } from '../sky/flux.ts'
import { ecliptic, fromPlane, galactic, separation, toPlane } from '../sky/sky.ts'
import { magnification } from './transients.ts'
import { typeIa } from './supernovae.ts'
import { alertFacts } from '../report/statistics.ts'

const plan = checkOptions({ out: 'night.tar', scale: 0.1, seed: 4 })
const maker = new NightMaker(plan)
const NIGHT = 61070

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? Number.NaN
}

test('magnification of a point lens', () => {
  expect(magnification(0.1)).toBeCloseTo(10.0375, 4)
  expect(magnification(1)).toBeCloseTo(1.34164, 5)
})

test('fluxes, distances and angles', () => {
  expect(fluxOf(31.4)).toBe(1)
  for (const mag of [12.3, 20, 26.7]) expect(fluxOf(mag) / fluxFromMag(mag)).toBeCloseTo(1, 14)
  expect(distanceModulus(0.1)).toBeCloseTo(38.32, 1)
  expect(arcsecOf(10, 0.05)).toBeCloseTo(10.2, 0)
  expect(horizon(-19, distanceModulus(0.08) - 19)).toBeCloseTo(0.08, 3)
})

test('coordinates: the galactic and ecliptic poles, and the tangent plane both ways', () => {
  expect(galactic({ ra: 192.8595, dec: 27.1283 }).lat).toBeCloseTo(90, 2)
  expect(ecliptic({ ra: 270, dec: 66.5607 }).lat).toBeCloseTo(90, 2)
  for (const [ra, dec] of [
    [10, -80],
    [123.4, 5.6],
    [266.4, -28.9],
    [359, 89]
  ] as const) {
    const { lon, lat } = galactic({ ra, dec })
    const [glon, glat] = galacticOfTheTable(ra, dec)
    expect(lon).toBeCloseTo(glon, 6)
    expect(lat).toBeCloseTo(glat, 6)
  }
  const centre = { ra: 359.9, dec: 70 }
  const at = fromPlane(centre, 2.5, -1.5)
  expect(toPlane(centre, at)?.east).toBeCloseTo(2.5, 9)
  expect(separation(centre, at)).toBeCloseTo(2.914, 2)
})

test('the SN Ia template peaks where it should', () => {
  const curve = typeIa(1, 0, 0.05)
  expect(curve('g', 0)).toBeCloseTo(-0.03, 6)
  expect(curve('r', 15.75)).toBeCloseTo(0.81, 6)
  expect(curve('g', -30)).toBeNull()
})

test('CRCs of two runs combine', () => {
  const a = Buffer.from('siskin')
  const b = Buffer.from('a small fast finch')
  expect(combineCrc(crc32(a), crc32(b), b.length)).toBe(crc32(Buffer.concat([a, b])))
})

test('random streams have their moments', () => {
  const rng = new Rng(5)
  const normals = Array.from({ length: 20000 }, (_, i) => normalAt(77, i))
  const betas = Array.from({ length: 20000 }, () => rng.beta(4.5, 1.3))
  expect(Math.abs(mean(normals))).toBeLessThan(0.03)
  expect(Math.abs(deviation(normals) - 1)).toBeLessThan(0.02)
  expect(mean(betas)).toBeCloseTo(4.5 / 5.8, 2)
  expect(mean(Array.from({ length: 20000 }, () => rng.poisson(3.3)))).toBeCloseTo(3.3, 1)
})

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length
}

function deviation(values: readonly number[]): number {
  const m = mean(values)
  return Math.sqrt(mean(values.map((value) => (value - m) ** 2)))
}

test.each(['ztf', 'lsst'] as const)('%s noise: pulls are standard normal', (survey) => {
  const scale = survey === 'ztf' ? 0.2 : 0.0008
  const sky = new NightMaker(checkOptions({ out: 'night.tar', survey, scale, seed: 4 }))
  const pulls: number[] = []
  for (const exposure of sky.cadence.plan(NIGHT).exposures.slice(0, 120)) {
    for (const object of sky.population.residents(exposure.field).objects) {
      if (object.artefact) continue
      const { flux, trueFlux, sigma } = measure(survey, object, exposure)
      pulls.push((flux - trueFlux) / sigma)
    }
  }
  expect(pulls.length).toBeGreaterThan(1000)
  expect(Math.abs(mean(pulls))).toBeLessThan(4 / Math.sqrt(pulls.length))
  expect(Math.abs(deviation(pulls) - 1)).toBeLessThan(4 / Math.sqrt(2 * pulls.length))
})

test('the schedule: real gaps, limits and pairs', () => {
  const cadence = new Cadence('ztf', 3)
  const last = new Map<string, number>()
  const gaps: number[] = []
  const limits: number[] = []
  for (let night = 61000; night < 61090; night++) {
    for (const { field, band, mjd, limit } of cadence.plan(night).exposures) {
      const key = `${field.index}/${band}`
      const before = last.get(key)
      if (before !== undefined) gaps.push(mjd - before)
      last.set(key, mjd)
      limits.push(limit)
    }
  }
  expect(quantile(gaps, 0.1)).toBeCloseTo(0.96, 0)
  expect(quantile(gaps, 0.5)).toBeCloseTo(2, 0)
  expect(quantile(limits, 0.5)).toBeGreaterThan(19.9)
  expect(quantile(limits, 0.5)).toBeLessThan(20.4)
})

test('alerts: five sigma and not saturated, artefacts near half', () => {
  const alerts = [...alertFacts(maker, NIGHT)]
  expect(alerts.length).toBeGreaterThan(300)
  const bogus = alerts.filter(({ cls }) => cls === 'bogus').length / alerts.length
  expect(bogus).toBeGreaterThan(0.3)
  expect(bogus).toBeLessThan(0.6)
  for (const { magpsf, limit } of alerts) expect(magpsf - limit).toBeLessThan(0.7)
})
