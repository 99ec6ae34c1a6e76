import { AT } from './catalogue.ts'

/** Features of mean, spread, shape and order of arrival. */
export function momentFeatures(m: Float64Array, n: number, out: Float64Array): void {
  let sum = 0
  for (let i = 0; i < n; i++) sum += m[i]! - m[0]!
  const mean = m[0]! + sum / n
  out[AT.mean] = mean
  if (n < 2) return
  let square = 0
  let cube = 0
  let fourth = 0
  for (let i = 0; i < n; i++) {
    const d = m[i]! - mean
    square += d * d
    cube += d * d * d
    fourth += d * d * d * d
  }
  const variance = square / (n - 1)
  const deviation = Math.sqrt(variance)
  out[AT.standard_deviation] = deviation
  out[AT.mean_variance] = deviation / mean
  out[AT.beyond_1_std] = beyond(m, n, mean, deviation) / n
  if (!(variance > 0)) return
  out[AT.cusum] = cusumRange(m, n, mean) / (n * deviation)
  if (n >= 3) out[AT.skew] = (n * cube) / ((n - 1) * (n - 2) * variance * deviation)
  if (n >= 4) out[AT.kurtosis] = excessKurtosis(fourth / (variance * variance), n)
}

function beyond(m: Float64Array, n: number, mean: number, distance: number): number {
  let count = 0
  for (let i = 0; i < n; i++) if (Math.abs(m[i]! - mean) > distance) count++
  return count
}

function cusumRange(m: Float64Array, n: number, mean: number): number {
  let sum = 0
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (let i = 0; i < n; i++) {
    sum += m[i]! - mean
    if (sum < min) min = sum
    if (sum > max) max = sum
  }
  return max - min
}

function excessKurtosis(fourth: number, n: number): number {
  const scale = (n * (n + 1)) / ((n - 1) * (n - 2) * (n - 3))
  return scale * fourth - (3 * (n - 1) * (n - 1)) / ((n - 2) * (n - 3))
}
