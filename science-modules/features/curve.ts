import { magErrFromFlux, magFromFlux } from '#contract'
import type { History, Measure } from './measure.ts'
import { momentFeatures } from './moments.ts'
import { orderFeatures, sortFirst } from './order.ts'
import { trendFeatures, weightedFeatures } from './trend.ts'

/**
 * One band's light curve: the first `n` of each array count, and an error that is not known is NaN. Kept
 * between alerts, never freed.
 */
export class Curve {
  n = 0
  t = new Float64Array(64)
  m = new Float64Array(64)
  e = new Float64Array(64)
  #sorted = new Float64Array(64)

  /** A point at the time of the one before replaces it: there is no slope over no time. */
  add(t: number, m: number, e: number): void {
    if (this.n > 0 && this.t[this.n - 1] === t) this.n--
    if (this.n === this.t.length) this.#grow()
    this.t[this.n] = t
    this.m[this.n] = m
    this.e[this.n] = e
    this.n++
  }

  /** Writes every feature into `out`, NaN where there are too few points. Once: it moves the points. */
  features(out: Float64Array): void {
    out.fill(Number.NaN)
    if (this.n === 0) return
    this.#sorted.set(this.m)
    sortFirst(this.#sorted, this.n)
    momentFeatures(this.m, this.n, out)
    orderFeatures(this.#sorted, this.n, out)
    trendFeatures(this.t, this.m, this.n, out)
    weightedFeatures(this.t, this.m, this.e, this.#knownErrors(), out)
  }

  /** Moves the points with an error to the front; how many there are. */
  #knownErrors(): number {
    let known = 0
    for (let i = 0; i < this.n; i++) {
      if (!(this.e[i]! > 0)) continue
      this.t[known] = this.t[i]!
      this.m[known] = this.m[i]!
      this.e[known] = this.e[i]!
      known++
    }
    return known
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

/** Fills the curves from the detections of a history; a point without a magnitude is left out. */
export function fillCurves(
  history: History,
  measure: Measure,
  curves: ReadonlyMap<string, Curve>
): void {
  for (const curve of curves.values()) curve.n = 0
  for (let i = 0; i < history.mjd.length; i++) {
    const curve = curves.get(history.band[i] ?? '')
    if (curve === undefined || history.detected[i] !== 1) continue
    const flux = measure.flux(history, i)
    const m = magFromFlux(flux)
    const e = magErrFromFlux(flux, measure.error(history, i))
    if (Number.isFinite(m)) curve.add(history.mjd[i]!, m, e > 0 ? e : Number.NaN)
  }
}
