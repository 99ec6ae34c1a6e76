import { describe, expect, test } from 'vitest'
import { galactic } from '../../../engine/table/sky.ts'
import { dateOf, isoOf, isPlausible } from '../../../engine/table/time.ts'

describe('galactic coordinates', () => {
  test.each([
    // J2000 values of the IAU system, as in the Hipparcos catalogue and SIMBAD.
    ['centre', 266.40499, -28.93617, 0, 0],
    ['Sagittarius A*', 266.41682, -29.00782, 359.94423, -0.04616],
    ['Vega', 279.23473, 38.78369, 67.44821, 19.23725],
    ['M31', 10.68471, 41.26875, 121.17432, -21.57319],
    ['the celestial pole', 0, 90, 122.93192, 27.12825]
  ])('of %s', (_name, ra, dec, l, b) => {
    const [glon, glat] = galactic(ra, dec)
    expect(Math.cos(((glon - l) * Math.PI) / 180)).toBeCloseTo(1, 8)
    expect(glat).toBeCloseTo(b, 3)
    expect(glon).toBeGreaterThanOrEqual(0)
    expect(glon).toBeLessThan(360)
  })

  test('of the galactic poles', () => {
    expect(galactic(192.85948, 27.12825)[1]).toBeCloseTo(90, 4)
    expect(galactic(12.85948, -27.12825)[1]).toBeCloseTo(-90, 4)
  })

  test('of every position are numbers in range', () => {
    for (let ra = 0; ra <= 360; ra += 7.5) {
      for (let dec = -90; dec <= 90; dec += 7.5) {
        const [glon, glat] = galactic(ra, dec)
        expect(glon >= 0 && glon < 360 && glat >= -90 && glat <= 90).toBe(true)
      }
    }
  })
})

describe('times', () => {
  test.each([
    [58849, 20200101],
    [58848.999999, 20191231],
    [58908, 20200229],
    [60676.5, 20250101]
  ])('MJD %d is of the date %i', (mjd, date) => {
    expect(dateOf(mjd)).toBe(date)
  })

  test('as ISO 8601', () => {
    expect(isoOf(58849.5)).toBe('2020-01-01T12:00:00Z')
  })

  test('that no survey observes at are not plausible', () => {
    expect(
      [Number.NaN, 0, -999, 40_000, 100_000, Number.POSITIVE_INFINITY].filter(isPlausible)
    ).toEqual([])
    expect(isPlausible(60_000)).toBe(true)
  })
})
