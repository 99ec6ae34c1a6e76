import { ASTROMETRY, QUALITY, SURVEYS } from '../survey/parameters.ts'
import { dateOf } from '../../engine/table/time.ts'
import { toEdge } from '../survey/focal-plane.ts'
import { MAG_PER_RELATIVE_FLUX, magFromFlux } from '../../engine/contract/index.ts'
import { round } from '../sky/flux.ts'
import type { RecordValues } from './avro-writer.ts'
import type { Exposure } from '../survey/cadence.ts'
import { candidate, julianDate, nightId, processingId } from './ztf-identifiers.ts'
import type { SkyObject } from '../population/objects.ts'
import type { Measurement } from '../observe/photometry.ts'
import { Rng, keyOf, mix } from '../sky/random.ts'
import { neighbour } from './ztf-surroundings.ts'
import { separation, step } from '../sky/sky.ts'

const FID = { u: 0, g: 1, r: 2, i: 3, z: 4, y: 5 } as const

/** What one exposure and readout channel share. */
export interface ChipImage {
  readonly jd: number
  readonly fid: number
  readonly pid: number
  readonly nid: number
  readonly programpi: string
  readonly magzpsci: number
  readonly magzpsciunc: number
  readonly magzpscirms: number
  readonly clrcoeff: number
  readonly clrcounc: number
  readonly file: string
  readonly directory: string
}

interface ExposureNames {
  readonly jd: number
  readonly nid: number
  readonly prefix: string
  readonly directory: string
}

const names = new WeakMap<Exposure, ExposureNames>()

/** What the file names of an exposure are made of. */
function namesOf(exposure: Exposure): ExposureNames {
  const known = names.get(exposure)
  if (known) return known
  const jd = julianDate(exposure.mjd)
  const day = String(dateOf(exposure.mjd))
  const fraction = String(Math.floor(((jd - 0.5) % 1) * 1e6)).padStart(6, '0')
  const field = String(exposure.field.id).padStart(6, '0')
  const made = {
    jd,
    nid: nightId(jd),
    prefix: `ztf_${day}${fraction}_${field}_z${exposure.band}`,
    directory: `/ztf/archive/sci/${day.slice(0, 4)}/${day.slice(4)}/${fraction}/`
  }
  names.set(exposure, made)
  return made
}

/** Calibration of one readout channel of one exposure. */
export function chipImage(exposure: Exposure, chip: number): ChipImage {
  const rng = new Rng(keyOf(exposure.key, 'chip', chip))
  const { jd, nid, prefix, directory } = namesOf(exposure)
  const ccd = String(Math.floor(chip / 4) + 1).padStart(2, '0')
  const extinct = 0.15 * (exposure.airmass - 1)
  const colour = exposure.band === 'g' ? -0.065 : 0.1
  return {
    jd,
    fid: FID[exposure.band],
    pid: processingId(jd, chip),
    nid,
    programpi: 'Kulkarni',
    magzpsci: 26.3 - extinct + rng.normal(0, 0.05),
    magzpsciunc: 1e-5 * Math.exp(rng.normal(0, 0.9)),
    magzpscirms: 0.018 + rng.gamma(3) * 0.006,
    clrcoeff: colour + rng.normal(0, 0.015),
    clrcounc: 1.8e-5 * Math.exp(rng.normal(0, 0.9)),
    file: `${prefix}_c${ccd}_o_q${(chip % 4) + 1}_scimrefdiffimg.fits`,
    directory
  }
}

/** An upper limit in `prv_candidates`: only the image is described, as in real packets. */
export function limitEntry(past: Measurement, chip: number): RecordValues {
  const { exposure } = past
  const image = chipImage(exposure, chip)
  return {
    ...imagePart(exposure, image, chip),
    pdiffimfilename: `${image.directory}${image.file}.fz`
  }
}

function imagePart(exposure: Exposure, image: ChipImage, chip: number) {
  return {
    jd: image.jd,
    fid: image.fid,
    pid: image.pid,
    diffmaglim: exposure.limit,
    pdiffimfilename: image.file,
    programpi: image.programpi,
    programid: 1,
    nid: image.nid,
    rcid: chip,
    field: exposure.field.id,
    magzpsci: image.magzpsci,
    magzpsciunc: image.magzpsciunc,
    magzpscirms: image.magzpscirms,
    clrcoeff: image.clrcoeff,
    clrcounc: image.clrcounc,
    rbversion: 't17_f5_c3'
  }
}

/** A detection of the survey: what `candidate` and an entry of `prv_candidates` share. */
export interface Detection {
  readonly values: RecordValues
  readonly image: ChipImage
  readonly ra: number
  readonly dec: number
  readonly magpsf: number
  readonly positive: boolean
}

/** The measured position, jittered; deg. */
function measuredPosition(object: SkyObject, found: Measurement, mag: number) {
  const rng = new Rng(mix(found.key, 11))
  const jitter = ASTROMETRY.ztf * (1 + Math.min(3, Math.pow(10, 0.4 * (mag - 20))))
  const { ra, dec } = step(object, rng.normal(0, jitter), rng.normal(0, jitter))
  return { ra: round(ra, 7), dec: round(dec, 7) }
}

