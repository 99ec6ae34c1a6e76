import { expect, test } from 'vitest'
import { fluxErrFromMag, fluxFromMag } from '#contract'
import { runModule } from '#test'
import type { Belief } from './belief.ts'
import rate from './module.ts'
import { logRatio } from './ratio.ts'

const flux18 = fluxFromMag(18)

function alert(past: {
  mjd: number
  flux: number | null
  fluxErr: number | null
  limit: number | null
}) {
  return {
    mjd: [59_002],
    band: ['r'],
    flux: [flux18],
    flux_err: [fluxErrFromMag(flux18, 0.001)],
    'detections.start_mjd': [58_990],
    history_mjd: [[past.mjd, 59_001.5, 59_002]],
    history_band: [['r', 'g', 'r']],
    history_flux: [[past.flux, 1000, flux18]],
    history_flux_err: [[past.fluxErr, 100, fluxErrFromMag(flux18, 0.001)]],
    history_mag_limit: [[past.limit, 20, 20]],
    history_detected: [
      [past.flux !== null && past.fluxErr !== null && past.limit !== 0, true, true]
    ]
  }
}

test('half a magnitude brighter in two days', async () => {
  const flux = fluxFromMag(18.5)
  const past = { mjd: 59_000, flux, fluxErr: fluxErrFromMag(flux, 0.001), limit: 20 }
  const out = await runModule(rate, 'ztf', alert(past))
  expect(out.mag_rate[0]).toBeCloseTo(-0.25, 5)
  expect(out.sigma_rate[0]).toBeCloseTo((0.001 * Math.SQRT2) / 2, 6)
  expect(out.lower_rate[0]).toBeCloseTo(-0.25 - 1.644_85 * 0.000_707_1, 5)
  expect(out.upper_rate[0]).toBeCloseTo(-0.25 + 1.644_85 * 0.000_707_1, 5)
  expect([out.delta_time[0], out.from_upper[0], out.same_sign[0]]).toEqual([2, false, true])
})

test('first detection in the packet, and since the start of the survey', async () => {
  const past = { mjd: 59_000, flux: 900, fluxErr: 90, limit: 20 }
  const out = await runModule(rate, 'ztf', alert(past))
  expect([out.first_detection_mjd[0], out.jdstarthist_dt[0]]).toEqual([59_000, 10])
})

test('from an upper limit: mean 2.5 / ln 10 above the limit itself', async () => {
  const past = { mjd: 59_000, flux: null, fluxErr: null, limit: 18 }
  const out = await runModule(rate, 'ztf', alert(past))
  expect(out.mag_rate[0]).toBeCloseTo(-1.085_736 / 2, 5)
  expect(out.sigma_rate[0]).toBeCloseTo(1.085_736 / 2, 5)
  expect(out.upper_rate[0]).toBeCloseTo((2.5 * Math.log10(0.95)) / 2, 3)
  expect(out.lower_rate[0]).toBeCloseTo((2.5 * Math.log10(0.05)) / 2, 3)
  expect([out.from_upper[0], out.same_sign[0]]).toEqual([true, null])
})

test('a change of sign is told', async () => {
  const past = { mjd: 59_000, flux: -flux18, fluxErr: fluxErrFromMag(flux18, 0.001), limit: 20 }
  const out = await runModule(rate, 'ztf', alert(past))
  expect(out.mag_rate[0]).toBeCloseTo(0, 5)
  expect(out.same_sign[0]).toBe(false)
})

test('no earlier point of the band: cannot say', async () => {
  const columns = { ...alert({ mjd: 59_000, flux: 900, fluxErr: 90, limit: 20 }), band: ['i'] }
  const out = await runModule(rate, 'ztf', columns)
  expect([out.mag_rate[0], out.delta_time[0], out.from_upper[0], out.status?.[0]]).toEqual([
    null,
    null,
    null,
    'too-short'
  ])
  expect(out.first_detection_mjd[0]).toBe(59_000)
})

