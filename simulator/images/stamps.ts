import { fluxOf } from '../sky/flux.ts'
import { gzipSync } from 'node:zlib'
import { SURVEYS } from '../survey/parameters.ts'
import { lsstFits, ztfFits } from './fits.ts'
import { Canvas, moffatKernel } from './canvas.ts'
import { Rng, keyOfText } from '../sky/random.ts'
import type { ArtefactKind, Surroundings } from '../population/objects.ts'
import { constant, stored } from '../archive/segments.ts'
import type { Segment } from '../archive/segments.ts'
import { AB_ZERO_POINT } from '../../engine/contract/index.ts'
import type { Survey } from '../../engine/contract/index.ts'

/** Science, template and difference. */
export type StampSet = readonly [Segment, Segment, Segment]

/** What the three images of an alert show. Magnitudes; distances in arcsec; `fwhm` in pixels. */
export interface Scene {
  readonly surroundings: Surroundings
  readonly artefact: ArtefactKind | null
  /** Magnitude of the difference, its sign, and the reference magnitude (Infinity: nothing there). */
  readonly mag: number
  readonly positive: boolean
  readonly referenceMag: number
  readonly hostMag: number
  readonly hostDistance: number
  readonly limit: number
  readonly fwhm: number
  /** Field stars in the stamp. */
  readonly crowd: number
}

const SIZE = { ztf: 63, lsst: 30 } as const

interface Images {
  readonly science: Canvas
  readonly template: Canvas
  readonly difference: Canvas
  readonly noise: number
}

/** Counts per nJy: ZTF images are in DN at zero point 26.2 [m], LSST's in nJy. */
function unitOf(survey: Survey): number {
  return survey === 'ztf' ? Math.pow(10, 0.4 * (26.2 - AB_ZERO_POINT)) : 1
}

function paint(survey: Survey, scene: Scene, rng: Rng): Images {
  const size = SIZE[survey]
  const unit = unitOf(survey)
  const { fwhm } = scene
  // Noise per pixel from the limit and the effective number of pixels of the PSF.
  const noise = (fluxOf(scene.limit) * unit) / (5 * 1.505 * fwhm)
  const templateFwhm = survey === 'ztf' ? 2 : 3.6
  const science = new Canvas(size)
  const template = new Canvas(size)
  const difference = new Canvas(size)
  const centre = (size - 1) / 2
  const { pixel } = SURVEYS[survey]
  for (let i = 0; i < scene.crowd; i++) {
    const x = rng.between(0, size - 1)
    const y = rng.between(0, size - 1)
    const flux = fluxOf(rng.powerLaw(scene.limit - 6, scene.limit + 1, 0.25)) * unit
    science.star(x, y, flux, fwhm)
    template.star(x, y, flux, templateFwhm)
  }
  const host = scene.surroundings === 'galaxy' || scene.surroundings === 'nucleus'
  if (host) {
    const angle = rng.between(0, 2 * Math.PI)
    const x = centre + (scene.hostDistance * Math.cos(angle)) / pixel
    const y = centre + (scene.hostDistance * Math.sin(angle)) / pixel
    const radius = rng.between(1, 4) / pixel
    const galaxy = {
      flux: fluxOf(scene.hostMag) * unit,
      radius,
      ratio: rng.between(0.4, 1),
      angle
    }
    science.galaxy(x, y, galaxy)
    template.galaxy(x, y, galaxy)
  }
  const reference = Number.isFinite(scene.referenceMag) ? fluxOf(scene.referenceMag) * unit : 0
  const change = (scene.positive ? 1 : -1) * fluxOf(scene.mag) * unit
  if (reference > 0) template.star(centre, centre, reference, templateFwhm)
  if (scene.artefact) {
    science.star(centre, centre, reference, fwhm)
    spoil(scene.artefact, difference, centre, Math.abs(change), fwhm, rng)
    science.add(difference)
  } else {
    science.star(centre, centre, Math.max(0, reference + change), fwhm)
    difference.star(centre, centre, Math.abs(change), fwhm)
  }
  science.noise(rng, noise, survey === 'ztf' ? 200 : 0)
  template.noise(rng, noise / Math.sqrt(15), survey === 'ztf' ? 200 : 0)
  difference.noise(rng, noise, 0)
  return { science, template, difference, noise }
}

