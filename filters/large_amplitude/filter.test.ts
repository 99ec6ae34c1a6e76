import { expect, test } from 'vitest'
import { keptRows } from '#test'
import { sound } from '../blocks.ts'
import filter from './filter.ts'

/** Columns of the flags of LSST that `sound` asks for. */
const FLAGS = Object.values(sound.requires)
  .map(({ column }) => column)
  .filter((column) => column.startsWith('quality.lsst.'))

const alerts = {
  'features.g.amplitude': [0.5, 0.49, 0.9, null, 0.9, 0.9],
  'detections.g.n_detections': [5, 20, 4, 9, 9, 9],
  'features.y.amplitude': [null, null, null, 0.7, null, null],
  'detections.y.n_detections': [0, 0, 0, 5, 0, 0],
  ...Object.fromEntries(FLAGS.map((name) => [name, [true, true, true, true, false, true]])),
  'ztf.nbad': [0, 0, 0, 0, 1, 0],
  'ztf.rb': [0.9, 0.9, 0.9, 0.9, 0.9, 0.9],
  'solar_system.class': ['none', 'none', 'none', 'none', 'none', 'known'],
  'ztf.drb': [0.9, 0.9, 0.9, 0.9, 0.9, 0.9],
  'lsst.diaSource.reliability': [0.9, 0.9, 0.9, 0.9, 0.9, 0.9]
}

const sharp = [0, 1, 2, 3, 4, 5].map(() => 1e9)
const precise = {
  ...alerts,
  'features.g.standard_deviation': sharp.map(() => 0.4),
  'features.g.chi2': sharp,
  'features.y.standard_deviation': sharp.map(() => 0.4),
  'features.y.chi2': sharp
}

test('a magnitude of range over five detections of a band', () => {
  expect(keptRows(filter, 'ztf', alerts)).toEqual([0, 3])
  expect(keptRows(filter, 'lsst', precise)).toEqual([3])
})

test('LSST: less twice the error of a point, which is the scatter over the root of chi2', () => {
  const noisy = { ...precise, 'features.y.chi2': sharp.map(() => 15.9) } // 0.1003 mag
  expect(keptRows(filter, 'lsst', noisy)).toEqual([])
  const less = { ...precise, 'features.y.chi2': sharp.map(() => 16.1) } // 0.0997 mag
  expect(keptRows(filter, 'lsst', less)).toEqual([3])
  const silent = { ...precise, 'features.y.chi2': sharp.map(() => null) }
  expect(keptRows(filter, 'lsst', silent)).toEqual([])
})
