import { expect, test } from 'vitest'
import { runModule } from '#test'
import module from './module.ts'

const one = (mjd: number[], flux: (number | null)[], detected: boolean[]) => ({
  mjd: [mjd.at(-1)],
  history_mjd: [mjd],
  history_flux: [flux],
  history_detected: [detected]
})

test('the peak was two days ago', async () => {
  const out = await runModule(module, 'ztf', one([10, 12, 14], [50, 90, 70], [true, true, true]))
  expect([out.peak_flux[0], out.since_peak[0]]).toEqual([90, 2])
})

test('an upper limit is no peak', async () => {
  const out = await runModule(module, 'ztf', one([10, 12], [null, 40], [false, true]))
  expect([out.peak_flux[0], out.since_peak[0]]).toEqual([40, 0])
})

test('without a detection: cannot say', async () => {
  const out = await runModule(module, 'lsst', one([10], [5], [false]))
  expect([out.peak_flux[0], out.since_peak[0], out.status?.[0]]).toEqual([null, null, 'too-short'])
})
