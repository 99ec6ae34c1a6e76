import { expect, test } from 'vitest'
import { fluxErrFromMag, fluxFromMag } from '#contract'
import { runModule } from '#test'
import features from './module.ts'
import { logNormalTail } from './normal.ts'
import { quantile, sortFirst } from './order.ts'

interface Point {
  mjd: number
  mag: number
  err?: number
  band?: string
  sign?: 1 | -1
  ref?: number | null
  detected?: boolean
  /** No error was sent, or 0. */
  noErr?: null | 0
}

function history(points: Point[]) {
  const fluxErr = (mag: number, err: number) => fluxErrFromMag(fluxFromMag(mag), err)
  return {
    history_mjd: [points.map((p) => p.mjd)],
    history_band: [points.map((p) => p.band ?? 'g')],
    history_flux: [points.map((p) => (p.sign ?? 1) * fluxFromMag(p.mag))],
    history_flux_err: [
      points.map((p) => (p.noErr === undefined ? fluxErr(p.mag, p.err ?? 0.1) : p.noErr))
    ],
    history_detected: [points.map((p) => p.detected ?? true)],
    history_ref_flux: [points.map((p) => (p.ref ? fluxFromMag(p.ref) : null))],
    history_ref_flux_err: [points.map((p) => (p.ref ? fluxErr(p.ref, 0.02) : null))],
    'apparent.source': [points.some((p) => p.ref) ? 'reference+difference' : null]
  }
}

async function inBand(points: Point[], band: 'u' | 'g' | 'r' | 'i' | 'z' | 'y' = 'g') {
  const out = await runModule(features, 'ztf', history(points))
  const first = Object.entries(out[band]).map(([name, values]) => [name, values[0] ?? null])
  return { ...Object.fromEntries(first), status: out.status?.[0] } as Record<string, number | null>
}

const hump = [17, 18, 19, 18].map((mag, mjd) => ({ mjd, mag }))

test('every feature of four points, by hand', async () => {
  const g = await inBand(hump)
  const expected: Record<string, number> = {
    mean: 18,
    weighted_mean: 18,
    standard_deviation: Math.sqrt(2 / 3),
    median: 18,
    amplitude: 1,
    beyond_1_std: 0.5,
    cusum: 1 / (4 * Math.sqrt(2 / 3)),
    inter_percentile_range_10: 2,
    kurtosis: 1.5,
    linear_trend: 0.4,
    linear_trend_sigma: Math.sqrt(0.12),
    linear_trend_noise: Math.sqrt(0.6),
    linear_fit_slope: 0.4,
    linear_fit_slope_sigma: 0.1 / Math.sqrt(5),
    linear_fit_reduced_chi2: 60,
    magnitude_percentage_ratio_40_5: 0,
    magnitude_percentage_ratio_20_10: 0.7,
    maximum_slope: 1,
    median_absolute_deviation: 0.5,
    median_buffer_range_percentage_10: 0.5,
    percent_amplitude: 1,
    mean_variance: Math.sqrt(2 / 3) / 18,
    anderson_darling_normal: 0.124_202_5,
    chi2: 200 / 3,
    skew: 0,
    stetson_K: Math.SQRT1_2
  }
  for (const [name, value] of Object.entries(expected)) {
    expect(g[name], name).toBeCloseTo(value, name === 'anderson_darling_normal' ? 7 : 9)
  }
})

test('weights: the better point counts four times', async () => {
  const g = await inBand([
    { mjd: 0, mag: 18, err: 0.1 },
    { mjd: 1, mag: 19, err: 0.2 }
  ])
  expect(g['weighted_mean']).toBeCloseTo(18.2, 10)
  expect(g['chi2']).toBeCloseTo(4 + 16, 8)
  expect(g['stetson_K']).toBeCloseTo((2 + 4) / Math.sqrt(2 * 20), 10)
  expect([g['linear_trend'], g['skew'], g['kurtosis']]).toEqual([null, null, null])
})

