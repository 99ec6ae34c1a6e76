import { ASTROMETRY, SURVEYS } from '../survey/parameters.ts'
import { TAI_MINUS_UTC } from '../../engine/contract/index.ts'
import type { RecordValues } from './avro-writer.ts'
import type { Exposure } from '../survey/cadence.ts'
import { diaForcedSourceId, diaSourceId, ssObjectId, visitId } from './lsst-identifiers.ts'
import type { SkyObject } from '../population/objects.ts'
import type { Measurement } from '../observe/photometry.ts'
import { Rng, mix, normalAt } from '../sky/random.ts'
import { step } from '../sky/sky.ts'

/** Minutes from the exposure to the alert. */
const LATENCY = 2.3

export function midpointTai(exposure: Exposure): number {
  return exposure.mjd + TAI_MINUS_UTC
}

export function processedTai(exposure: Exposure): number {
  return midpointTai(exposure) + LATENCY / 1440
}

/** True for a moving object that the survey can name. */
export function isNamed(object: SkyObject): boolean {
  return object.moving?.known === true
}

/**
 * A row of diaSource of the object `objectId`. `current` rows say 0 where past ones say null, as real
 * packets do.
 */
export function sourceValues(
  object: SkyObject,
  found: Measurement,
  objectId: bigint,
  current: boolean
): RecordValues {
  const rng = new Rng(mix(found.key, 31))
  const { exposure, flux, sigma } = found
  const snr = Math.abs(flux) / sigma
  const pixel = SURVEYS.lsst.pixel
  // Centroid error of a PSF of this width, pixels.
  const centroid = Math.min(1.2, exposure.fwhm / 2.355 / snr)
  const jitter = Math.hypot(centroid * pixel, ASTROMETRY.lsst)
  const at = step(object, rng.normal(0, jitter), rng.normal(0, jitter))
  const degrees = (centroid * pixel) / 3600
  const named = isNamed(object)
  const template = found.reference + 0.25 * sigma * rng.normal()
  return {
    diaSourceId: diaSourceId(object, exposure),
    visit: visitId(exposure),
    detector: object.chip,
    diaObjectId: named ? 0 : objectId,
    ssObjectId: named ? ssObjectId(object.moving?.packed ?? '') : current ? 0 : null,
    parentDiaSourceId: 0,
    midpointMjdTai: midpointTai(exposure),
    ra: at.ra,
    raErr: degrees * rng.between(0.8, 1.2),
    dec: at.dec,
    decErr: degrees * rng.between(0.9, 1.5),
    ra_dec_Cov: degrees * degrees * rng.normal(0, 0.3),
    x: object.x,
    xErr: centroid * rng.between(0.9, 1.2),
    y: object.y,
    yErr: centroid * rng.between(0.9, 1.3),
    ...fluxPart(rng, found, snr),
    scienceFlux: found.reference + flux,
    scienceFluxErr: sigma * rng.between(0.93, 1),
    templateFlux: template,
    templateFluxErr: 0.25 * sigma,
    ...shapePart(rng, object, found, at),
    ...flagPart(rng, object),
    reliability: reliability(rng, object),
    band: exposure.band,
    timeProcessedMjdTai: processedTai(exposure),
    bboxSize: 10 + Math.min(30, rng.poisson(4 + snr / 8)),
    surveyNote: 'a field that no reader knows'
  }
}

function fluxPart(rng: Rng, found: Measurement, snr: number): RecordValues {
  const { flux, sigma } = found
  const aperture = 2.9 * sigma
  return {
    apFlux: flux + aperture * rng.normal() * 0.9,
    apFluxErr: aperture * rng.between(0.97, 1.05),
    isNegative: flux < 0,
    snr,
    psfFlux: flux,
    psfFluxErr: sigma,
    psfChi2: 1681 + 58 * rng.normal() + 0.02 * snr ** 2,
    psfNdata: 1681
  }
}

function shapePart(
  rng: Rng,
  object: SkyObject,
  found: Measurement,
  at: { ra: number; dec: number }
): RecordValues {
  const dipole = object.artefact?.kind === 'dipole'
  const second = (found.exposure.fwhm * SURVEYS.lsst.pixel * 0.42) ** 2
  const trail = dipole ? {} : trailPart(rng, object, found, at)
  return {
    ...trail,
    trailNdata: 0,
    trail_flag_edge: false,
    ...(dipole ? dipolePart(rng, found) : {}),
    dipoleNdata: dipole ? 1300 + rng.int(200) : 0,
    ixx: dipole ? null : second * rng.between(0.5, 2),
    iyy: dipole ? null : second * rng.between(0.5, 2),
    ixy: dipole ? null : second * rng.normal(0, 0.3),
    ixxPSF: second * rng.between(0.95, 1.05),
    iyyPSF: second * rng.between(0.95, 1.05),
    ixyPSF: second * rng.normal(0, 0.05),
    shape_flag: dipole,
    shape_flag_no_pixels: false,
    shape_flag_not_contained: false,
    shape_flag_parent_source: false,
    extendedness: dipole ? null : object.artefact ? rng.uniform() : rng.beta(1.2, 3)
  }
}

