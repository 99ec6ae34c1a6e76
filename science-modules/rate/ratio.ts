import { below, density, logMoments, newPoints, spread, uniformLogMoments } from './belief.ts'
import type { Belief, Points } from './belief.ts'

/** Of x = ln(current flux / previous flux): mean, standard deviation, 5 % and 95 % quantiles. */
export interface LogRatio {
  readonly mean: number
  readonly sigma: number
  readonly q05: number
  readonly q95: number
}

const NORMAL_95 = 1.6449
const STEPS_MAX = 40
const TOLERANCE = 1e-7

const current = newPoints()
const previous = newPoints()

/** How likely the ratio is below exp(x), and how fast that grows with x. */
interface Chance {
  chance: number
  slope: number
}

/**
 * The distribution of ln(now / before) for two independent beliefs, by quadrature: the narrower one is
 * spread over nodes, the other enters through its distribution function. Quantiles from an upper limit
 * need no nodes. `now` must be a detection.
 */
export function logRatio(now: Belief, before: Belief): LogRatio {
  const upperLimit = before.sigma === 0
  spread(now, current)
  if (!upperLimit) spread(before, previous)
  const a = logMoments(now, current)
  const b = upperLimit ? uniformLogMoments(before.flux) : logMoments(before, previous)
  const mean = a.mean - b.mean
  const sigma = Math.sqrt(a.variance + b.variance)
  const chance = chooser(now, before, upperLimit)
  return {
    mean,
    sigma,
    q05: solve(chance, 0.05, mean - NORMAL_95 * sigma, sigma),
    q95: solve(chance, 0.95, mean + NORMAL_95 * sigma, sigma)
  }
}

function chooser(now: Belief, before: Belief, upperLimit: boolean): (x: number) => Chance {
  if (upperLimit) return (x) => overUniform(now, before.flux, Math.exp(x))
  const previousIsNarrower = before.sigma * now.flux < now.sigma * before.flux
  return previousIsNarrower
    ? (x) => overPrevious(now, previous, Math.exp(x))
    : (x) => overCurrent(current, before, Math.exp(x))
}

/** P(now < ratio * before), summed over points of `before`. */
function overPrevious(now: Belief, { points, share }: Points, ratio: number): Chance {
  const zero = -now.flux / now.sigma
  const excluded = below(zero, density(zero))
  let chance = 0
  let slope = 0
  for (let k = 0; k < points.length; k++) {
    const step = (ratio * points[k]!) / now.sigma
    const p = density(zero + step)
    chance += share[k]! * (below(zero + step, p) - excluded)
    slope += share[k]! * p * step
  }
  return { chance: chance / (1 - excluded), slope: slope / (1 - excluded) }
}

/** P(before > now / ratio), summed over points of `now`. */
function overCurrent({ points, share }: Points, before: Belief, ratio: number): Chance {
  const zero = -before.flux / before.sigma
  const excluded = below(zero, density(zero))
  let chance = 0
  let slope = 0
  for (let k = 0; k < points.length; k++) {
    const step = points[k]! / (ratio * before.sigma)
    const p = density(zero + step)
    chance += share[k]! * (1 - below(zero + step, p))
    slope += share[k]! * p * step
  }
  return { chance: chance / (1 - excluded), slope: slope / (1 - excluded) }
}

/** The same where `before` is uniform between 0 and a limit: the integrals over `now` have a closed form. */
function overUniform({ flux, sigma }: Belief, limit: number, ratio: number): Chance {
  const edge = ratio * limit
  const zero = -flux / sigma
  const end = (edge - flux) / sigma
  const densityAtZero = density(zero)
  const densityAtEnd = density(end)
  const excluded = below(zero, densityAtZero)
  const inside = below(end, densityAtEnd) - excluded
  const part = (flux * inside - sigma * (densityAtEnd - densityAtZero)) / edge
  return { chance: (inside - part) / (1 - excluded), slope: part / (1 - excluded) }
}

/** Newton's method for chance(x) = target, kept inside a shrinking bracket. */
function solve(
  chanceAt: (x: number) => Chance,
  target: number,
  start: number,
  sigma: number
): number {
  let low = start - 30 * sigma
  let high = start + 30 * sigma
  let x = start
  for (let step = 0; step < STEPS_MAX; step++) {
    const { chance, slope } = chanceAt(x)
    if (chance < target) low = x
    else high = x
    const newton = x - (chance - target) / slope
    const next = newton > low && newton < high ? newton : (low + high) / 2
    if (Math.abs(next - x) < TOLERANCE * sigma) return next
    x = next
  }
  return x
}
