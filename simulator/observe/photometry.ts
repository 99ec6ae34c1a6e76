import { fluxOf } from '../sky/flux.ts'
import { BOGUS } from '../population/parameters.ts'
import { NOISE, SURVEYS } from '../survey/parameters.ts'
import type { Exposure } from '../survey/cadence.ts'
import type { SkyObject } from '../population/objects.ts'
import { keyOf, mix, normalAt, uniformAt } from '../sky/random.ts'
import type { Survey } from '../../engine/contract/index.ts'

/** Forced photometry of one object in one exposure. Fluxes in nJy. */
export interface Measurement {
  readonly exposure: Exposure
  /** Observed difference flux, signed, and its standard deviation. */
  readonly flux: number
  readonly sigma: number
  /** Noiseless difference flux. */
  readonly trueFlux: number
  /** Flux of the reference source at the position. */
  readonly reference: number
  /** Becomes an alert. Noise of a place where nothing is becomes none: no night sends a packet of it. */
  readonly detected: boolean
  /** Three sigma or more, noise too: counts in `ndethist`. */
  readonly seen: boolean
  readonly key: number
}

/** Standard deviation of a difference flux, in nJy. */
function ztfSigma(flux: number, limitFlux: number, reference: number, k: number): number {
  return Math.sqrt(
    (NOISE.floor * flux) ** 2 + (NOISE.skyPerLimit * limitFlux) ** 2 + (k * reference) ** 2
  )
}

/** LSST photometric error (Ivezić et al. 2019) of the total flux, in nJy. */
function lsstSigma(flux: number, limitFlux: number, reference: number): number {
  const { floor, gamma } = NOISE.lsst
  const total = Math.abs(flux) + Math.max(0, reference)
  const random = (0.04 - gamma) * limitFlux * total + gamma * limitFlux ** 2
  return Math.sqrt((floor * flux) ** 2 + random)
}

/** What an exposure measures at an object's position: a pure function of the two. */
export function measure(survey: Survey, object: SkyObject, exposure: Exposure): Measurement {
  const key = mix(object.key, exposure.key)
  if (object.artefact) return measureArtefact(survey, object, exposure, key)
  const { band, mjd } = exposure
  const isThere = mjd >= object.from && mjd <= object.to
  const trueFlux = isThere ? object.delta(band, mjd) : 0
  const reference = object.reference(band)
  const limitFlux = fluxOf(exposure.limit)
  const [least, most] = NOISE.reference
  const k = least + (most - least) * uniformAt(key, 1)
  const sigma =
    survey === 'ztf'
      ? ztfSigma(trueFlux, limitFlux, reference, k)
      : lsstSigma(trueFlux, limitFlux, reference)
  const flux = trueFlux + sigma * normalAt(key, 2)
  const sky = survey === 'ztf' ? Math.hypot(limitFlux / 5, k * reference) : sigma
  const depth = survey === 'ztf' ? NOISE.belowLimit * uniformAt(key, 3) : 0
  const soft = Math.pow(10, -0.4 * depth)
  const saturated = reference + Math.abs(flux) > fluxOf(SURVEYS[survey].saturation)
  const significance = Math.abs(flux) / sky
  return {
    exposure,
    flux,
    sigma,
    trueFlux,
    reference,
    detected: isThere && significance >= NOISE.threshold * soft && !saturated,
    seen: significance >= 3,
    key
  }
}

/** An artefact is there or not; when it is, it looks like a source just above the limit. */
function measureArtefact(
  survey: Survey,
  object: SkyObject,
  exposure: Exposure,
  key: number
): Measurement {
  const limitFlux = fluxOf(exposure.limit)
  const sky = survey === 'ztf' ? NOISE.skyPerLimit * limitFlux : limitFlux / 5
  const lasts = exposure.mjd >= object.from && exposure.mjd <= object.to
  const there = lasts && uniformAt(key, 1) < (object.artefact?.chance ?? 0)
  const faintest = survey === 'ztf' ? -0.25 : 0.01
  const brighter = faintest - 1.1 * Math.log(1 - uniformAt(key, 2))
  const sign = uniformAt(keyOf(object.key, 'sign'), 0) < BOGUS.negative ? -1 : 1
  const flux = there ? sign * limitFlux * Math.pow(10, 0.4 * Math.min(6, brighter)) : 0
  const sigma = Math.hypot(sky, NOISE.floor * flux)
  return {
    exposure,
    flux: there ? flux : sky * normalAt(key, 3),
    sigma,
    trueFlux: 0,
    reference: object.reference(exposure.band),
    detected: there,
    seen: there || uniformAt(key, 4) < 0.02,
    key
  }
}
