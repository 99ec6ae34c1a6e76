import { AT } from './catalogue.ts'

/** Straight line without weights: slope, its error from the scatter, and the scatter. */
export function trendFeatures(
  t: Float64Array,
  m: Float64Array,
  n: number,
  out: Float64Array
): void {
  if (n >= 2) out[AT.maximum_slope] = steepest(t, m, n)
  if (n < 3) return
  const mean = out[AT.mean]!
  let time = 0
  for (let i = 0; i < n; i++) time += t[i]! - t[0]!
  time = t[0]! + time / n
  let tt = 0
  let tm = 0
  for (let i = 0; i < n; i++) {
    tt += (t[i]! - time) * (t[i]! - time)
    tm += (t[i]! - time) * (m[i]! - mean)
  }
  const slope = tm / tt
  let chi2 = 0
  for (let i = 0; i < n; i++) {
    const residual = m[i]! - mean - slope * (t[i]! - time)
    chi2 += residual * residual
  }
  out[AT.linear_trend] = slope
  out[AT.linear_trend_sigma] = Math.sqrt(chi2 / (n - 2) / tt)
  out[AT.linear_trend_noise] = Math.sqrt(chi2 / (n - 2))
}

function steepest(t: Float64Array, m: Float64Array, n: number): number {
  let most = 0
  for (let i = 1; i < n; i++) {
    most = Math.max(most, Math.abs((m[i]! - m[i - 1]!) / (t[i]! - t[i - 1]!)))
  }
  return most
}

/** Everything weighted by 1 / e^2, of n points with an error: mean, chi squared, Stetson K and the straight line. */
export function weightedFeatures(
  t: Float64Array,
  m: Float64Array,
  e: Float64Array,
  n: number,
  out: Float64Array
): void {
  if (n === 0) return
  let weight = 0
  let wm = 0
  let wt = 0
  for (let i = 0; i < n; i++) {
    const w = 1 / (e[i]! * e[i]!)
    weight += w
    wm += w * (m[i]! - m[0]!)
    wt += w * (t[i]! - t[0]!)
  }
  const mean = m[0]! + wm / weight
  const time = t[0]! + wt / weight
  out[AT.weighted_mean] = mean
  if (n < 2) return
  scatterFeatures(m, e, n, mean, out)
  if (n >= 3) lineFeatures(t, m, e, n, time, mean, out)
}

function scatterFeatures(
  m: Float64Array,
  e: Float64Array,
  n: number,
  mean: number,
  out: Float64Array
): void {
  let absolute = 0
  let square = 0
  for (let i = 0; i < n; i++) {
    const pull = (m[i]! - mean) / e[i]!
    absolute += Math.abs(pull)
    square += pull * pull
  }
  out[AT.chi2] = square / (n - 1)
  out[AT.stetson_K] = absolute / Math.sqrt(n * square)
}

function lineFeatures(
  t: Float64Array,
  m: Float64Array,
  e: Float64Array,
  n: number,
  time: number,
  mean: number,
  out: Float64Array
): void {
  let tt = 0
  let tm = 0
  for (let i = 0; i < n; i++) {
    const w = 1 / (e[i]! * e[i]!)
    tt += w * (t[i]! - time) * (t[i]! - time)
    tm += w * (t[i]! - time) * (m[i]! - mean)
  }
  const slope = tm / tt
  let chi2 = 0
  for (let i = 0; i < n; i++) {
    const pull = (m[i]! - mean - slope * (t[i]! - time)) / e[i]!
    chi2 += pull * pull
  }
  out[AT.linear_fit_slope] = slope
  out[AT.linear_fit_slope_sigma] = 1 / Math.sqrt(tt)
  out[AT.linear_fit_reduced_chi2] = chi2 / (n - 2)
}
