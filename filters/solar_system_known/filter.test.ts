import { expect, test } from 'vitest'
import { keptRows } from '#test'
import filter from './filter.ts'

const alerts = {
  'quality.pass': [true, true, true, false, null],
  'solar_system.class': ['known', 'candidate', null, 'known', 'known']
}

test.each(['ztf', 'lsst'] as const)('keeps known objects of good quality: %s', (survey) => {
  expect(keptRows(filter, survey, alerts)).toEqual([0])
})
