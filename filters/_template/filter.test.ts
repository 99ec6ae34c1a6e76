import { expect, test } from 'vitest'
import { keptRows } from '#test'
import filter from './filter.ts'

test('keeps bright, good, unmoving alerts; a null is not kept', () => {
  const alerts = {
    flux: [2e5, 5e4, null, 2e5, 2e5],
    'quality.pass': [true, true, true, false, true],
    'solar_system.class': ['none', 'none', 'none', 'none', 'known']
  }
  expect(keptRows(filter, 'ztf', alerts)).toEqual([0])
})
