import { expect, test } from 'vitest'
import { magFromFlux } from '#contract'
import { legend, plot, pointsOf } from '../../engine/inspect/plot.ts'

test('detections by their magnitude, in capitals when fainter than the reference; limits as v', () => {
  const points = pointsOf({
    history_mjd: [10, 11, 12, 13],
    history_band: ['g', 'r', 'g', 'r'],
    history_flux: [null, 100, -100, 5],
    history_flux_err: [null, 10, 10, 2],
    history_mag_limit: [20, null, null, null],
    history_detected: [false, true, true, false]
  })
  expect(points).toEqual([
    { mjd: 10, mag: 20, sign: 'v' },
    { mjd: 11, mag: magFromFlux(100), sign: 'r' },
    { mjd: 12, mag: magFromFlux(100), sign: 'G' },
    { mjd: 13, mag: expect.closeTo(magFromFlux(10), 9) as number, sign: 'v' }
  ])
  expect(legend(points)).toBe('G g, fainter than the reference 1 · r r 1 · v upper limit 2')
})

test('brighter is higher, later is further right, a detection covers a limit', () => {
  const lines = plot(
    [
      { mjd: 0, mag: 21, sign: 'v' },
      { mjd: 10, mag: 18, sign: 'g' },
      { mjd: 10, mag: 18, sign: 'v' }
    ],
    11,
    4
  ).split('\n')
  expect(lines).toEqual([
    '   mag',
    ' 18.00 |          g',
    '       |',
    ' 20.00 |',
    ' 21.00 |v',
    '       +-----------',
    '        -10 d   0 d'
  ])
})

test('points of one moment lie at the end of the axis, where the alert is', () => {
  const lines = plot(
    [
      { mjd: 5, mag: 19, sign: 'g' },
      { mjd: 5, mag: 18, sign: 'r' }
    ],
    11,
    3
  ).split('\n')
  expect(lines).toEqual([
    '   mag',
    ' 18.00 |          r',
    ' 18.50 |',
    ' 19.00 |          g',
    '       +-----------',
    '        -0.01 d 0 d'
  ])
})

test('one point is no curve: it is said in words; and none', () => {
  const at = { mjd: 60000.5, mag: 19.004 }
  expect(plot([{ ...at, sign: 'i' }])).toBe('(one point only: i, 19.00 mag, MJD 60000.50000)')
  expect(plot([{ ...at, sign: 'R' }])).toContain('r, fainter than the reference, 19.00 mag')
  expect(plot([{ ...at, sign: 'v' }])).toContain('upper limit, 19.00 mag')
  expect(plot(pointsOf({}))).toBe('(no point has a magnitude)')
})
