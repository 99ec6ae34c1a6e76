import { expect, test } from 'vitest'
import { runModule } from '#test'
import { LSST_FLAGS, applyCut } from './cuts.ts'
import quality from './module.ts'

const ztf = async (rb: number | null, nbad: number | null, magdiff: number | null) => {
  const columns = { 'ztf.rb': [rb], 'ztf.nbad': [nbad], 'ztf.magdiff': [magdiff] }
  const out = await runModule(quality, 'ztf', columns)
  return [out.pass[0], out.ztf.rb[0], out.ztf.nbad[0], out.ztf.magdiff[0]]
}

test('a ZTF alert at each limit passes', async () => {
  expect(await ztf(Math.fround(0.55), 0, Math.fround(-0.1))).toEqual([true, true, true, true])
})

test('each ZTF cut fails on its own', async () => {
  expect(await ztf(0.54, 0, 0)).toEqual([false, false, true, true])
  expect(await ztf(0.9, 1, 0)).toEqual([false, true, false, true])
  expect(await ztf(0.9, 0, 0.11)).toEqual([false, true, true, false])
})

test('a null input has a null flag and fails', async () => {
  expect(await ztf(0.9, 0, null)).toEqual([false, true, true, null])
  expect(await ztf(null, null, null)).toEqual([false, null, null, null])
})

const clean = Object.fromEntries(LSST_FLAGS.map((name) => [`lsst.diaSource.${name}`, [false]]))

test('a clean LSST alert passes at 6 sigma and not below', async () => {
  const at = await runModule(quality, 'lsst', { ...clean, flux: [600], flux_err: [100] })
  expect([at.pass[0], at.lsst.flux[0], at.lsst.snr[0], at.ztf.rb[0]]).toEqual([
    true,
    true,
    true,
    null
  ])
  const below = await runModule(quality, 'lsst', { ...clean, flux: [599], flux_err: [100] })
  expect([below.pass[0], below.lsst.flux[0], below.lsst.snr[0]]).toEqual([false, true, false])
})

test('a negative LSST difference fails both number cuts', async () => {
  const out = await runModule(quality, 'lsst', { ...clean, flux: [-900], flux_err: [100] })
  expect([out.pass[0], out.lsst.flux[0], out.lsst.snr[0]]).toEqual([false, false, false])
})

test.each(LSST_FLAGS)('LSST %s set or null fails that cut only', async (name) => {
  const column = `lsst.diaSource.${name}`
  const base = { ...clean, flux: [900], flux_err: [100] }
  const set = await runModule(quality, 'lsst', { ...base, [column]: [true] })
  expect([set.pass[0], set.lsst[name][0], set.lsst.snr[0]]).toEqual([false, false, true])
  const unknown = await runModule(quality, 'lsst', { ...base, [column]: [null] })
  expect([unknown.pass[0], unknown.lsst[name][0]]).toEqual([false, null])
})

test('a cut that is off keeps its flag and leaves pass alone', () => {
  const pass = [true]
  const cut = { name: 'rb', on: false, passes: (rb: number) => rb >= 0.55 }
  expect(applyCut(cut, () => 0.1, pass)).toEqual([false])
  expect(pass).toEqual([true])
})
