import { fluxOf } from '../sky/flux.ts'
import {
  COSMOLOGY,
  EVENTS,
  EVENT_BIN,
  EVENT_SHAPES,
  EXPLOSIONS,
  EXPLOSION_LIMIT,
  EXTINCTION,
  FOOTPRINT
} from './parameters.ts'
import type { TransientClass } from './parameters.ts'
import { galaxiesIn } from './catalogue.ts'
import { starColours } from './colour.ts'
import { arcsecOf, distanceModulus, drawRedshift, horizon, volume } from './cosmology.ts'
import type { Field } from '../survey/fields.ts'
import type { Band } from '../sky/flux.ts'
import { plain } from './objects.ts'
import type { Source } from './objects.ts'
import type { Rng } from '../sky/random.ts'
import { fromPlane, step } from '../sky/sky.ts'
import * as curves from './supernovae.ts'
import type { Survey } from '../../engine/contract/index.ts'

type Explosion = keyof typeof EXPLOSIONS

/** Galactic reddening behind a field: magnitudes lost in a band. */
function extinction(field: Field, band: Band): number {
  const sin = Math.abs(Math.sin((field.glat * Math.PI) / 180))
  return EXTINCTION.ratio[band] * Math.min(EXTINCTION.most, EXTINCTION.perSin / Math.max(1e-3, sin))
}

/** The redshift beyond which explosions of a class are too faint to be made. */
function reach(kind: Explosion, survey: Survey): number {
  const { peak, scatter } = EXPLOSIONS[kind]
  return Math.min(1.6, horizon(peak - 1.5 * scatter, EXPLOSION_LIMIT[survey]))
}

const reaches = new Map<string, number>()

function reachOf(kind: Explosion, survey: Survey): number {
  const name = `${kind}/${survey}`
  const known = reaches.get(name) ?? reach(kind, survey)
  reaches.set(name, known)
  return known
}

/** Expected events of a class that begin in one field in one bin of EVENT_BIN days, at scale 1. */
export function eventCount(kind: TransientClass, survey: Survey, field: Field): number {
  const years = EVENT_BIN / 365.25
  if (kind === 'microlensing' || kind === 'flare') {
    const near = kind === 'flare' || Math.abs(field.glat) < 20
    return near ? EVENTS[kind][survey] * years * field.area * FOOTPRINT.star(field.glat) : 0
  }
  const sky = field.area / 41253
  if (kind === 'grb') return EVENTS.grb[survey] * years * sky
  return EXPLOSIONS[kind].rate * volume(reachOf(kind, survey)) * years * sky
}

/** One event of a class that begins at `start` (MJD) at or near a position; explosions up to a redshift that `farthest` says of the one beyond which they are too faint. */
export function makeEvent(
  kind: TransientClass,
  survey: Survey,
  rng: Rng,
  field: Field,
  at: { ra: number; dec: number },
  start: number,
  farthest = (reach: number) => reach
): Source {
  if (kind === 'microlensing') return lensed(survey, rng, at, start)
  if (kind === 'flare') return flare(survey, rng, at, start)
  if (kind === 'grb') return orphan(rng, field, at, start)
  return explosion(kind, survey, rng, field, at, start, farthest)
}

interface Shape {
  readonly magnitudes: curves.Magnitudes
  readonly rise: number
  readonly last: number
}

function shapeOf(
  kind: Explosion,
  rng: Rng,
  z: number
): Shape & { shift: number; values: Record<string, number> } {
  if (kind === 'sn_ia') {
    const { ia, iaLuminosity } = EVENT_SHAPES
    const s = Math.max(ia.stretchRange[0], Math.min(ia.stretchRange[1], rng.normal(...ia.stretch)))
    const c = rng.normal(...ia.colour) + rng.exponential(ia.dust)
    const shift = iaLuminosity.perStretch * (s - 1) + iaLuminosity.perColour * c
    const magnitudes = curves.typeIa(s, c, z)
    return { magnitudes, rise: 17.5 * s * (1 + z), last: 120, shift, values: { s, c } }
  }
  return { ...plainShape(kind, rng), shift: 0, values: {} }
}

function plainShape(kind: Exclude<Explosion, 'sn_ia'>, rng: Rng): Shape {
  if (kind === 'sn_ii') return curves.typeII(rng)
  if (kind === 'sn_ibc') return curves.typeIbc(rng)
  const { iin, slsn, tde } = EVENT_SHAPES
  if (kind === 'sn_iin')
    return curves.slow(Math.max(8, rng.normal(...iin.rise)), iin.decline, ...iin.gr)
  if (kind === 'slsn')
    return curves.slow(Math.max(15, rng.normal(...slsn.rise)), slsn.decline, ...slsn.gr)
  if (kind === 'tde')
    return curves.disruption(Math.max(8, rng.normal(...tde.rise)), rng.between(...tde.t0))
  return curves.kilonova()
}

/** A real galaxy of about the right brightness within the field, if there is one. */
function realHost(survey: Survey, rng: Rng, field: Field, z: number) {
  if (z > 0.04) return null
  const galaxies = galaxiesIn(survey, field)
  if (galaxies.length === 0) return null
  const wanted = -20.3 + distanceModulus(z)
  const picks = Array.from({ length: 6 }, () => rng.pick(galaxies))
  return picks.toSorted((a, b) => Math.abs(a.mag - wanted) - Math.abs(b.mag - wanted))[0] ?? null
}