test('one point has a level and no spread', async () => {
  const g = await inBand([{ mjd: 0, mag: 18 }])
  expect(g['mean']).toBeCloseTo(18, 12)
  const { mean, weighted_mean, median, status, ...spreads } = g
  expect([weighted_mean, median, status]).toEqual([mean, mean, 'ok'])
  expect(Object.keys(spreads)).toHaveLength(23)
  for (const [name, value] of Object.entries(spreads)) expect(value, name).toBeNull()
})

test('a flat curve has no shape', async () => {
  const g = await inBand([0, 1, 2, 3, 4, 5, 6].map((mjd) => ({ mjd, mag: 18.1 })))
  expect([g['standard_deviation'], g['amplitude'], g['linear_trend'], g['chi2']]).toEqual([
    0, 0, 0, 0
  ])
  for (const name of ['cusum', 'skew', 'kurtosis', 'stetson_K', 'anderson_darling_normal']) {
    expect(g[name], name).toBeNull()
  }
})

test('upper limits do not count, and bands are apart', async () => {
  const points = [
    { mjd: 0, mag: 18 },
    { mjd: 1, mag: 21, detected: false },
    { mjd: 2, mag: 16, band: 'r' },
    { mjd: 3, mag: 19 }
  ]
  expect((await inBand(points))['mean']).toBeCloseTo(18.5, 10)
  expect((await inBand(points, 'r'))['mean']).toBeCloseTo(16, 10)
  expect((await inBand(points, 'i'))['mean']).toBeNull()
})

test.each([null, 0] as const)(
  'a point whose error is %s counts where no error is needed',
  async (noErr) => {
    const others = [
      { mjd: 1, mag: 18.5 },
      { mjd: 2, mag: 18.6, err: 0.2 },
      { mjd: 4, mag: 18.9 }
    ]
    const g = await inBand([{ mjd: 0, mag: 17, noErr }, ...others])
    const all = await inBand([{ mjd: 0, mag: 17 }, ...others])
    const without = await inBand(others)
    const weighted = [
      'weighted_mean',
      'linear_fit_slope',
      'linear_fit_slope_sigma',
      'linear_fit_reduced_chi2',
      'chi2',
      'stetson_K'
    ]
    for (const name of Object.keys(all)) {
      expect(g[name], name).toBe((weighted.includes(name) ? without : all)[name])
    }
    expect([g['mean'], g['amplitude']].map((v) => v?.toFixed(6))).toEqual(['18.250000', '0.950000'])
  }
)

test('a curve without any error has a level and a spread, and nothing weighted', async () => {
  const g = await inBand([0, 1, 2].map((mjd) => ({ mjd, mag: 18 + mjd, noErr: null })))
  expect([g['mean']?.toFixed(6), g['amplitude']?.toFixed(6), g['status']]).toEqual([
    '19.000000',
    '1.000000',
    'ok'
  ])
  expect([g['weighted_mean'], g['chi2'], g['linear_fit_slope'], g['stetson_K']]).toEqual([
    null,
    null,
    null,
    null
  ])
})

test('a ratio of quantiles is null where its denominator is 0, also of a curve that is not flat', async () => {
  const points = Array.from({ length: 30 }, (_, mjd) => ({ mjd, mag: mjd === 7 ? 17 : 18 }))
  const g = await inBand(points)
  expect(g['amplitude']).toBeCloseTo(0.5, 12)
  expect(g['magnitude_percentage_ratio_40_5']).toBeNull()
  expect(g['magnitude_percentage_ratio_20_10']).toBeNull()
})

test('of two points at one time the later entry counts', async () => {
  const g = await inBand([
    { mjd: 0, mag: 18 },
    { mjd: 1, mag: 17 },
    { mjd: 1, mag: 19 }
  ])
  expect(g['mean']).toBeCloseTo(18.5, 10)
  expect(g['maximum_slope']).toBeCloseTo(1, 10)
})

test('on a reference source the magnitudes are those of the object', async () => {
  const g = await inBand([
    { mjd: 0, mag: 18, sign: 1, ref: 18 },
    { mjd: 1, mag: 18.7526, sign: -1, ref: 18 }
  ])
  expect(g['amplitude']).toBeCloseTo((5 * Math.log10(2)) / 2, 4)
})

