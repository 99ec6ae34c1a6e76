import { fluxFromMag } from '#contract'
import type { Numbers } from '#contract'
import type { Belief } from './belief.ts'

const SIGMAS_OF_A_LIMIT = 5

/** The lists of one alert's history that the rate needs. */
export interface History {
  readonly mjd: Numbers
  readonly band: readonly (string | null)[]
  readonly flux: Numbers
  readonly fluxErr: Numbers
  readonly limit: Numbers
  readonly detected: Uint8Array
}

/** The point the rate is measured from. */
export interface Previous {
  readonly mjd: number
  readonly belief: Belief
  readonly fromUpper: boolean
  /** Signed flux of a detection; NaN for an upper limit. */
  readonly flux: number
}

/** The latest usable point of the same band before `now`; null if there is none. */
export function previousPoint(history: History, now: number, band: string): Previous | null {
  for (let i = history.mjd.length - 1; i >= 0; i--) {
    const mjd = history.mjd[i]!
    if (mjd >= now || history.band[i] !== band) continue
    const point = history.detected[i] === 1 ? detection(history, i) : upperLimit(history, i)
    if (point !== null) return { mjd, ...point }
  }
  return null
}

/** Time of the first detection of any band in the history; null if there is none. */
export function firstDetection(history: History): number | null {
  const first = history.detected.indexOf(1)
  return first < 0 ? null : (history.mjd[first] ?? null)
}

function detection(history: History, i: number): Omit<Previous, 'mjd'> | null {
  const flux = history.flux[i]!
  const sigma = history.fluxErr[i]!
  if (!(Math.abs(flux) > 0 && sigma > 0)) return null
  return { belief: { flux: Math.abs(flux), sigma }, fromUpper: false, flux }
}

/** ZTF sends the limit as a magnitude; for LSST forced photometry it is five deviations. */
function upperLimit(history: History, i: number): Omit<Previous, 'mjd'> | null {
  const sent = fluxFromMag(history.limit[i]!)
  const limit = Number.isNaN(sent) ? SIGMAS_OF_A_LIMIT * history.fluxErr[i]! : sent
  if (!(limit > 0 && Number.isFinite(limit))) return null
  return { belief: { flux: limit, sigma: 0 }, fromUpper: true, flux: Number.NaN }
}
