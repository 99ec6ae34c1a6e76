import { expect, test } from 'vitest'
import { completeness, shareOf } from '../../engine/inject/completeness.ts'
import { completenessSvg } from '../../engine/inject/svg.ts'
import type { InjectedLook } from '../../engine/inject/completeness.ts'

/** The two roots of (share - x)^2 = 1.96^2 x (1 - x) / n. */
test.each([
  [8, 23, 0.1881, 0.5511],
  [1, 1, 0.2065, 1],
  [0, 51, 0, 0.07005]
])('%i of %i has its interval by Wilson', (part, whole, low, high) => {
  const share = shareOf(part, whole)!
  expect(share.share).toBeCloseTo(part / whole, 12)
  expect(share.low).toBeCloseTo(low, 4)
  expect(share.high).toBeCloseTo(high, 4)
})

test('looks are counted by magnitude and age, objects once; what is fainter than all that was seen is one bin', () => {
  const look = (object: number, mag: number | null, age: number | null, id: string | null) =>
    ({ class: 'kilonova', object, mag, age, id }) satisfies InjectedLook
  const looks = [
    look(0, 18.5, 0.3, 'a'),
    look(0, 18.9, 0.4, 'b'),
    look(1, 20.1, 1.5, 'c'),
    look(2, 23.2, 8, null),
    look(3, 26.9, 200, null),
    look(4, null, 200, null)
  ]
  const [found] = completeness(looks, new Map([['new-source', new Set(['a', 'other'])]]))
  expect(found).toMatchObject({ class: 'kilonova', topic: 'new-source' })
  expect(found!.objects).toMatchObject({ injected: 5, findable: 2, found: 1 })
  expect(found!.byMagnitude).toMatchObject([
    { from: 18, to: 19, injected: 2, findable: 2, found: 1 },
    { from: 20, to: 21, injected: 1, findable: 1, found: 0 },
    { from: 23, to: null, injected: 2, findable: 0, found: 0, completeness: null }
  ])
  expect(found!.byAge).toMatchObject([
    { from: 0.25, to: 0.5, injected: 2, found: 1 },
    { from: 1, to: 2, injected: 1 },
    { from: 7, to: 10, injected: 1 },
    { from: 120, to: null, injected: 2 }
  ])
})

test('a curve is not drawn over magnitudes of which nothing is known, and its axes have numbers', () => {
  const mags = [15.5, 16.5, 19.5, 20.5]
  const looks = mags.map((mag, i) => {
    return { class: 'kilonova', object: i, mag, age: 1, id: `${i}` } satisfies InjectedLook
  })
  const svg = completenessSvg('t', completeness(looks, new Map([['new-source', new Set(['0'])]])))
  const curves = [...svg.matchAll(/points="([^"]+)"/g)].map(
    ([, points]) => points!.split(' ').length
  )
  expect(curves).toEqual([2, 2])
  for (const edge of [15, 16, 17, 19, 20, 21]) expect(svg).toContain(`middle">${edge}</text>`)
})