export function detection(object: SkyObject, found: Measurement): Detection {
  const { exposure } = found
  const image = chipImage(exposure, object.chip)
  const magpsf = magFromFlux(Math.abs(found.flux))
  const sigmapsf = MAG_PER_RELATIVE_FLUX * Math.min(0.6, found.sigma / Math.abs(found.flux))
  const positive = found.flux > 0
  const { ra, dec } = measuredPosition(object, found, magpsf)
  const near = neighbour(object, exposure.band)
  const distnr = (separation({ ra, dec }, near) * 3600) / SURVEYS.ztf.pixel
  const values = {
    ...imagePart(exposure, image, object.chip),
    candid: candidate(image.pid, positive, object.slot),
    isdiffpos: positive ? 't' : 'f',
    tblid: object.slot,
    ra,
    dec,
    magpsf,
    sigmapsf,
    distnr,
    magnr: near.mag,
    sigmagnr: near.sigma,
    chinr: near.chi,
    sharpnr: near.sharp,
    ranr: near.ra,
    decnr: near.dec,
    scorr: round(Math.abs(found.flux) / (found.sigma * 0.82 + 1e-9), 6),
    ...shapePart(object, found, magpsf, sigmapsf)
  }
  return { values, image, ra, dec, magpsf, positive }
}

/** Real-bogus score of a detection, 0 to 1. */
function realBogus(rng: Rng, object: SkyObject, mag: number): number {
  if (object.artefact) {
    const { residual, stray } = QUALITY.bogus.rb
    const [a, b] = object.surroundings === 'star' ? residual : stray
    return rng.beta(a, b)
  }
  const { rb, rbBrightFactor, rbBrightMag } = QUALITY.real
  return rng.beta(...rb) * (mag < rbBrightMag ? rbBrightFactor : 1)
}

/** FWHM of a source, pixels, as measured in an image of some seeing. */
function sourceWidth(rng: Rng, seeing: number): number {
  const { sure, narrow, shift, wide, least } = QUALITY.fwhm
  const off = rng.chance(sure) ? rng.normal(0, narrow) : rng.normal(shift, wide)
  const width = seeing * Math.exp(off)
  return width > least ? width : least + 0.2 * rng.uniform()
}

function shapePart(object: SkyObject, found: Measurement, magpsf: number, sigma: number) {
  const rng = new Rng(mix(found.key, 13))
  const bogus = object.artefact !== undefined
  const { exposure } = found
  const { shift, width, freedom } = QUALITY.magdiff
  const magdiff = bogus
    ? rng.normal(0, QUALITY.bogus.magdiff)
    : sigma * (shift + width * Math.max(-5, Math.min(5, rng.student(freedom))))
  const magap = magpsf + magdiff
  const sigmagap = Math.max(
    0.004,
    sigma * (0.25 + 0.75 * Math.min(1, sigma / 0.1)) * rng.between(0.8, 1.3)
  )
  const fwhm = round(sourceWidth(rng, exposure.fwhm), 2)
  const stretch = object.cls === 'sso' ? QUALITY.sso.elongation : bogus ? 0.3 : 0.1
  const elong = 1.004 + Math.min(0.9, rng.exponential(stretch))
  const { size, power } = QUALITY.aimage
  const spread = Math.pow(fwhm / 2.4, power) * Math.exp(rng.normal(0, 0.12))
  const aimage = round(Math.max(0.4, size * spread), 3)
  const bimage = round(aimage / elong, 3)
  const nbadZero = bogus ? QUALITY.bogus.nbadZero : QUALITY.real.nbadZero
  const snr = Math.abs(found.flux) / Math.max(1e-9, found.sigma)
  return {
    xpos: object.x,
    ypos: object.y,
    chipsf: (bogus ? 3 : 0.75) + rng.gamma(1.2) * (1 + 0.004 * snr ** 2) * 0.8,
    magap,
    sigmagap: round(sigmagap, 4),
    sky: rng.normal(0, 0.8),
    magdiff,
    fwhm,
    classtar: round(bogus ? rng.uniform() : rng.beta(...QUALITY.real.classtar), 3),
    mindtoedge: toEdge('ztf', object.x, object.y),
    magfromlim: exposure.limit - magap,
    seeratio: Math.max(0.3, Math.min(2, exposure.fwhm / (2.05 + 0.1 * rng.normal()))),
    aimage,
    bimage,
    aimagerat: aimage / fwhm,
    bimagerat: bimage / fwhm,
    elong: aimage / bimage,
    nneg: Math.min(20, rng.poisson(bogus ? 6 : 3)),
    nbad: rng.chance(nbadZero) ? 0 : 1 + rng.poisson(1),
    rb: round(realBogus(rng, object, magpsf), 6),
    sumrat: rng.chance(0.4) ? 1 : Math.max(0.4, 1 - rng.exponential(bogus ? 0.2 : 0.05)),
    magapbig: magap + rng.normal(0, 0.3 * sigma) - 0.02,
    sigmagapbig: round(sigmagap * 1.25, 4)
  }
}
