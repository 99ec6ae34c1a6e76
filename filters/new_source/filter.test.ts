import { expect, test } from 'vitest'
import { keptRows } from '#test'
import { sound } from '../blocks.ts'
import filter from './filter.ts'

/** Columns of the flags of LSST that `sound` asks for. */
const FLAGS = Object.values(sound.requires)
  .map(({ column }) => column)
  .filter((column) => column.startsWith('quality.lsst.'))

/** Seen first an hour ago, on nothing, at the ecliptic. */
const source = {
  mjd: 60_000,
  'detections.n_survey': 2 as number | null,
  'detections.start_mjd': 59_999.96 as number | null,
  'detections.age': 0.04,
  'rate.upper_rate': null as number | null,
  'solar_system.class': 'none',
  is_positive: true,
  ra: 0,
  dec: 0,
  mag: 19,
  flux: 9e4,
  'ztf.distnr': 8,
  'ztf.magnr': 17,
  'ztf.nbad': 0,
  'ztf.rb': 0.9,
  'ztf.drb': 0.9
}

const once = { 'detections.n_survey': 1, 'detections.start_mjd': 60_000, 'detections.age': 0 }

const cases: [string, Partial<typeof source>, boolean][] = [
  ['two detections an hour apart', {}, true],
  ['of the night before the last', { 'detections.start_mjd': 59_998.1 }, true],
  ['first seen three days ago', { 'detections.start_mjd': 59_997 }, false],
  ['its packet goes further back than the survey counts', { 'detections.age': 3 }, false],
  ['the survey does not say since when', { 'detections.start_mjd': null }, false],
  ['the survey does not say how often', { 'detections.n_survey': null }, false],
  ['one detection may move', once, false],
  ['one detection, away from the ecliptic', { ...once, ra: 270, dec: 60 }, true],
  ['a flare seen once on a faint star', { ...once, 'ztf.distnr': 0.3, 'ztf.magnr': 20 }, true],
  ['a variable at its first detection', { ...once, 'ztf.distnr': 0.3 }, false],
  ['a flare on a bright star', { ...once, 'ztf.distnr': 0.3, 'rate.upper_rate': -1.5 }, true],
  ['a slower change of a star', { ...once, 'ztf.distnr': 0.3, 'rate.upper_rate': -1.4 }, false],
  ['fainter than the reference', { is_positive: false }, false],
  ['a bad pixel', { 'ztf.nbad': 1 }, false],
  ['bogus', { 'ztf.drb': 0.69 }, false],
  ['a known moving object', { 'solar_system.class': 'known' }, false],
  ['a candidate that stayed', { 'solar_system.class': 'candidate' }, true]
]

test.each(cases)('%s', (_, change, kept) => {
  const alert = Object.entries({ ...source, ...change }).map(([name, value]) => [name, [value]])
  expect(keptRows(filter, 'ztf', Object.fromEntries(alert))).toEqual(kept ? [0] : [])
})

test('LSST: its first source names the object, and must be in the packet and young', () => {
  const object = {
    mjd: 60_000,
    'detections.n_survey': 1,
    'detections.age': 0,
    ...Object.fromEntries(FLAGS.map((name) => [name, true])),
    'lsst.diaSource.templateFlux': 20,
    'lsst.diaSource.templateFluxErr': 30,
    'solar_system.class': 'first-seen',
    is_positive: true,
    ra: 270,
    dec: 60,
    mag: 23,
    flux: 2270,
    'lsst.diaSource.reliability': 0.9,
    'lsst.diaSource.diaObjectId': 700n as bigint | null,
    history_id: [700n],
    history_mjd: [60_000]
  }
  const seen = (...days: number[]) => ({
    history_id: days.map((_, i) => 700n + BigInt(i)),
    history_mjd: days.map((day) => 60_000 - day),
    'detections.age': Math.max(...days)
  })
  const kept = (change: Partial<typeof object>) => {
    const alert = Object.entries({ ...object, ...change }).map(([name, value]) => [name, [value]])
    return keptRows(filter, 'lsst', Object.fromEntries(alert)).length === 1
  }
  expect(kept({})).toBe(true)
  expect(kept(seen(1.5, 1, 0))).toBe(true)
  expect(kept(seen(2.5, 1, 0))).toBe(false)
  // The one real packet of this kind: nDiaSources is 1, and the object is of an older night.
  expect(kept({ 'lsst.diaSource.diaObjectId': 690n })).toBe(false)
  expect(kept({ ...seen(1, 0), 'lsst.diaSource.diaObjectId': 690n })).toBe(false)
  expect(kept({ 'lsst.diaSource.diaObjectId': 0n })).toBe(false)
  expect(kept({ 'lsst.diaSource.diaObjectId': null })).toBe(false)
})
