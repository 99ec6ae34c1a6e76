import { expect, test } from 'vitest'
import { keptRows } from '#test'
import { sound } from '../blocks.ts'
import filter from './filter.ts'

/** Columns of the flags of LSST that `sound` asks for. */
const FLAGS = Object.values(sound.requires)
  .map(({ column }) => column)
  .filter((column) => column.startsWith('quality.lsst.'))

/** Detected for two hours on nothing; the ecliptic runs through (0, 0), its pole is at (270, 66.6). */
const riser = {
  'rate.upper_rate': -0.5,
  'rate.delta_time': 1,
  'rate.same_sign': true as boolean | null,
  'rate.from_upper': false,
  'detections.age': 0.1 as number | null,
  'detections.n_survey': 9 as number | null,
  'solar_system.class': 'none' as string | null,
  is_positive: true,
  ra: 0,
  dec: 0,
  mag: 19,
  flux: 9e4,
  'ztf.distnr': 8,
  'ztf.magnr': 20,
  'ztf.sgscore1': 0.9 as number | null,
  'ztf.distpsnr1': 0.4,
  'ztf.nbad': 0,
  'ztf.drb': 0.9 as number | null,
  'ztf.rb': 0.9
}

const once = { 'detections.age': 0, 'rate.same_sign': null, 'rate.from_upper': true }
const onStar = { 'ztf.distnr': 0.3, 'ztf.magnr': 19.31 }
const nearPole = { ra: 270, dec: 60 }

const cases: [string, Partial<typeof riser>, boolean][] = [
  ['a clear riser', {}, true],
  ['from an upper limit', { 'rate.same_sign': null, 'rate.from_upper': true }, true],
  ['an old packet without drb', { 'ztf.drb': null }, true],
  ['maybe slower', { 'rate.upper_rate': -0.29 }, false],
  ['two exposures in a row', { 'rate.delta_time': 0.01 }, false],
  ['the sign changed', { 'rate.same_sign': false }, false],
  ['a deepening dip', { is_positive: false }, false],
  ['a bad pixel', { 'ztf.nbad': 1 }, false],
  ['of a shape that rb dislikes', { 'ztf.rb': 0.29 }, false],
  ['bogus', { 'ztf.drb': 0.69 }, false],
  ['a known moving object', { 'solar_system.class': 'known' }, false],
  ['no class', { 'solar_system.class': null }, false],
  ['one detection near the ecliptic may move', once, false],
  ['a young kilonova away from the ecliptic: one detection', { ...once, ...nearPole }, true],
  ['one detection there, less sure', { ...once, ...nearPole, 'ztf.drb': 0.79 }, false],
  [
    'one detection there, old packet',
    { ...once, ...nearPole, 'ztf.drb': null, 'ztf.rb': 0.79 },
    false
  ],
  ['a flare seen once, on its star', { ...once, ...onStar }, true],
  ['seen twice within half an hour', { ...once, 'detections.age': 0.02 }, false],
  ['no place', { ...once, ra: Number.NaN }, false],
  ['brighter than the star under it', onStar, true],
  ['a variable star', { ...onStar, 'ztf.magnr': 19.29 }, false],
  ['a star that never varied', { ...onStar, 'ztf.magnr': 15, 'detections.n_survey': 2 }, true],
  ['how often is not said', { ...onStar, 'ztf.magnr': 15, 'detections.n_survey': null }, false],
  ['in the middle of a galaxy', { ...onStar, 'ztf.magnr': 17, 'ztf.sgscore1': 0.1 }, true],
  [
    'near a galaxy that is not the one under it',
    { ...onStar, 'ztf.magnr': 17, 'ztf.sgscore1': 0.1, 'ztf.distpsnr1': 1.6 },
    false
  ],
  ['no star/galaxy score', { ...onStar, 'ztf.magnr': 17, 'ztf.sgscore1': null }, false]
]

test.each(cases)('%s', (_, change, kept) => {
  const alert = Object.entries({ ...riser, ...change }).map(([name, value]) => [name, [value]])
  expect(keptRows(filter, 'ztf', Object.fromEntries(alert))).toEqual(kept ? [0] : [])
})

test('LSST is judged by its flags and its reliability, and by its template', () => {
  const reliability = [0.7, 0.69, null, 0.7, 0.7, 0.7, 0.7]
  const alerts = Object.fromEntries(
    Object.entries(riser).map(([name, value]) => [name, reliability.map(() => value)])
  )
  const lsst = {
    ...Object.fromEntries(FLAGS.map((name) => [name, reliability.map(() => true)])),
    'quality.lsst.isDipole': [true, true, true, false, true, true, true],
    'lsst.diaSource.reliability': reliability,
    // 9e4 nJy against a star of 7e4 (0.27 mag), of 6e4 (0.44 mag), and of 4 sigma.
    'lsst.diaSource.templateFlux': [0, 0, 0, 0, 7e4, 6e4, 7e4],
    'lsst.diaSource.templateFluxErr': [100, 100, 100, 100, 100, 100, 17_500]
  }
  expect(keptRows(filter, 'lsst', { ...alerts, ...lsst })).toEqual([0, 5, 6])
})
