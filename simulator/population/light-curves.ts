import { fluxOf } from '../sky/flux.ts'
import { amplitudeFactor } from './colour.ts'
import type { Colours } from './colour.ts'
import type { LightCurve } from './objects.ts'
import { Rng, keyOf, uniformAt } from '../sky/random.ts'

const TURN = 2 * Math.PI

/** Magnitude change (positive is fainter) against time, for amplitude 1 in r. */
export type Wave = (mjd: number) => number

/** The difference flux of a star whose magnitude is `mean + amplitude * wave`. */
export function variable(colours: Colours, amplitude: number, inG: number, wave: Wave): LightCurve {
  return (band, mjd) => {
    const change = amplitude * amplitudeFactor(band, inG) * wave(mjd)
    return fluxOf(colours[band]) * (Math.pow(10, -0.4 * change) - 1)
  }
}

export function sinusoid(period: number, phase: number): Wave {
  return (mjd) => 0.5 * Math.sin(TURN * (mjd / period + phase))
}

/** Sinusoid with a second harmonic: long-period variables. */
export function twoHarmonics(period: number, phase: number, second: number): Wave {
  return (mjd) => {
    const x = TURN * (mjd / period + phase)
    return 0.5 * (Math.sin(x) + second * Math.sin(2 * x + 1))
  }
}

/** Fourier shapes of RR Lyrae stars, as in LIA (Godines et al. 2019): relative amplitudes and phases of four harmonics. */
const RR_SHAPES = {
  ab: { ratios: [1, 0.4231, 0.3079, 0.1945], phases: [0, 3.962, 8.201, 6.26], span: 2.3 },
  c: { ratios: [1, 0.174, 0.0807, 0.034], phases: [0, 4.598, 2.881, 1.983], span: 2.05 }
} as const

export function rrLyrae(type: 'ab' | 'c', period: number, phase: number): Wave {
  const { ratios, phases, span } = RR_SHAPES[type]
  return (mjd) => {
    const x = TURN * (mjd / period + phase)
    let sum = 0
    for (let k = 0; k < 4; k++) sum += (ratios[k] ?? 0) * Math.cos((k + 1) * x + (phases[k] ?? 0))
    return sum / span
  }
}

/** Detached eclipses: two dips, gaussian in phase; the second is `ratio` as deep. */
export function detached(period: number, phase: number, width: number, ratio: number): Wave {
  const dip = (x: number): number => Math.exp(-0.5 * (x / width) ** 2)
  return (mjd) => {
    const x = (((mjd / period + phase) % 1) + 1) % 1
    return dip(Math.min(x, 1 - x)) + ratio * dip(Math.abs(x - 0.5))
  }
}

/** Contact binaries. */
export function contact(period: number, phase: number): Wave {
  return (mjd) => Math.abs(Math.cos(TURN * (mjd / period + phase))) - 2 / Math.PI
}

const COMPONENTS = 18

/**
 * A damped random walk of unit variance as a sum of waves with the walk's power spectrum, so that
 * it can be asked at any time without the times before. `tau` in days.
 */
export function dampedWalk(key: number, tau: number): Wave {
  const rng = new Rng(keyOf(key, 'walk'))
  const omega: number[] = []
  const phase: number[] = []
  for (let i = 0; i < COMPONENTS; i++) {
    // Equal power per component: the spectrum 1 / (1 + (omega tau)^2) inverted.
    const quantile = (i + rng.uniform()) / COMPONENTS
    omega.push(Math.tan((quantile * Math.PI) / 2) / tau)
    phase.push(rng.uniform() * TURN)
  }
  const scale = Math.sqrt(2 / COMPONENTS)
  return (mjd) => {
    let sum = 0
    for (let i = 0; i < COMPONENTS; i++) {
      sum += Math.cos(((omega[i] ?? 0) * mjd + (phase[i] ?? 0)) % TURN)
    }
    return scale * sum
  }
}

/** Dwarf nova outbursts in magnitudes above quiescence (negative is brighter), as in LIA (Godines et al. 2019). */
export function outbursts(
  key: number,
  recurrence: number,
  shape: { rise: number; plateau: number; decay: number }
): Wave {
  const start = (cycle: number): number => (cycle + 0.7 * uniformAt(key, cycle)) * recurrence
  const strength = (cycle: number): number => 0.75 + 0.25 * uniformAt(key ^ 77, cycle)
  const one = (age: number): number => {
    if (age < 0) return 0
    if (age < shape.rise) return age / shape.rise
    if (age < shape.rise + shape.plateau) return 1
    return Math.exp(-(age - shape.rise - shape.plateau) / shape.decay)
  }
  return (mjd) => {
    const cycle = Math.floor(mjd / recurrence)
    const now = one(mjd - start(cycle)) * strength(cycle)
    const past = one(mjd - start(cycle - 1)) * strength(cycle - 1)
    return -Math.max(now, past)
  }
}