test('a point without reference magnitude, or below zero, is left out there', async () => {
  const g = await inBand([
    { mjd: 0, mag: 18, ref: 18 },
    { mjd: 1, mag: 18, ref: null },
    { mjd: 2, mag: 17, sign: -1, ref: 18 }
  ])
  expect(g['mean']).toBeCloseTo(18 - 2.5 * Math.log10(2), 10)
  expect(g['amplitude']).toBeNull()
})

test('an empty history is too short', async () => {
  const none = await inBand([{ mjd: 0, mag: 18, detected: false }])
  expect([none['mean'], none['status']]).toEqual([null, 'too-short'])
})

test('a long curve grows its memory and keeps its order', async () => {
  const points = Array.from({ length: 500 }, (_, i) => ({ mjd: i, mag: 18 + (i % 2) }))
  const g = await inBand(points)
  expect(g['mean']).toBeCloseTo(18.5, 9)
  expect(g['median']).toBeCloseTo(18.5, 9)
  expect(g['median_absolute_deviation']).toBeCloseTo(0.5, 9)
})

test('Hazen quantiles', () => {
  const values = new Float64Array([4, 1, 3, 2, 9])
  sortFirst(values, 4)
  expect([...values]).toEqual([1, 2, 3, 4, 9])
  const at = (p: number) => quantile(values, 4, p)
  expect([at(0.05), at(0.25), at(0.5), at(0.9)]).toEqual([1, 1.5, 2.5, 4])
})

test('the tail of the normal distribution', () => {
  const tail = (z: number) => Math.exp(logNormalTail(z))
  expect(tail(0)).toBeCloseTo(0.5, 14)
  expect(tail(1.959_963_984_540_054) / 0.025).toBeCloseTo(1, 12)
  expect(tail(5) / 2.866_515_718_791_94e-7).toBeCloseTo(1, 10)
  expect(tail(8) / 6.220_960_574_271_78e-16).toBeCloseTo(1, 7)
  // ln of the asymptotic series, exp(-z^2/2) / (z sqrt(2 pi)) (1 - 1/z^2 + 3/z^4).
  const far = -(44.7 ** 2) / 2 - Math.log(44.7 * Math.sqrt(2 * Math.PI)) - 1 / 44.7 ** 2
  expect(logNormalTail(44.7)).toBeCloseTo(far, 5)
})

test.each([2000, 100_000])('every feature of %s points is finite, one far off', async (n) => {
  for (const far of [17, 19]) {
    const points = Array.from({ length: n }, (_, i) => ({ mjd: i, mag: i === n >> 1 ? far : 18 }))
    const g = await inBand(points)
    const { status, ...values } = g
    expect(status).toBe('ok')
    // All points but one are equal, and so are the inner quantiles.
    const { magnitude_percentage_ratio_40_5, magnitude_percentage_ratio_20_10, ...rest } = values
    expect([magnitude_percentage_ratio_40_5, magnitude_percentage_ratio_20_10]).toEqual([
      null,
      null
    ])
    for (const [name, value] of Object.entries(rest)) expect(value, name).toBeTypeOf('number')
    // n - 1 points at -1/sqrt(n) and one at (n - 1)/sqrt(n) deviations, summed by hand.
    expect(g['anderson_darling_normal']).toBeCloseTo(oneFarOff(n), n > 1e4 ? 2 : 5)
  }
})

/** A^2 (1 + 4/n - 25/n^2) of n - 1 equal points and one apart. */
function oneFarOff(n: number): number {
  const scale = 1 / Math.sqrt(n)
  const most = logNormalTail(scale)
  const few = Math.log1p(-Math.exp(most))
  let sum = logNormalTail((n - 1) * scale)
  for (let i = 0; i < n - 1; i++) sum += (2 * i + 1) * most + (2 * (n - i) - 1) * few
  return (-n - sum / n) * (1 + 4 / n - 25 / (n * n))
}
