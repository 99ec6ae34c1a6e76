import { expect, test } from 'vitest'
import { runModule } from '#test'
import history from './module.ts'

const ztf = {
  mjd: [59_010.5],
  history_mjd: [[59_000, 59_001.25, 59_001.5, 59_008, 59_010.5]],
  history_band: [['g', 'r', 'g', 'g', 'r']],
  history_detected: [[true, true, true, false, true]],
  history_forced: [[false, false, false, false, false]],
  'ztf.ndethist': [17],
  'ztf.jdstarthist': [2_458_990.25]
}

test('counts detections, not upper limits', async () => {
  const out = await runModule(history, 'ztf', ztf)
  expect(out.n_detections[0]).toBe(4)
  expect([out.g.n_detections[0], out.r.n_detections[0], out.i.n_detections[0]]).toEqual([2, 2, 0])
  expect(out.n_forced[0]).toBe(0)
})

test('first, last, age and previous: overall and per band', async () => {
  const out = await runModule(history, 'ztf', ztf)
  expect([out.first_mjd[0], out.last_mjd[0], out.age[0], out.since_previous[0]]).toEqual([
    59_000, 59_010.5, 10.5, 9
  ])
  expect([out.r.first_mjd[0], out.r.age[0], out.r.since_previous[0]]).toEqual([
    59_001.25, 9.25, 9.25
  ])
  expect([out.g.last_mjd[0], out.g.since_previous[0]]).toEqual([59_001.5, 9])
  expect([out.z.first_mjd[0], out.z.age[0], out.z.since_previous[0]]).toEqual([null, null, null])
})

test('what the survey counts since its start', async () => {
  const out = await runModule(history, 'ztf', ztf)
  expect([out.n_survey[0], out.start_mjd[0]]).toEqual([17, 58_989.75])
})

test('a first detection has no previous one', async () => {
  const out = await runModule(history, 'ztf', {
    mjd: [59_000],
    history_mjd: [[58_999, 59_000]],
    history_band: [['r', 'r']],
    history_detected: [[false, true]],
    history_forced: [[false, false]]
  })
  expect([out.n_detections[0], out.age[0], out.since_previous[0]]).toEqual([1, 0, null])
  expect([out.n_survey[0], out.start_mjd[0]]).toEqual([null, null])
})

test('LSST forced photometry is counted apart, and TAI becomes UTC', async () => {
  const out = await runModule(history, 'lsst', {
    mjd: [61_000],
    history_mjd: [[60_990, 60_995, 61_000]],
    history_band: [['i', 'i', 'i']],
    history_detected: [[true, true, true]],
    history_forced: [[false, true, false]],
    'lsst.diaObject.nDiaSources': [2],
    'lsst.diaObject.firstDiaSourceMjdTai': [60_990 + 37 / 86_400]
  })
  expect([out.n_detections[0], out.n_forced[0], out.i.since_previous[0]]).toEqual([2, 1, 10])
  expect(out.start_mjd[0]).toBeCloseTo(60_990, 9)
})
