import { expect, test } from 'vitest'
import { keptRows } from '#test'
import filter from './filter.ts'

const moving = {
  'detections.n_survey': 1 as number | null,
  'detections.age': 0,
  'solar_system.class': 'candidate',
  is_positive: true,
  ra: 0,
  dec: 0,
  'ztf.distnr': 8 as number | null,
  'ztf.distpsnr1': 7 as number | null,
  'ztf.sgscore1': null as number | null,
  'ztf.rb': 0.9,
  'ztf.drb': 0.9 as number | null
}

const cases: [string, Partial<typeof moving>, boolean][] = [
  ['seen once on nothing', {}, true],
  ['near a star of Pan-STARRS, but not on it', { 'solar_system.class': 'first-seen' }, true],
  ['no source of Pan-STARRS', { 'ztf.distpsnr1': null }, true],
  ['on a source of Pan-STARRS', { 'ztf.distpsnr1': 1.4 }, false],
  ['beside a star', { 'ztf.distpsnr1': 1.6, 'ztf.sgscore1': 0.9 }, true],
  ['beside a galaxy: may be a supernova', { 'ztf.distpsnr1': 3.9, 'ztf.sgscore1': 0.2 }, false],
  ['on a source of the reference image', { 'ztf.distnr': 1.4 }, false],
  ['twice within half an hour', { 'detections.n_survey': 2, 'detections.age': 0.02 }, true],
  ['an hour later at the same place', { 'detections.n_survey': 2, 'detections.age': 0.04 }, false],
  ['a third detection', { 'detections.n_survey': 3 }, false],
  ['how often is not said', { 'detections.n_survey': null }, false],
  ['far from the ecliptic', { ra: 270, dec: 20 }, false],
  ['a negative difference', { is_positive: false }, false],
  ['hardly real', { 'ztf.drb': 0.7 }, false],
  ['no score at all', { 'ztf.drb': null, 'ztf.rb': Number.NaN }, false],
  ['known', { 'solar_system.class': 'known' }, false]
]

test.each(cases)('%s', (_, change, kept) => {
  const alert = Object.entries({ ...moving, ...change }).map(([name, value]) => [name, [value]])
  expect(keptRows(filter, 'ztf', Object.fromEntries(alert))).toEqual(kept ? [0] : [])
})

test('speaks of ZTF only', () => {
  expect(filter.surveys).toEqual(['ztf'])
})
