import { expect, test } from 'vitest'
import { readersFrom } from '#test'
import type { Block, Needs, Survey } from '#contract'
import { erupts, fixed, sound, wanders } from './blocks.ts'

/** Columns of the flags of LSST that `sound` asks for. */
const FLAGS = Object.values(sound.requires)
  .map(({ column }) => column)
  .filter((column) => column.startsWith('quality.lsst.'))

function isTrue<N extends Needs>(block: Block<N>, survey: Survey, alert: Record<string, unknown>) {
  const columns = Object.fromEntries(Object.entries(alert).map(([name, value]) => [name, [value]]))
  return block.test({ rows: 1, survey, columns: readersFrom(block.requires, columns) })(0)
}

const clean = {
  ...Object.fromEntries(FLAGS.map((name) => [name, true])),
  'lsst.diaSource.reliability': 0.3 as number | null
}

test('LSST: sound whatever its sign and S/N, by flags of flux and place and by reliability', () => {
  const faint = { ...clean, 'quality.pass': false, 'quality.lsst.shape_flag': false }
  expect(isTrue(sound, 'lsst', { ...faint, flux: -1000, flux_err: 200 })).toBe(true)
  expect(isTrue(sound, 'lsst', { ...clean, 'lsst.diaSource.reliability': 0.29 })).toBe(false)
  expect(isTrue(sound, 'lsst', { ...clean, 'lsst.diaSource.reliability': null })).toBe(false)
})

test.each(FLAGS)('LSST: %s set, or not known, is not sound', (name) => {
  expect(isTrue(sound, 'lsst', { ...clean, [name]: false })).toBe(false)
  expect(isTrue(sound, 'lsst', { ...clean, [name]: null })).toBe(false)
})

/** Seen once, near the ecliptic, surely real. */
const once = {
  'detections.age': 0,
  ra: 0,
  dec: 0,
  'ztf.drb': 0.95,
  'lsst.diaSource.reliability': 0.95,
  mag: 20,
  flux: 2000,
  flux_err: 300
}
function blocks(survey: Survey, change: Record<string, unknown>) {
  const alert = { ...once, ...change }
  return [
    isTrue(fixed, survey, alert),
    isTrue(wanders, survey, alert),
    isTrue(erupts, survey, alert)
  ]
}

test('where it cannot be said what lies there nothing is concluded from it', () => {
  expect(blocks('lsst', {})).toEqual([false, false, false])
  expect(blocks('ztf', {})).toEqual([false, false, false])
})

test('on nothing: it may move, and erupts', () => {
  const template = {
    'lsst.diaSource.templateFlux': 499,
    'lsst.diaSource.templateFluxErr': 100,
    'lsst.diaSource.scienceFlux': 9000
  }
  expect(blocks('lsst', template)).toEqual([false, true, true])
  expect(blocks('lsst', { 'lsst.diaSource.scienceFlux': 3499 })).toEqual([false, true, true])
  expect(blocks('ztf', { 'ztf.distnr': 9 })).toEqual([false, true, true])
})

test('on a star that outshines it: it does not move, and varies', () => {
  const template = { 'lsst.diaSource.templateFlux': 9000, 'lsst.diaSource.templateFluxErr': 100 }
  expect(blocks('lsst', template)).toEqual([true, false, false])
  expect(blocks('ztf', { 'ztf.distnr': 0.3, 'ztf.magnr': 18 })).toEqual([true, false, false])
})

test('without a template the science image tells what lies there: diaSource 7912941781254298', () => {
  const real = { flux: -1230.28, flux_err: 245.94, 'lsst.diaSource.scienceFlux': 44_312.78 }
  expect(blocks('lsst', real)).toEqual([true, false, false])
  const burst = { flux: 9000, flux_err: 300, 'lsst.diaSource.scienceFlux': 11_000 }
  expect(blocks('lsst', burst)).toEqual([true, false, true])
})
