import { expect, test } from 'vitest'
import { fluxErrFromMag, fluxFromMag } from '#contract'
import { runModule } from '#test'
import apparent from './module.ts'

const JY_IN_NJY = 1e9

function ztfAlert(magpsf: number, sigmapsf: number, magnr: number, sigmagnr: number, sign: 1 | -1) {
  const flux = fluxFromMag(magpsf)
  return {
    flux: [sign * flux],
    flux_err: [fluxErrFromMag(flux, sigmapsf)],
    'ztf.magnr': [magnr],
    'ztf.sigmagnr': [sigmagnr],
    'ztf.distnr': [0.4]
  }
}

test('a real ZTF alert fainter than its reference', async () => {
  const alert = ztfAlert(15.371_133_8, 0.044_493_02, 14.318_999_3, 0.016, -1)
  const out = await runModule(apparent, 'ztf', alert)
  expect(out.mag[0]).toBeCloseTo(14.837_04, 4)
  expect(out.mag_err[0]).toBeCloseTo(0.037_48, 5)
  expect((out.flux[0] ?? 0) / JY_IN_NJY / 4.218_99e-3).toBeCloseTo(1, 3)
  expect(out.source[0]).toBe('reference+difference')
})

test('a real ZTF alert brighter than its reference', async () => {
  const alert = ztfAlert(19.122_499_5, 0.156_931, 16.746_999_7, 0.016, 1)
  const out = await runModule(apparent, 'ztf', alert)
  expect(out.mag[0]).toBeCloseTo(16.631_59, 4)
  expect(out.mag_err[0]).toBeCloseTo(0.021_39, 5)
})

test('a difference as bright as the reference doubles it: 0.7526 mag brighter', async () => {
  const out = await runModule(apparent, 'ztf', ztfAlert(18, 0.1, 18, 0.1, 1))
  expect(out.mag[0]).toBeCloseTo(18 - 2.5 * Math.log10(2), 10)
  expect(out.mag_err[0]).toBeCloseTo(0.1 / Math.SQRT2, 10)
})

test('no reference source within 1.5 pixels: cannot say', async () => {
  const alert = ztfAlert(18, 0.1, 18, 0.1, 1)
  const far = await runModule(apparent, 'ztf', { ...alert, 'ztf.distnr': [1.51] })
  expect([far.flux[0], far.mag[0], far.source[0], far.status?.[0]]).toEqual([
    null,
    null,
    null,
    'not-applicable'
  ])
  const edge = await runModule(apparent, 'ztf', { ...alert, 'ztf.distnr': [1.5] })
  expect(edge.status?.[0]).toBe('ok')
  const none = await runModule(apparent, 'ztf', { ...alert, 'ztf.magnr': [null] })
  expect(none.flux[0]).toBeNull()
})

test('a reference source that is neither round nor sharp is not used', async () => {
  const alert = ztfAlert(18, 0.1, 18, 0.1, 1)
  const galaxy = { ...alert, 'ztf.chinr': [2], 'ztf.sharpnr': [1] }
  expect((await runModule(apparent, 'ztf', galaxy)).mag[0]).toBeNull()
  const star = { ...alert, 'ztf.chinr': [1], 'ztf.sharpnr': [1] }
  expect((await runModule(apparent, 'ztf', star)).mag[0]).not.toBeNull()
})

test('a negative total has a flux and no magnitude', async () => {
  const out = await runModule(apparent, 'ztf', ztfAlert(17, 0.1, 18, 0.1, -1))
  expect(out.flux[0]).toBeCloseTo(fluxFromMag(18) - fluxFromMag(17), 6)
  expect([out.mag[0], out.mag_err[0]]).toEqual([null, null])
})

test('LSST: science flux first, template plus difference without it', async () => {
  const alert = {
    flux: [300],
    flux_err: [3],
    'lsst.diaSource.templateFlux': [700]
  }
  const measured = await runModule(apparent, 'lsst', {
    ...alert,
    'lsst.diaSource.scienceFlux': [1e4],
    'lsst.diaSource.scienceFluxErr': [100]
  })
  expect([measured.mag[0], measured.source[0]]).toEqual([21.4, 'science'])
  expect(measured.mag_err[0]).toBeCloseTo(0.010_857_4, 7)
  const summed = await runModule(apparent, 'lsst', alert)
  expect([summed.flux[0], summed.flux_err[0], summed.source[0]]).toEqual([
    1000,
    3,
    'template+difference'
  ])
  const better = await runModule(apparent, 'lsst', {
    ...alert,
    'lsst.diaSource.scienceFluxErr': [2]
  })
  expect(better.flux_err[0]).toBe(2)
  expect(summed.mag[0]).toBeCloseTo(23.9, 12)
})
