import { dcFlux, dcFluxErr } from '#contract'
import type { Numbers } from '#contract'

const REFERENCE_SNR_MIN = 5

/** The lists of one alert's history that make its light curve; NaN where one cannot say. */
export interface History {
  readonly mjd: Numbers
  readonly band: readonly (string | null)[]
  readonly flux: Numbers
  readonly fluxErr: Numbers
  readonly detected: Uint8Array
  readonly forced: Uint8Array
  readonly refFlux: Numbers
  readonly refFluxErr: Numbers
  readonly scienceFlux: Numbers
  readonly scienceFluxErr: Numbers
}

/** Flux whose magnitude a point has, and its error, nJy; NaN where they cannot say. */
export interface Measure {
  flux(history: History, i: number): number
  error(history: History, i: number): number
}

/** The change alone. */
export const CHANGE: Measure = {
  flux: ({ flux }, i) => Math.abs(flux[i]!),
  error: ({ fluxErr }, i) => fluxErr[i]!
}

/** ZTF: the object itself, reference plus change, whose errors are independent. */
export const WITH_REFERENCE: Measure = {
  flux: ({ flux, refFlux }, i) => dcFlux(flux[i]!, refFlux[i]!),
  error: ({ fluxErr, refFluxErr }, i) => dcFluxErr(fluxErr[i]!, refFluxErr[i]!)
}

/**
 * LSST: the object itself on the science image; where that was not sent template plus change, which is
 * the same again. The error of the change holds those of both images, and bounds that of the sum.
 */
export const SCIENCE: Measure = {
  flux({ flux, refFlux, scienceFlux }, i) {
    const science = scienceFlux[i]!
    return Number.isNaN(science) ? dcFlux(flux[i]!, refFlux[i]!) : science
  },
  error({ fluxErr, scienceFluxErr }, i) {
    const error = scienceFluxErr[i]!
    return Number.isNaN(error) ? fluxErr[i]! : error
  }
}

/**
 * Whether an LSST alert lies on a source. A template flux is forced at every position, mostly of nothing:
 * only one that stands out of its noise in a detection of the survey is a source. Where no template was
 * sent it is what the science image has besides the change, whose error holds the template's.
 */
export function liesOnSource(history: History): boolean {
  const { detected, forced, flux, fluxErr, refFlux, refFluxErr, scienceFlux } = history
  for (let i = 0; i < detected.length; i++) {
    if (detected[i] !== 1 || forced[i] === 1) continue
    const isSent = !Number.isNaN(refFlux[i]!) && refFluxErr[i]! > 0
    const under = isSent ? refFlux[i]! : scienceFlux[i]! - flux[i]!
    const error = isSent ? refFluxErr[i]! : fluxErr[i]!
    if (error > 0 && under >= REFERENCE_SNR_MIN * error) return true
  }
  return false
}