function trailPart(
  rng: Rng,
  object: SkyObject,
  found: Measurement,
  at: { ra: number; dec: number }
): RecordValues {
  const rate = object.moving?.rate
  const moved = rate ? (Math.hypot(rate.ra, rate.dec) * 3600 * 30) / 86400 : 0
  return {
    trailFlux: found.flux * (1 + 0.1 * rng.normal()),
    trailFluxErr: found.sigma * rng.between(0.02, 0.2),
    trailRa: at.ra + rng.normal(0, 1e-5),
    trailDec: at.dec + rng.normal(0, 1e-5),
    trailLength: moved + rng.between(0.4, 1.2),
    trailAngle: rate ? (Math.atan2(rate.dec, rate.ra) * 180) / Math.PI : rng.between(-180, 180)
  }
}

function dipolePart(rng: Rng, found: Measurement): RecordValues {
  const lobes = Math.abs(found.flux) * rng.between(1, 5)
  return {
    dipoleMeanFlux: lobes,
    dipoleMeanFluxErr: found.sigma,
    dipoleFluxDiff: found.flux,
    dipoleFluxDiffErr: 2 * found.sigma,
    dipoleLength: rng.between(0.1, 0.6),
    dipoleAngle: rng.between(-180, 180),
    dipoleChi2: 1681 + 200 * rng.normal()
  }
}

const FLAGS = [
  'centroid_flag',
  'apFlux_flag',
  'apFlux_flag_apertureTruncated',
  'psfFlux_flag',
  'psfFlux_flag_edge',
  'psfFlux_flag_noGoodPixels',
  'forced_PsfFlux_flag',
  'forced_PsfFlux_flag_edge',
  'forced_PsfFlux_flag_noGoodPixels',
  'pixelFlags',
  'pixelFlags_bad',
  'pixelFlags_cr',
  'pixelFlags_crCenter',
  'pixelFlags_edge',
  'pixelFlags_nodata',
  'pixelFlags_nodataCenter',
  'pixelFlags_interpolated',
  'pixelFlags_interpolatedCenter',
  'pixelFlags_offimage',
  'pixelFlags_saturated',
  'pixelFlags_saturatedCenter',
  'pixelFlags_suspect',
  'pixelFlags_suspectCenter',
  'pixelFlags_streak',
  'pixelFlags_streakCenter',
  'pixelFlags_injected',
  'pixelFlags_injectedCenter',
  'pixelFlags_injected_template',
  'pixelFlags_injected_templateCenter',
  'glint_trail'
] as const

/** Flags that no row names are down. */
export const CLEAN: RecordValues = Object.fromEntries(FLAGS.map((name) => [name, false]))

/** Which flags the kinds of artefact raise, and how often. */
const RAISED = {
  dipole: [],
  'cosmic-ray': ['pixelFlags_cr', 'pixelFlags_interpolated'],
  bleed: ['pixelFlags_saturated', 'pixelFlags_interpolated'],
  ghost: ['pixelFlags_suspect'],
  edge: ['pixelFlags_edge', 'psfFlux_flag', 'psfFlux_flag_edge', 'forced_PsfFlux_flag']
} as const

function flagPart(rng: Rng, object: SkyObject): RecordValues {
  const kind = object.artefact?.kind
  const dipole = kind === 'dipole'
  const flags: Record<string, boolean> = { isDipole: dipole, dipoleFitAttempted: dipole }
  for (const name of kind ? RAISED[kind] : []) if (rng.chance(0.7)) flags[name] = true
  return flags
}

function reliability(rng: Rng, object: SkyObject): number {
  if (object.artefact) return rng.beta(1.5, 3)
  return rng.chance(0.85) ? 1 - Math.min(0.6, rng.exponential(0.03)) : rng.between(0.2, 0.9)
}

/** A row of diaForcedSource. */
export function forcedValues(object: SkyObject, past: Measurement, objectId: bigint): RecordValues {
  const { exposure } = past
  return {
    diaForcedSourceId: diaForcedSourceId(object, exposure),
    diaObjectId: objectId,
    ra: object.ra,
    dec: object.dec,
    visit: visitId(exposure),
    detector: object.chip,
    psfFlux: past.flux,
    psfFluxErr: past.sigma,
    midpointMjdTai: midpointTai(exposure),
    scienceFlux: past.reference + past.flux + 0.1 * past.sigma * normalAt(past.key, 37),
    scienceFluxErr: past.sigma,
    band: exposure.band,
    timeProcessedMjdTai: processedTai(exposure)
  }
}
