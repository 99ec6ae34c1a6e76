import { expect, test } from 'vitest'
import { keptRows } from '#test'
import filter from './filter.ts'

const riser = {
  'rate.upper_rate': -0.5,
  'rate.delta_time': 1,
  'rate.same_sign': true as boolean | null,
  'rate.from_upper': false,
  'quality.pass': true,
  'solar_system.class': 'none' as string | null,
  is_positive: true,
  'ztf.drb': 0.9 as number | null,
  'ztf.rb': 0.9
}

const cases: [string, Partial<typeof riser>, boolean][] = [
  ['a clear riser', {}, true],
  ['from an upper limit', { 'rate.same_sign': null, 'rate.from_upper': true }, true],
  ['an old packet without drb', { 'ztf.drb': null }, true],
  ['maybe slower', { 'rate.upper_rate': -0.29 }, false],
  ['two exposures in a row', { 'rate.delta_time': 0.01 }, false],
  ['the sign changed', { 'rate.same_sign': false }, false],
  ['a deepening dip', { is_positive: false }, false],
  ['bad quality', { 'quality.pass': false }, false],
  ['bogus', { 'ztf.drb': 0.4 }, false],
  ['may be a moving object', { 'solar_system.class': 'candidate' }, true],
  ['a known moving object', { 'solar_system.class': 'known' }, false],
  ['no class', { 'solar_system.class': null }, false]
]

test.each(cases)('%s', (_, change, kept) => {
  const alert = Object.entries({ ...riser, ...change }).map(([name, value]) => [name, [value]])
  expect(keptRows(filter, 'ztf', Object.fromEntries(alert))).toEqual(kept ? [0] : [])
})

test('LSST is judged by its reliability', () => {
  const alerts = Object.fromEntries(
    Object.entries(riser).map(([name, value]) => [name, [value, value, value]])
  )
  const reliability = { 'lsst.diaSource.reliability': [0.5, 0.49, null] }
  expect(keptRows(filter, 'lsst', { ...alerts, ...reliability })).toEqual([0])
})
