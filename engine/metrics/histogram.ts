/** How many values fell between the bounds of a histogram: small, and can be sent and added up. */
export interface Histogram {
  /** One more than there are bounds: the last is what is beyond all of them. */
  readonly counts: number[]
  sum: number
}

export function emptyHistogram(bounds: readonly number[]): Histogram {
  return { counts: Array.from({ length: bounds.length + 1 }, () => 0), sum: 0 }
}

/** A value that is equal to a bound is below it. */
export function observe(histogram: Histogram, bounds: readonly number[], value: number): void {
  const above = bounds.findIndex((bound) => value <= bound)
  histogram.counts[above < 0 ? bounds.length : above]!++
  histogram.sum += value
}

export function addHistogram(to: Histogram, from: Histogram): void {
  for (const [i, count] of from.counts.entries()) to.counts[i]! += count
  to.sum += from.sum
}
