import { expect, test } from 'vitest'
import { healpixNested } from '../../../engine/table/healpix.ts'
import { healpix29 } from '../../../engine/table/healpix29.ts'
import { pixelsAround, reachAround } from '../../../engine/table/healpix-neighbours.ts'
import { moved, SKIES } from '../../support/skies.ts'
import { random } from '../../support/random.ts'

test.each(SKIES)('what is within reach %s lies in the pixels around', (_, place) => {
  const rng = random(11)
  for (const order of [0, 1, 3, 8, 13, 20]) {
    for (let i = 0; i < 500; i++) {
      const [ra, dec] = place(rng, 58.6 / 2 ** order)
      const around = pixelsAround(ra, dec, order)
      expect(around.length).toBeGreaterThanOrEqual(order === 0 ? 6 : 8)
      const near = moved(ra, dec, reachAround(order) * rng(), 2 * Math.PI * rng())
      expect(around, `${ra} ${dec} ${near.join()}, order ${order}`).toContain(
        healpixNested(...near, order)
      )
    }
  }
})

test.each(SKIES)('a pixel of order 29 %s lies in those of all orders below', (_, place) => {
  const rng = random(12)
  const places = Array.from({ length: 2000 }, () => place(rng, 1e-4))
  const pixels = healpix29(
    places.map(([ra]) => ra),
    places.map(([, dec]) => dec)
  )
  for (const [i, [ra, dec]] of places.entries()) {
    for (const order of [0, 7, 15, 24]) {
      const own = Number(pixels[i]! >> BigInt(2 * (29 - order)))
      // At the edge of a pixel the orders may round to either side.
      if (own !== healpixNested(ra, dec, order)) expect(pixelsAround(ra, dec, order)).toContain(own)
    }
  }
  expect(new Set(pixels).size).toBeGreaterThan(100)
})
