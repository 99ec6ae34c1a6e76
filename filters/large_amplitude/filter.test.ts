import { expect, test } from 'vitest'
import { keptRows } from '#test'
import filter from './filter.ts'

const alerts = {
  'features.g.amplitude': [0.5, 0.49, 0.9, null, 0.9, 0.9],
  'detections.g.n_detections': [5, 20, 4, 9, 9, 9],
  'features.y.amplitude': [null, null, null, 0.7, null, null],
  'detections.y.n_detections': [0, 0, 0, 5, 0, 0],
  'quality.pass': [true, true, true, true, false, true],
  'ztf.nbad': [0, 0, 0, 0, 1, 0],
  'ztf.rb': [0.9, 0.9, 0.9, 0.9, 0.9, 0.9],
  'solar_system.class': ['none', 'none', 'none', 'none', 'none', 'known'],
  'ztf.drb': [0.9, 0.9, 0.9, 0.9, 0.9, 0.9],
  'lsst.diaSource.reliability': [0.9, 0.9, 0.9, 0.9, 0.9, 0.9]
}

test.each(['ztf', 'lsst'] as const)(
  'a magnitude of range over five detections of a band: %s',
  (survey) => {
    expect(keptRows(filter, survey, alerts)).toEqual([0, 3])
  }
)
