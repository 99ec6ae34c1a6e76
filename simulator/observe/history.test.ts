import { beforeAll, expect, test } from 'vitest'
import { Population } from '../population/population.ts'
import type { SkyObject } from '../population/objects.ts'
import { Cadence } from '../survey/cadence.ts'
import type { Exposure } from '../survey/cadence.ts'
import { pastMeasurements } from './history.ts'
import type { Measurement } from './photometry.ts'

interface Sighting {
  readonly object: SkyObject
  readonly exposure: Exposure
  readonly past: readonly Measurement[]
}

/** Asteroids of one night, by name: a sighting an exposure, with what was measured there in the month before. */
const asteroids = new Map<string, Sighting[]>()

beforeAll(() => {
  const cadence = new Cadence('ztf', 9)
  const population = new Population('ztf', 9, 0.05)
  for (const exposure of cadence.plan(61091).exposures) {
    for (const object of population.singles(exposure)) {
      if (!object.moving) continue
      const { designation } = object.moving
      const past = pastMeasurements('ztf', cadence, object, exposure.mjd, 30)
      const known = asteroids.get(designation) ?? []
      asteroids.set(designation, [...known, { object, exposure, past }])
    }
  }
})

test('where an asteroid is now nothing was detected before it came', () => {
  const past = [...asteroids.values()].flat().flatMap((one) => one.past)
  expect(past.length).toBeGreaterThan(10_000)
  expect(past.filter(({ detected }) => detected)).toEqual([])
  // Three sigma of noise count in ndethist as they do in the survey.
  expect(past.some(({ seen }) => seen)).toBe(true)
})

test('the noise at one place tells nothing of that at the next', () => {
  const pairs: [number, number][] = []
  for (const [one, other] of asteroids.values()) {
    if (!one || !other || one.object.field !== other.object.field) continue
    const there = new Map(other.past.map((past) => [past.exposure.key, past]))
    for (const { exposure, flux, sigma } of one.past) {
      const same = there.get(exposure.key)
      if (same) pairs.push([flux / sigma, same.flux / same.sigma])
    }
  }
  expect(pairs.length).toBeGreaterThan(1000)
  const product = pairs.reduce((sum, [a, b]) => sum + a * b, 0) / pairs.length
  expect(Math.abs(product)).toBeLessThan(4 / Math.sqrt(pairs.length))
})