test('a point at the same time is no earlier point', async () => {
  const out = await runModule(
    rate,
    'ztf',
    alert({ mjd: 59_002, flux: 900, fluxErr: 90, limit: 20 })
  )
  expect(out.mag_rate[0]).toBeNull()
})

test('LSST forced photometry below 5 sigma is an upper limit of 5 deviations', async () => {
  const columns = {
    ...alert({ mjd: 59_000, flux: 12, fluxErr: flux18 / 5, limit: null }),
    history_detected: [[false, true, true]]
  }
  const out = await runModule(rate, 'lsst', columns)
  expect(out.mag_rate[0]).toBeCloseTo(-1.085_736 / 2, 5)
  expect(out.from_upper[0]).toBe(true)
})

const DRAWS = 1_000_000

/** A small seeded generator (mulberry32), and normal deviates by the polar method. */
function generator(seed: number) {
  let state = seed
  const uniform = () => {
    state = (state + 0x6d_2b_79_f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const normal = (): number => {
    for (;;) {
      const x = 2 * uniform() - 1
      const y = 2 * uniform() - 1
      const square = x * x + y * y
      if (square > 0 && square < 1) return x * Math.sqrt((-2 * Math.log(square)) / square)
    }
  }
  return { uniform, normal }
}

function monteCarlo(now: Belief, before: Belief) {
  const { uniform, normal } = generator(20_230)
  const draw = ({ flux, sigma }: Belief): number => {
    if (sigma === 0) return flux * (1 - uniform())
    for (;;) {
      const value = flux + sigma * normal()
      if (value > 0) return value
    }
  }
  const draws = Float64Array.from({ length: DRAWS }, () =>
    Math.log(draw(now) / draw(before))
  ).sort()
  const mean = draws.reduce((sum, x) => sum + x, 0) / DRAWS
  const variance = draws.reduce((sum, x) => sum + (x - mean) * (x - mean), 0) / DRAWS
  return { mean, sigma: Math.sqrt(variance), q05: draws[0.05 * DRAWS]!, q95: draws[0.95 * DRAWS]! }
}

test.each([
  ['two clear detections', { flux: 1000, sigma: 20 }, { flux: 600, sigma: 15 }],
  ['two detections at 5 sigma', { flux: 500, sigma: 100 }, { flux: 400, sigma: 80 }],
  ['the faintest ZTF sends', { flux: 360, sigma: 100 }, { flux: 400, sigma: 100 }],
  ['a faint one after a clear one', { flux: 400, sigma: 100 }, { flux: 5000, sigma: 10 }],
  ['a clear one after a faint one', { flux: 5000, sigma: 10 }, { flux: 400, sigma: 100 }],
  ['a clear one after an upper limit', { flux: 5000, sigma: 50 }, { flux: 700, sigma: 0 }],
  ['a faint one after an upper limit', { flux: 400, sigma: 100 }, { flux: 500, sigma: 0 }]
])('quadrature agrees with a million draws within 1 %%: %s', (_, now, before) => {
  const drawn = monteCarlo(now, before)
  const found = logRatio(now, before)
  for (const key of ['mean', 'sigma', 'q05', 'q95'] as const) {
    const tolerance = 0.01 * Math.max(Math.abs(drawn[key]), drawn.sigma)
    expect(Math.abs(found[key] - drawn[key]), key).toBeLessThan(tolerance)
  }
})

test.each([3, 1, 0.5, 0.3])('at S/N %d the deviation is right to 0.5 %%', (snr) => {
  const now = { flux: 100 * snr, sigma: 100 }
  for (const before of [{ flux: 5000, sigma: 10 }, now]) {
    const drawn = monteCarlo(now, before)
    const found = logRatio(now, before)
    expect(Math.abs(found.sigma / drawn.sigma - 1)).toBeLessThan(0.005)
    for (const key of ['mean', 'q05', 'q95'] as const) {
      expect(Math.abs(found[key] - drawn[key]), key).toBeLessThan(0.01 * drawn.sigma)
    }
  }
})
