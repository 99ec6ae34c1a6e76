import { expect, test } from 'vitest'
import { keptRows } from '#test'
import filter from './filter.ts'

const fader = {
  'rate.lower_rate': 0.5 as number | null,
  'rate.delta_time': 1,
  'rate.same_sign': true as boolean | null,
  'detections.age': 1,
  'solar_system.class': 'first-seen',
  is_positive: true,
  mag: 19,
  flux: 9e4,
  'ztf.distnr': 8,
  'ztf.magnr': 17,
  'ztf.nbad': 0,
  'ztf.rb': 0.9,
  'ztf.drb': 0.9
}

const cases: [string, Partial<typeof fader>, boolean][] = [
  ['a clear fader', {}, true],
  ['maybe slower', { 'rate.lower_rate': 0.29 }, false],
  ['no rate', { 'rate.lower_rate': null }, false],
  ['two exposures in a row', { 'rate.delta_time': 0.01 }, false],
  ['an upper limit cannot show a fading', { 'rate.same_sign': null }, false],
  ['the sign changed', { 'rate.same_sign': false }, false],
  ['a dip that fills up', { is_positive: false }, false],
  ['a bad pixel', { 'ztf.nbad': 2 }, false],
  ['bogus', { 'ztf.drb': 0.69 }, false],
  ['a known moving object', { 'solar_system.class': 'known' }, false],
  ['a variable star', { 'ztf.distnr': 0.2 }, false],
  ['an outburst of a faint star', { 'ztf.distnr': 0.2, 'ztf.magnr': 21 }, true]
]

test.each(cases)('%s', (_, change, kept) => {
  const alert = Object.entries({ ...fader, ...change }).map(([name, value]) => [name, [value]])
  expect(keptRows(filter, 'ztf', Object.fromEntries(alert))).toEqual(kept ? [0] : [])
})
