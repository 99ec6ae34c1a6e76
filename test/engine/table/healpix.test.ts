import { ang2pix_nest, pix2ang_nest } from '@hscmap/healpix'
import { describe, expect, test } from 'vitest'
import { healpixCentre, healpixNested } from '../../../engine/table/healpix.ts'
import { random } from '../../support/random.ts'

const RAD = Math.PI / 180
const reference = (ra: number, dec: number, order: number) =>
  ang2pix_nest(2 ** order, (90 - dec) * RAD, ra * RAD)

const rng = random(15)
/** Uniform on the sphere, and as many near the poles. */
const sky: [number, number][] = Array.from({ length: 20_000 }, (_, i) => {
  const dec = Math.asin(2 * rng() - 1) / RAD
  const near = (i % 2 ? 1 : -1) * (90 - 10 ** (-6 * rng()))
  return [rng() * 360, i % 4 === 0 ? near : dec]
})

describe('healpixNested', () => {
  test.each([0, 1, 5, 9, 13, 15])('order %i agrees with @hscmap/healpix', (order) => {
    const different = sky.filter(
      ([ra, dec]) => healpixNested(ra, dec, order) !== reference(ra, dec, order)
    )
    expect(different).toEqual([])
  })

  test('every pixel of order 6 is found from its centre, and centres agree', () => {
    for (let pixel = 0; pixel < 12 * 4 ** 6; pixel++) {
      const [ra, dec] = healpixCentre(pixel, 6)
      const { theta, phi } = pix2ang_nest(64, pixel)
      expect(healpixNested(ra, dec, 6)).toBe(pixel)
      expect(dec).toBeCloseTo(90 - theta / RAD, 9)
      expect(Math.cos((ra - phi / RAD) * RAD)).toBeCloseTo(1, 12)
    }
  })

  test.each([10, 15, 20, 24])('pixels of order %i are found from their centres', (order) => {
    const most = 12 * 4 ** order
    for (let i = 0; i < 5000; i++) {
      const pixel = Math.floor(rng() * most)
      expect(healpixNested(...healpixCentre(pixel, order), order)).toBe(pixel)
    }
    const inFace = 4 ** order
    for (let face = 0; face < 12; face++) {
      for (const pixel of [face * inFace, (face + 1) * inFace - 1]) {
        expect(healpixNested(...healpixCentre(pixel, order), order)).toBe(pixel)
      }
    }
  })

  test('poles, right ascensions of a full turn and edges of faces are in a pixel that is there', () => {
    const edge = Math.asin(2 / 3) / RAD
    for (const order of [0, 4, 15]) {
      for (const dec of [90, -90, 0, edge, -edge, edge + 1e-12, -edge - 1e-12]) {
        for (const ra of [0, 45, 90, 180, 270, 315, 360, -90, 720]) {
          const pixel = healpixNested(ra, dec, order)
          expect(Number.isSafeInteger(pixel)).toBe(true)
          expect(pixel).toBeGreaterThanOrEqual(0)
          expect(pixel).toBeLessThan(12 * 4 ** order)
          const [, centreDec] = healpixCentre(pixel, order)
          expect(Math.abs(centreDec - dec)).toBeLessThan(65 / 2 ** order)
        }
      }
    }
    expect(healpixNested(360, 10, 15)).toBe(healpixNested(0, 10, 15))
    expect(healpixNested(-10, 10, 15)).toBe(healpixNested(350, 10, 15))
  })

  test('known pixels', () => {
    // The first pixel of every base face: healpy.ang2pix(1, ..., nest=True).
    expect(healpixNested(45, 41.8, 0)).toBe(0)
    expect(healpixNested(0, 0, 0)).toBe(4)
    expect(healpixNested(315, -41.8, 0)).toBe(11)
  })
})
