import { expect, test } from 'vitest'
import { keptRows } from '#test'
import filter from './filter.ts'

const alerts = {
  'history.n_survey': [1, 2, null, 1, 1, 1, 1],
  is_positive: [true, true, true, false, true, true, true],
  'quality.pass': [true, true, true, true, false, true, true],
  'solar_system.class': ['none', 'none', 'none', 'none', 'none', 'candidate', 'known'],
  'ztf.drb': [0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9],
  'lsst.diaSource.reliability': [0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]
}

test.each(['ztf', 'lsst'] as const)(
  'keeps first, positive, good detections of no known object: %s',
  (survey) => {
    expect(keptRows(filter, survey, alerts)).toEqual([0, 5])
  }
)
