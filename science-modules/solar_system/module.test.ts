import { expect, test } from 'vitest'
import { runModule } from '#test'
import solarSystem from './module.ts'
import { classify } from './rules.ts'
import type { Sighting } from './rules.ts'

/** Seen once before in this packet, 20 minutes ago, with nothing nearby: a candidate. */
const pair: Sighting = {
  surveyDetections: 2,
  detections: 2,
  lastGap: 20 / 1440,
  starScore: 0.2,
  counterpartDistance: 8,
  objectDistance: null
}

const cases: [name: string, change: Partial<Sighting>, answer: [string, string]][] = [
  ['a quick pair', {}, ['candidate', 'few-detections-no-star']],
  ['no score is not a star', { starScore: null }, ['candidate', 'few-detections-no-star']],
  ['a star seen twice', { starScore: 0.76 }, ['none', 'no-rule']],
  [
    'a star seen once',
    { starScore: 0.9, surveyDetections: 1, detections: 1 },
    ['first-seen', 'first-detection']
  ],
  ['a third detection', { surveyDetections: 3 }, ['none', 'no-rule']],
  ['a counterpart', { counterpartDistance: 1.4 }, ['none', 'counterpart']],
  ['no counterpart', { counterpartDistance: null }, ['candidate', 'few-detections-no-star']],
  ['a slow pair', { lastGap: 31 / 1440 }, ['none', 'pair-too-slow']],
  ['an old faint detection', { detections: 1 }, ['none', 'earlier-detection-not-in-packet']],
  ['a known object', { objectDistance: 4.9 }, ['known', 'known-object-at-position']],
  [
    'known beats the slow pair',
    { objectDistance: 1, lastGap: 1 },
    ['known', 'known-object-at-position']
  ],
  [
    'known, nearer than the counterpart',
    { objectDistance: 0.4, counterpartDistance: 1 },
    ['known', 'known-object-at-position']
  ],
  [
    'a counterpart nearer than the known object',
    { objectDistance: 1.2, counterpartDistance: 1 },
    ['none', 'counterpart']
  ],
  [
    'no counterpart counts as far',
    { objectDistance: 3, counterpartDistance: null },
    ['known', 'known-object-at-position']
  ],
  [
    'a known object passing an old source',
    { objectDistance: 1, surveyDetections: 6 },
    ['none', 'no-rule']
  ]
]

test.each(cases)('%s', (_, change, [expectedClass, reason]) => {
  expect(classify({ ...pair, ...change })).toMatchObject({ class: expectedClass, reason })
})

test('the counterpart radius: 1.5 arcsec in the paper, 5 arcsec in the running code of Fink', () => {
  const near: Sighting = { ...pair, counterpartDistance: 3 }
  expect(classify(near).class).toBe('candidate')
  expect(classify(near, 5)).toMatchObject({ class: 'none', reason: 'counterpart' })
})

test('ZTF columns reach the rules', async () => {
  const out = await runModule(solarSystem, 'ztf', {
    'detections.n_survey': [1, 2, 40],
    'detections.n_detections': [1, 2, 9],
    history_mjd: [[59_000], [59_000, 59_000.01], [59_000, 59_001]],
    'ztf.sgscore1': [0.9, null, 0.9],
    'ztf.distpsnr1': [0.2, null, 0.2],
    'ztf.ssdistnr': [0.1, null, null],
    'ztf.ssnamenr': ['1627', null, null]
  })
  expect(out.class).toEqual(['known', 'candidate', 'none'])
  expect(out.designation).toEqual(['1627', null, null])
  expect(out.roid).toEqual([3, 2, 0])
})

test('LSST says itself what is known', async () => {
  const out = await runModule(solarSystem, 'lsst', {
    alert_id: [9n, 9n, 9n, 9n, 9n],
    'detections.n_survey': [null, 1, 7, 1, 1],
    'detections.n_detections': [1, 1, 5, 1, 1],
    'lsst.diaSource.diaObjectId': [0n, 9n, 2n, 2n, null],
    'lsst.diaSource.ssObjectId': [21_163_611_375_481_943n, null, 0n, null, null],
    'lsst.ssSource.designation': ['2014 AB12', null, null, null, null]
  })
  // The fourth counts one source, but is of an object that was named by an older one.
  expect(out.class).toEqual(['known', 'first-seen', 'none', 'none', 'none'])
  expect(out.designation).toEqual(['2014 AB12', null, null, null, null])
  expect(out.roid).toEqual([null, null, null, null, null])
})
