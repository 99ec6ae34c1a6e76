import { expect, test } from 'vitest'
import { searchOf } from '../../../engine/catalogues/search.ts'
import { SkyIndex } from '../../../engine/catalogues/sky-index.ts'
import { covering } from '../../../engine/contract/index.ts'
import { moved } from '../../support/skies.ts'

const DEGREE = 3600
const RAD = Math.PI / 180

/** M31, the LMC as a circle without an angle, one at the pole, one without a size. */
const names = ['M31', 'LMC', 'pole', 'point'] as const
const ra = [10.6847, 80.8942, 77, 150]
const dec = [41.2688, -69.7561, 89.9, 2]
const columns = new Map<string, readonly (number | null)[]>([
  ['d', [190, 645, 30, null]],
  ['minor', [60, null, 10, null]],
  ['pa', [35, null, 90, null]]
])
const index = new SkyIndex(ra, dec)

const extent = { semimajor: 'd', semiminor: 'minor', angle: 'pa', times: 30, most: 6 * DEGREE }
const search = searchOf(index, { radius: extent.most, extent }, columns)

/** What covers the place some arc minutes from an object, in a direction from north through east. */
function coveringAt(object: (typeof names)[number], arcmin: number, angle: number): string | null {
  const i = names.indexOf(object)
  const [r, d] = moved(ra[i]!, dec[i]!, arcmin / 60, angle * RAD)
  const { at } = search(r, d)
  return at < 0 ? null : names[at]!
}

test('an ellipse reaches along its axis, and not across', () => {
  expect(coveringAt('M31', 94, 35)).toBe('M31')
  expect(coveringAt('M31', 94, 35 + 180)).toBe('M31')
  expect(coveringAt('M31', 96, 35)).toBe(null)
  expect(coveringAt('M31', 29.9, 35 + 90)).toBe('M31')
  expect(coveringAt('M31', 31, 35 - 90)).toBe(null)
})

test('at the border of an ellipse the share is 1, in every direction', () => {
  const [a, b] = [95 * 60, 30 * 60]
  for (let angle = 0; angle < 360; angle += 17) {
    const theta = (angle - 35) * RAD
    const radius = (a * b) / Math.hypot(a * Math.sin(theta), b * Math.cos(theta))
    const { share } = search(...moved(ra[0]!, dec[0]!, (0.999 * radius) / DEGREE, angle * RAD))
    expect(share).toBeCloseTo(0.999, 4)
  }
})

test('a circle reaches degrees; one beside the pole reaches over it; one without a size nowhere', () => {
  expect(coveringAt('LMC', 322, 100)).toBe('LMC')
  expect(coveringAt('LMC', 323, 100)).toBe(null)
  expect(coveringAt('pole', 4.9, 0)).toBe('pole')
  expect(coveringAt('pole', 14.9, 90)).toBe('pole')
  expect(coveringAt('pole', 5.1, 0)).toBe(null)
  expect(coveringAt('point', 0, 0)).toBe(null)
})

test('of two that cover a place it is the one of whose radius it is the smaller share', () => {
  const two = new SkyIndex([10, 10.05], [0, 0])
  const sizes = new Map([['r', [1, 0.1]]])
  const both = searchOf(
    two,
    { radius: 7200, extent: { semimajor: 'r', times: 3600, most: 7200 } },
    sizes
  )
  expect(both(10.03, 0).at).toBe(0) // 0.03 of 1 degree, 0.02 of 0.1
  expect(both(10.049, 0).at).toBe(1)
})

test('what can cover nothing is refused where it is declared', () => {
  const changed = (over: Partial<typeof extent>) => () => covering('x', { ...extent, ...over }, {})
  expect(changed({ times: 0 })).toThrow(/cover nothing/)
  expect(changed({ most: 40_000 })).toThrow(/more than 36000, ten degrees/)
})
