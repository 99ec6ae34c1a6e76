import { expect, test } from 'vitest'
import { keptRows } from '#test'
import filter from './filter.ts'

test('keeps candidates of good quality', () => {
  const alerts = {
    'quality.pass': [true, true, true, false, null],
    'solar_system.class': ['candidate', 'known', null, 'candidate', 'candidate']
  }
  expect(keptRows(filter, 'ztf', alerts)).toEqual([0])
})

test('speaks of ZTF only', () => {
  expect(filter.surveys).toEqual(['ztf'])
})
