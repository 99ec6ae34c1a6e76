import { dcFlux, dcFluxErr, magErrFromFlux, magFromFlux } from '#contract'
import type { Numbers } from '#contract'
import { momentFeatures } from './moments.ts'
import { orderFeatures, sortFirst } from './order.ts'
import { trendFeatures, weightedFeatures } from './trend.ts'

const REFERENCE_SNR_MIN = 5

/** The lists of one alert's history that make its light curve. */
export interface History {
  readonly mjd: Numbers
  readonly band: readonly (string | null)[]
  readonly flux: Numbers
  readonly fluxErr: Numbers
  readonly detected: Uint8Array
  readonly refFlux: Numbers
  readonly refFluxErr: Numbers
}

/** One band's light curve: the first `n` of each array count. Kept between alerts, never freed. */
export class Curve {
  n = 0
  t = new Float64Array(64)
  m = new Float64Array(64)
  e = new Float64Array(64)
  #sorted = new Float64Array(64)

  /** A point at the time of the one before replaces it: of two in one exposure the later entry counts. */
  add(t: number, m: number, e: number): void {
    if (this.n > 0 && this.t[this.n - 1] === t) this.n--
    if (this.n === this.t.length) this.#grow()
    this.t[this.n] = t
    this.m[this.n] = m
    this.e[this.n] = e
    this.n++
  }

  /** Writes every feature into `out`, NaN where there are too few points. */
  features(out: Float64Array): void {
    out.fill(Number.NaN)
    if (this.n === 0) return
    this.#sorted.set(this.m)
    sortFirst(this.#sorted, this.n)
    momentFeatures(this.m, this.n, out)
    orderFeatures(this.#sorted, this.n, out)
    trendFeatures(this.t, this.m, this.n, out)
    weightedFeatures(this.t, this.m, this.e, this.n, out)
  }

  #grow(): void {
    const grown = (values: Float64Array) => {
      const larger = new Float64Array(values.length * 2)
      larger.set(values)
      return larger
    }
    this.t = grown(this.t)
    this.m = grown(this.m)
    this.e = grown(this.e)
    this.#sorted = new Float64Array(this.t.length)
  }
}

/**
 * Fills the curves from the detections of a history. On a reference source all magnitudes are those
 * of the object itself (difference plus reference), else those of the change.
 */
export function fillCurves(
  history: History,
  onReference: boolean,
  curves: ReadonlyMap<string, Curve>
): void {
  for (const curve of curves.values()) curve.n = 0
  for (let i = 0; i < history.mjd.length; i++) {
    const curve = curves.get(history.band[i] ?? '')
    if (curve === undefined || history.detected[i] !== 1) continue
    const change = history.flux[i]!
    const error = history.fluxErr[i]!
    const flux = onReference ? dcFlux(change, history.refFlux[i]!) : Math.abs(change)
    const fluxErr = onReference ? dcFluxErr(error, history.refFluxErr[i]!) : error
    const m = magFromFlux(flux)
    const e = magErrFromFlux(flux, fluxErr)
    if (Number.isFinite(m) && e > 0) curve.add(history.mjd[i]!, m, e)
  }
}

/**
 * LSST forces a template flux at every position, mostly of nothing: only one that stands out of its
 * noise is a source.
 */
export function standsInTemplate({ detected, refFlux, refFluxErr }: History): boolean {
  for (let i = 0; i < refFlux.length; i++) {
    if (detected[i] === 1 && refFlux[i]! >= REFERENCE_SNR_MIN * refFluxErr[i]!) return true
  }
  return false
}
