import { NODES, WEIGHTS } from './nodes.ts'

/**
 * What one measurement says of a flux. A detection: normal with mean `flux` and deviation `sigma`,
 * restricted to positive flux. An upper limit (`sigma` 0): uniform from 0 to `flux`.
 */
export interface Belief {
  readonly flux: number
  readonly sigma: number
}

/** Mean and variance of ln(flux) under a belief. */
export interface LogMoments {
  readonly mean: number
  readonly variance: number
}

/** A belief as weighted points: `points[k]` has probability `share[k]`. */
export interface Points {
  readonly points: Float64Array
  readonly share: Float64Array
}

const REACH = 6.5
const INVERSE_SQRT_TWO_PI = 1 / Math.sqrt(2 * Math.PI)

export function newPoints(): Points {
  return { points: new Float64Array(NODES.length), share: new Float64Array(NODES.length) }
}

/**
 * Spreads a normal belief over the quadrature nodes between zero flux and 6.5 deviations. Where zero is
 * in reach the nodes are squared: they crowd there, and the logarithm's singularity is integrated too.
 */
export function spread(belief: Belief, into: Points): void {
  const zero = -belief.flux / belief.sigma
  const crowds = zero > -REACH
  const low = crowds ? zero : -REACH
  let total = 0
  for (let k = 0; k < NODES.length; k++) {
    const part = (1 + NODES[k]!) / 2
    const step = (REACH - low) * (crowds ? part * part : part)
    const z = low + step
    const share = WEIGHTS[k]! * (crowds ? part : 1) * Math.exp((-z * z) / 2)
    into.points[k] = crowds ? step * belief.sigma : belief.flux + z * belief.sigma
    into.share[k] = share
    total += share
  }
  for (let k = 0; k < NODES.length; k++) into.share[k]! /= total
}

/** Moments of ln(flux) from the points of a belief, taken about ln(belief.flux). */
export function logMoments(belief: Belief, { points, share }: Points): LogMoments {
  let mean = 0
  let square = 0
  for (let k = 0; k < points.length; k++) {
    const log = Math.log(points[k]! / belief.flux)
    mean += share[k]! * log
    square += share[k]! * log * log
  }
  return { mean: mean + Math.log(belief.flux), variance: Math.max(0, square - mean * mean) }
}

/** Moments of ln(flux) of a uniform belief from 0 to `limit`: ln(limit) - 1, and 1. */
export function uniformLogMoments(limit: number): LogMoments {
  return { mean: Math.log(limit) - 1, variance: 1 }
}

/** Standard normal density, shared by the two functions below. */
export function density(z: number): number {
  return INVERSE_SQRT_TWO_PI * Math.exp((-z * z) / 2)
}

/**
 * P(Z < z) of the standard normal with an error below 8e-8, given the density at z:
 * Abramowitz and Stegun 26.2.17.
 */
export function below(z: number, densityAtZ: number): number {
  const k = 1 / (1 + 0.231_641_9 * Math.abs(z))
  const series =
    k *
    (0.319_381_53 +
      k * (-0.356_563_782 + k * (1.781_477_937 + k * (-1.821_255_978 + k * 1.330_274_429))))
  return z > 0 ? 1 - densityAtZ * series : densityAtZ * series
}
