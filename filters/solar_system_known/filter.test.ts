import { expect, test } from 'vitest'
import { keptRows } from '#test'
import { sound } from '../blocks.ts'
import filter from './filter.ts'

/** Columns of the flags of LSST that `sound` asks for. */
const FLAGS = Object.values(sound.requires)
  .map(({ column }) => column)
  .filter((column) => column.startsWith('quality.lsst.'))

const classes = ['known', 'candidate', null, 'known', 'known']

test('ZTF: keeps known objects without a bad pixel', () => {
  const alerts = {
    'solar_system.class': classes,
    'ztf.nbad': [0, 0, 0, 1, null],
    'ztf.rb': [0.3, 0.9, 0.9, 0.9, 0.9]
  }
  expect(keptRows(filter, 'ztf', alerts)).toEqual([0])
})

test('LSST: keeps known objects without a flag of flux or place, faint ones too', () => {
  const alerts = {
    'solar_system.class': classes,
    ...Object.fromEntries(FLAGS.map((name) => [name, classes.map(() => true)])),
    'quality.lsst.pixelFlags_bad': [true, true, true, false, null],
    'quality.pass': classes.map(() => false),
    'lsst.diaSource.reliability': classes.map(() => 0.9)
  }
  expect(keptRows(filter, 'lsst', alerts)).toEqual([0])
})