function explosion(
  kind: Explosion,
  survey: Survey,
  rng: Rng,
  field: Field,
  at: { ra: number; dec: number },
  start: number,
  farthest: (reach: number) => number
): Source {
  const { peak, scatter } = EXPLOSIONS[kind]
  const z = drawRedshift(farthest(reachOf(kind, survey)), rng.uniform())
  const shape = shapeOf(kind, rng, z)
  const absolute = peak + shape.shift + rng.normal(0, scatter)
  const host = realHost(survey, rng, field, z)
  const hostMag =
    host?.mag ??
    rng.normal(...EVENT_SHAPES.host.absolute) +
      distanceModulus(z) +
      (kind === 'slsn' ? EVENT_SHAPES.slsn.hostFainter : 0)
  const radius =
    host && host.size > 0 ? host.size / 2 : arcsecOf(rng.between(...EVENT_SHAPES.host.radius), z)
  const nuclear = kind === 'tde'
  const distance = nuclear
    ? rng.uniform() * EVENT_SHAPES.tde.offset
    : rng.exponential(EVENT_SHAPES.host.offset * radius)
  const angle = rng.between(0, 2 * Math.PI)
  const place = step(host ?? at, distance * Math.sin(angle), distance * Math.cos(angle))
  const peakMjd = start + shape.rise
  const level = absolute + distanceModulus(z)
  const dimming = (band: Band): number => extinction(field, band)
  return plain({
    cls: kind,
    ...place,
    delta: (band, mjd) => {
      const value = shape.magnitudes(band, mjd - peakMjd)
      return value === null ? 0 : fluxOf(level + value + dimming(band))
    },
    reference: () => 0,
    surroundings: nuclear ? 'nucleus' : 'galaxy',
    hostDistance: distance,
    hostMag,
    catalogue: distance < 1 && (host !== null || hostMag < 17.5) ? 'Galaxy' : null,
    from: start,
    to: peakMjd + shape.last,
    redshift: z,
    explosion: start,
    peak: peakMjd,
    host: host?.name ?? null,
    parameters: { absolute, ...shape.values, hubble: COSMOLOGY.hubble }
  })
}

/** Afterglow with no host to see. */
function orphan(rng: Rng, field: Field, at: { ra: number; dec: number }, start: number): Source {
  const alpha = Math.max(0.6, rng.normal(...EVENT_SHAPES.grb.alpha))
  const mag = rng.normal(...EVENT_SHAPES.grb.atOneDay)
  const { magnitudes, last } = curves.afterglow(alpha)
  return plain({
    cls: 'grb',
    ...at,
    delta: (band, mjd) => {
      const value = magnitudes(band, mjd - start)
      return value === null ? 0 : fluxOf(Math.max(13, mag + value + extinction(field, band)))
    },
    reference: () => 0,
    surroundings: 'nothing',
    from: start,
    to: start + last,
    redshift: 0.5 + rng.exponential(1),
    explosion: start,
    peak: start,
    parameters: { alpha, mag }
  })
}

/** Point-source point-lens microlensing of a blended star. */
function lensed(survey: Survey, rng: Rng, at: { ra: number; dec: number }, start: number): Source {
  const spec = EVENT_SHAPES.lens
  const u0 = rng.between(...spec.u0)
  const einstein = Math.min(spec.mostEinstein, Math.pow(10, rng.normal(...spec.logEinstein)))
  const blend = Math.abs(rng.normal(0, spec.blend))
  const [bright, faint] = spec.mags[survey]
  const mag = rng.powerLaw(bright, faint, spec.slope)
  const t0 = start + 1.7 * einstein
  const colours = starColours(mag, rng.normal(...spec.gr))
  return plain({
    cls: 'microlensing',
    ...at,
    delta: (band, mjd) => {
      const gain = magnification(Math.hypot(u0, (mjd - t0) / einstein)) - 1
      return (fluxOf(colours[band]) / (1 + blend)) * gain
    },
    reference: (band) => fluxOf(colours[band]),
    hostMag: mag,
    from: start,
    to: t0 + 1.7 * einstein,
    explosion: start,
    peak: t0,
    parameters: { u0, einstein, blend, mag }
  })
}

/** Paczynski magnification at `u` Einstein radii. */
export function magnification(u: number): number {
  return (u * u + 2) / (u * Math.sqrt(u * u + 4))
}

/** Flare of an M dwarf: two minutes up, twenty minutes of e-folding down. */
function flare(survey: Survey, rng: Rng, at: { ra: number; dec: number }, start: number): Source {
  const spec = EVENT_SHAPES.flare
  const { riseMinutes, decayMinutes } = spec
  const [bright, faint] = spec.mags[survey]
  const mag = rng.powerLaw(bright, faint, spec.slope)
  const amplitude = Math.pow(10, rng.between(...spec.logAmplitude))
  const colours = starColours(mag, spec.gr)
  const gain: Readonly<Record<Band, number>> = { u: 6, g: 3, r: 1, i: 0.5, z: 0.3, y: 0.2 }
  return plain({
    cls: 'flare',
    ...at,
    delta: (band, mjd) => {
      const minutes = (mjd - start) * 1440
      if (minutes < 0 || minutes > 240) return 0
      const shape =
        minutes < riseMinutes
          ? minutes / riseMinutes
          : Math.exp(-(minutes - riseMinutes) / decayMinutes)
      return fluxOf(colours[band]) * (Math.pow(10, 0.4 * amplitude * gain[band]) - 1) * shape
    },
    reference: (band) => fluxOf(colours[band]),
    hostMag: mag,
    from: start,
    to: start + 0.17,
    explosion: start,
    peak: start + riseMinutes / 1440,
    parameters: { mag, amplitude }
  })
}

/** A random place in a field. */
export function placeIn(field: Field, rng: Rng): { ra: number; dec: number } {
  return fromPlane(
    field,
    rng.between(-0.5, 0.5) * field.width,
    rng.between(-0.5, 0.5) * field.height
  )
}
