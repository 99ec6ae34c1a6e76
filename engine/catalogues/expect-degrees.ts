import { UsageError } from '../errors.ts'

const FEW = 100
const WIDE = 90

/**
 * Whether places can be in degrees. What may as well be a part of the sky is told, not refused.
 * @param what as messages call it. @param ra NaN for none
 * @throws UsageError for radians all over the sky
 */
export function expectDegrees(
  what: string,
  { ra, dec }: { readonly ra: Float64Array; readonly dec: Float64Array },
  warn: (message: string) => void
): void {
  const [east, north] = [rangeOf(ra), rangeOf(dec)]
  if (east.count < FEW) return
  const isSmall = east.low >= -Math.PI && east.high <= 2 * Math.PI
  if (isSmall && Math.max(-north.low, north.high) <= Math.PI / 2) {
    const doubt = `${what}: all places are within ra 6.3 and dec 1.6: is it in radians? Degrees are wanted`
    if (east.high - east.low > 6 && Math.max(-north.low, north.high) > 1.3)
      throw new UsageError(doubt)
    warn(doubt)
  } else if (
    east.low >= 0 &&
    east.high <= 24 &&
    east.high - east.low > 12 &&
    north.high - north.low > WIDE
  ) {
    warn(`${what}: no ra is above 24, on all of the sky: are these hours? Degrees are wanted`)
  }
}

function rangeOf(values: Float64Array) {
  let [low, high, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]
  for (const value of values) {
    if (Number.isNaN(value)) continue
    low = Math.min(low, value)
    high = Math.max(high, value)
    count++
  }
  return { low, high, count }
}
