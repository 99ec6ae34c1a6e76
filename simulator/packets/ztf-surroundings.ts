import { arcsecAround } from './neighbours.ts'
import { FOOTPRINT } from '../population/parameters.ts'
import { magFromFlux } from '../../engine/contract/index.ts'
import { round } from '../sky/flux.ts'
import type { Band } from '../sky/flux.ts'
import type { RecordValues } from './avro-writer.ts'
import type { SkyObject } from '../population/objects.ts'
import { Rng, keyOf } from '../sky/random.ts'
import { separation, step } from '../sky/sky.ts'

/** The nearest source of the reference catalogue. */
export interface Neighbour {
  readonly ra: number
  readonly dec: number
  readonly mag: number
  readonly sigma: number
  readonly chi: number
  readonly sharp: number
}

/** DAOPhot numbers of the nearest reference source in a band. */
export function neighbour(object: SkyObject, band: Band): Neighbour {
  const rng = new Rng(keyOf(object.key, 'neighbour', band))
  const place = new Rng(keyOf(object.key, 'place'))
  const { surroundings } = object
  const point = surroundings === 'star' || surroundings === 'quasar'
  const own = object.reference(band)
  const angle = place.between(0, 2 * Math.PI)
  const distance =
    point && own > 0 ? 0 : surroundings === 'nothing' ? place.between(2, 18) : object.hostDistance
  const at = step(object, distance * Math.sin(angle), distance * Math.cos(angle))
  const faint = surroundings === 'nothing' ? place.between(17, 23) : object.hostMag + 0.3
  const mag = Math.max(12.5, Math.min(23.3, own > 0 ? magFromFlux(own) : faint))
  const blurred = surroundings === 'galaxy' || surroundings === 'nucleus'
  return {
    ra: round(at.ra, 7),
    dec: round(at.dec, 7),
    mag: round(mag, 3),
    sigma: round(0.01 + 0.3 * Math.pow(10, 0.4 * Math.min(0, mag - 23)) + 0.006 * rng.gamma(2), 3),
    chi: round(blurred ? 1 + rng.gamma(2) : 0.2 + rng.gamma(2.5) * 0.18, 3),
    sharp: round(blurred ? Math.min(1.3, 0.1 + rng.exponential(0.3)) : rng.normal(0, 0.05), 3)
  }
}

const NONE = -999

interface Pan {
  readonly distance: number
  readonly id: number
  readonly score: number
  readonly mags: readonly [number, number, number, number]
}

/** Pan-STARRS1 sources within 30 arcsec of a measured position, nearest first. */
function panStarrs(object: SkyObject, ra: number, dec: number): { near: Pan[]; count: number } {
  const rng = new Rng(keyOf(object.key, 'ps1'))
  const density = 4.2 + 34 * (FOOTPRINT.thin(object.field.glat) - 0.04)
  const near = arcsecAround(rng, density, 30).map((distance) =>
    panSource(object, rng, distance, false)
  )
  const own = ownCounterpart(object, rng, ra, dec)
  const sources = own ? [own, ...near] : near
  sources.sort((a, b) => a.distance - b.distance)
  return { near: sources.slice(0, 3), count: sources.length }
}

function ownCounterpart(object: SkyObject, rng: Rng, ra: number, dec: number): Pan | null {
  if (object.surroundings === 'nothing') return null
  const { hostDistance } = object
  if (hostDistance > 30 || object.hostMag > 23.3) return null
  const jitter = separation({ ra, dec }, object) * 3600
  return panSource(object, rng, Math.max(0.01, Math.hypot(hostDistance, jitter)), true)
}

function panSource(object: SkyObject, rng: Rng, distance: number, own: boolean): Pan {
  const r = own ? Math.max(12.5, object.hostMag) : rng.powerLaw(16, 22.3, 0.25)
  const gr = rng.normal(0.7, 0.4)
  const missing = (mag: number): number => (rng.chance(0.07) ? NONE : round(mag, 4))
  return {
    distance,
    id: Math.floor((object.dec + 90) * 1.2) * 1e15 + rng.int(1e15),
    score: starScore(object, rng, own),
    mags: [missing(r + gr), missing(r), missing(r - 0.35 * gr), missing(r - 0.5 * gr)]
  }
}

/** Star-galaxy score: stars 0.9-1, galaxies 0-0.3, exactly 0.5 without information. */
function starScore(object: SkyObject, rng: Rng, own: boolean): number {
  if (rng.chance(own ? 0.1 : 0.28)) return 0.5
  const { surroundings } = object
  if (own && surroundings === 'quasar') return rng.between(0.3, 0.95)
  const galaxy = own ? surroundings === 'galaxy' || surroundings === 'nucleus' : rng.chance(0.5)
  return galaxy ? 0.3 * rng.uniform() ** 2 : 1 - 0.1 * rng.uniform() ** 2
}

/** PS1, Gaia and Solar System fields of `candidate`; -999 and the string "null" mean none, as in real packets. */
export function context(object: SkyObject, ra: number, dec: number): RecordValues {
  const { near, count } = panStarrs(object, ra, dec)
  const values: Record<string, number | string> = { nmtchps: count }
  for (let i = 0; i < 3; i++) {
    const source = near[i]
    const n = i + 1
    values[`objectidps${n}`] = source?.id ?? NONE
    values[`sgscore${n}`] = source?.score ?? NONE
    values[`distpsnr${n}`] = source?.distance ?? NONE
    const mags = source?.mags ?? [NONE, NONE, NONE, NONE]
    for (const [at, band] of ['g', 'r', 'i', 'z'].entries()) {
      values[`s${band}mag${n}`] = mags[at] ?? NONE
    }
  }
  return { ...values, ...gaia(object, ra, dec), ...solarSystem(object) }
}

/** Gaia DR1 neighbours within 90 arcsec. */
function gaia(object: SkyObject, ra: number, dec: number): RecordValues {
  const rng = new Rng(keyOf(object.key, 'gaia'))
  const density = 14 + 120 * (FOOTPRINT.thin(object.field.glat) - 0.04)
  const own = object.surroundings === 'star' || object.surroundings === 'quasar'
  const self = own && object.hostMag < 20.7 ? separation({ ra, dec }, object) * 3600 : Infinity
  const field = rng.chance(0.02) ? Infinity : (arcsecAround(rng, density, 90)[0] ?? Infinity)
  const nearest = Math.min(self, field)
  const mag = nearest === self ? object.hostMag : rng.powerLaw(13, 20.7, 0.25)
  const bright = mag < 14 ? nearest : (arcsecAround(rng, density * 0.02, 90)[0] ?? Infinity)
  const none = !Number.isFinite(nearest)
  return {
    neargaia: none ? NONE : nearest,
    maggaia: none ? NONE : mag,
    neargaiabright: Number.isFinite(bright) ? bright : NONE,
    maggaiabright: Number.isFinite(bright) ? (mag < 14 ? mag : rng.between(9, 14)) : NONE
  }
}

function solarSystem(object: SkyObject): RecordValues {
  const { moving } = object
  if (!moving?.known) return { ssdistnr: NONE, ssmagnr: NONE, ssnamenr: 'null' }
  return {
    ssdistnr: Math.round(Math.hypot(moving.offset.east, moving.offset.north)),
    ssmagnr: round(moving.predicted + 0.3, 1),
    ssnamenr: moving.designation.replace(' ', '')
  }
}
