import { expect, test } from 'vitest'
import { SkyIndex } from '../../../engine/catalogues/sky-index.ts'
import { random } from '../../support/random.ts'

const RAD = Math.PI / 180

/** By vectors, as no index does it: the angle between two directions in arc seconds. */
function apart(ra1: number, dec1: number, ra2: number, dec2: number): number {
  const [a, b] = [
    [ra1, dec1],
    [ra2, dec2]
  ].map(([ra = 0, dec = 0]) => [
    Math.cos(dec * RAD) * Math.cos(ra * RAD),
    Math.cos(dec * RAD) * Math.sin(ra * RAD),
    Math.sin(dec * RAD)
  ]) as [[number, number, number], [number, number, number]]
  const cross = [
    a[1] * b[2] - a[2] * b[1],
    a[2] * b[0] - a[0] * b[2],
    a[0] * b[1] - a[1] * b[0]
  ] as const
  const dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
  return (Math.atan2(Math.hypot(...cross), dot) / RAD) * 3600
}

test.each([
  ['all over', (rng: () => number) => [360 * rng(), Math.asin(2 * rng() - 1) / RAD]],
  ['at the north pole', (rng: () => number) => [360 * rng(), 90 - 0.02 * rng()]],
  ['at the south pole', (rng: () => number) => [360 * rng(), -90 + 0.02 * rng()]],
  ['around RA 0', (rng: () => number) => [(359.99 + 0.02 * rng()) % 360, 0.02 * rng()]]
])('the nearest %s is that of all pairs', (_, place) => {
  const rng = random(7)
  const places = Array.from({ length: 400 }, () => place(rng) as [number, number])
  const index = new SkyIndex(
    Float64Array.from(places, ([ra]) => ra),
    Float64Array.from(places, ([, dec]) => dec)
  )
  let found = 0
  for (let i = 0; i < 300; i++) {
    const [ra, dec] = place(rng) as [number, number]
    for (const radius of [1, 20, 5000]) {
      const all = places.map(([r, d]) => apart(ra, dec, r, d))
      const least = Math.min(...all)
      const { at, separation } = index.nearest(ra, dec, radius)
      if (Math.abs(least - radius) < 1e-6) continue
      expect(at).toBe(least <= radius ? all.indexOf(least) : -1)
      if (at >= 0) expect(separation).toBeCloseTo(least, 6)
      if (at >= 0) found++
    }
  }
  expect(found).toBeGreaterThan(10)
})

test('equal places, places that are none, and a place outside [0, 360)', () => {
  const index = new SkyIndex(
    Float64Array.of(10, 10, Number.NaN, 20, 359.9999),
    Float64Array.of(5, 5, 5, Number.NaN, 0)
  )
  expect(index.size).toBe(3)
  expect(index.nearest(10, 5, 1)).toEqual({ at: 0, separation: 0 })
  expect(index.nearest(-0.0001, 0, 1).at).toBe(4)
  expect(index.nearest(0.0001, 0, 1).at).toBe(4)
  expect(index.nearest(Number.NaN, 0, 1).at).toBe(-1)
  expect(index.nearest(20, 5, 1).at).toBe(-1)
})