/** Draws an artefact in the difference image. */
function spoil(
  kind: ArtefactKind,
  image: Canvas,
  centre: number,
  flux: number,
  fwhm: number,
  rng: Rng
): void {
  if (kind === 'dipole') {
    const angle = rng.between(0, 2 * Math.PI)
    const dx = Math.cos(angle) / 2
    const dy = Math.sin(angle) / 2
    image.star(centre + dx, centre + dy, 2 * flux, fwhm)
    image.star(centre - dx, centre - dy, -1.6 * flux, fwhm)
  } else if (kind === 'cosmic-ray') {
    const length = 1 + rng.int(3)
    for (let i = 0; i < length; i++) image.put(centre + i, centre + (i % 2), flux / length)
  } else if (kind === 'bleed') {
    for (let y = 0; y < image.size; y++) image.put(centre, y, flux / fwhm)
  } else if (kind === 'ghost') {
    image.ring(centre + 8, centre, image.size / 5, flux / 60)
  } else {
    image.star(centre, centre, flux, fwhm)
    image.blank(0, rng.int(Math.floor(image.size / 2)))
  }
}

/** Renders the three stamps of one scene. */
export function render(
  survey: Survey,
  scene: Scene,
  key: number,
  at?: { ra: number; dec: number }
): StampSet {
  const images = paint(survey, scene, new Rng(key))
  const order = [images.science, images.template, images.difference] as const
  if (survey === 'ztf') {
    const [a, b, c] = order.map((canvas) =>
      stored(gzipSync(ztfFits(canvas.values, canvas.size), { level: 1 }))
    )
    return [a, b, c] as StampSet
  }
  const psf = moffatKernel(41, scene.fwhm)
  const place = { ra: at?.ra ?? 0, dec: at?.dec ?? 0, rotation: 50 }
  const [a, b, c] = order.map((canvas, i) => {
    const level = i === 1 ? images.noise / Math.sqrt(15) : images.noise
    const variance = new Float32Array(canvas.values.length).fill(level * level)
    const bytes = lsstFits(canvas.values, variance, psf, canvas.size, place)
    return at ? { bytes } : constant(bytes)
  })
  return [a, b, c] as StampSet
}

/** How coarse the shared stamps are: magnitudes in steps, several variants of each. */
const MAG_STEP = 1
const VARIANTS = 3

/** A few hundred stamp sets shared by all alerts: fast, and right in kind and brightness. */
export class SharedStamps {
  readonly survey: Survey
  #sets = new Map<string, StampSet>()

  constructor(survey: Survey) {
    this.survey = survey
  }

  of(scene: Scene, key: number): StampSet {
    const depth = SURVEYS[this.survey].depth.r
    const mag = Math.min(depth + 0.5, Math.max(depth - 5.5, round(scene.mag)))
    const variant = key % VARIANTS
    const surroundings = scene.surroundings === 'quasar' ? 'star' : scene.surroundings
    const { artefact, positive } = scene
    const onSource = Number.isFinite(scene.referenceMag)
    const name = `${artefact ?? surroundings}/${onSource}/${mag}/${positive}/${variant}`
    const known = this.#sets.get(name)
    if (known) return known
    // Nothing here may depend on anything that is not in the name.
    const typical: Scene = {
      surroundings: artefact ? 'nothing' : surroundings,
      artefact,
      mag,
      positive,
      referenceMag: onSource ? mag - 1.5 : Infinity,
      hostMag: Math.min(mag, depth - 1),
      hostDistance: 1.5 + variant,
      limit: depth - 0.4,
      fwhm: SURVEYS[this.survey].seeing.median,
      crowd: 6 + 8 * variant
    }
    const made = render(this.survey, typical, keyOfText(name))
    this.#sets.set(name, made)
    return made
  }
}

function round(mag: number): number {
  return Math.round(mag / MAG_STEP) * MAG_STEP
}
