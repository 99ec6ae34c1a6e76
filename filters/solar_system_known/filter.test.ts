import { expect, test } from 'vitest'
import { keptRows } from '#test'
import filter from './filter.ts'

const classes = ['known', 'candidate', null, 'known', 'known']

test('ZTF: keeps known objects without a bad pixel', () => {
  const alerts = {
    'solar_system.class': classes,
    'ztf.nbad': [0, 0, 0, 1, null],
    'ztf.rb': [0.3, 0.9, 0.9, 0.9, 0.9]
  }
  expect(keptRows(filter, 'ztf', alerts)).toEqual([0])
})

test('LSST: keeps known objects that pass every quality cut', () => {
  const alerts = { 'solar_system.class': classes, 'quality.pass': [true, true, true, false, null] }
  expect(keptRows(filter, 'lsst', alerts)).toEqual([0])
})
