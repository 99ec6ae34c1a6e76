import { AT } from './catalogue.ts'
import { logNormalTail } from './normal.ts'

const INSERTION_MAX = 48

/** Sorts the first `n` values in place: insertion for the usual short curve. */
export function sortFirst(values: Float64Array, n: number): void {
  if (n > INSERTION_MAX) {
    values.subarray(0, n).sort()
    return
  }
  for (let i = 1; i < n; i++) {
    const value = values[i]!
    let j = i
    for (; j > 0 && values[j - 1]! > value; j--) values[j] = values[j - 1]!
    values[j] = value
  }
}

/** Hazen quantile of n sorted values: position p n + 1/2, counted from 1. */
export function quantile(sorted: Float64Array, n: number, p: number): number {
  const position = p * n - 0.5
  if (position <= 0) return sorted[0]!
  if (position >= n - 1) return sorted[n - 1]!
  const below = Math.floor(position)
  return sorted[below]! + (position - below) * (sorted[below + 1]! - sorted[below]!)
}

/** Features of the sorted magnitudes. `out` must already hold the mean and the standard deviation. */
export function orderFeatures(sorted: Float64Array, n: number, out: Float64Array): void {
  const min = sorted[0]!
  const max = sorted[n - 1]!
  const median = quantile(sorted, n, 0.5)
  out[AT.median] = median
  if (n < 2) return
  const amplitude = (max - min) / 2
  const inner = quantile(sorted, n, 0.9) - quantile(sorted, n, 0.1)
  out[AT.amplitude] = amplitude
  out[AT.inter_percentile_range_10] = inner
  out[AT.percent_amplitude] = Math.max(max - median, median - min)
  out[AT.median_absolute_deviation] = medianDeviation(sorted, n, median)
  out[AT.median_buffer_range_percentage_10] = near(sorted, n, median, amplitude / 10) / n
  const outer = quantile(sorted, n, 0.95) - quantile(sorted, n, 0.05)
  out[AT.magnitude_percentage_ratio_40_5] =
    (quantile(sorted, n, 0.6) - quantile(sorted, n, 0.4)) / outer
  out[AT.magnitude_percentage_ratio_20_10] =
    (quantile(sorted, n, 0.8) - quantile(sorted, n, 0.2)) / inner
  if (n >= 4 && max > min) {
    out[AT.anderson_darling_normal] = andersonDarling(
      sorted,
      n,
      out[AT.mean]!,
      out[AT.standard_deviation]!
    )
  }
}

function near(sorted: Float64Array, n: number, median: number, buffer: number): number {
  let count = 0
  for (let i = 0; i < n; i++) if (Math.abs(sorted[i]! - median) < buffer) count++
  return count
}

/** The deviations in ascending order are a merge of the two sides: walk outward to the middle one. */
function medianDeviation(sorted: Float64Array, n: number, median: number): number {
  let left = (n - 1) >> 1
  let right = left + 1
  let last = 0
  let beforeLast = 0
  for (let taken = 0; taken <= n >> 1; taken++) {
    const down = left >= 0 ? median - sorted[left]! : Number.POSITIVE_INFINITY
    const up = right < n ? sorted[right]! - median : Number.POSITIVE_INFINITY
    beforeLast = last
    if (down <= up) {
      last = down
      left--
    } else {
      last = up
      right++
    }
  }
  return n % 2 === 1 ? last : (last + beforeLast) / 2
}

function andersonDarling(sorted: Float64Array, n: number, mean: number, deviation: number): number {
  let sum = 0
  for (let i = 0; i < n; i++) {
    const z = (sorted[i]! - mean) / deviation
    const tail = logNormalTail(Math.abs(z))
    const rest = Math.log1p(-Math.exp(tail))
    const below = z < 0 ? tail : rest
    const above = z < 0 ? rest : tail
    sum += (2 * i + 1) * below + (2 * (n - i) - 1) * above
  }
  return (-n - sum / n) * (1 + 4 / n - 25 / (n * n))
}
