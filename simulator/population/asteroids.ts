import { fluxOf } from '../sky/flux.ts'
import { Body, HelioVector, MakeTime } from 'astronomy-engine'
import { momentOf } from '../../engine/table/time.ts'
import { ASTEROIDS } from './parameters.ts'
import { starColours } from './colour.ts'
import { plain } from './objects.ts'
import type { Orbit, Source } from './objects.ts'
import { Rng, keyOf } from '../sky/random.ts'
import { wrap } from '../sky/sky.ts'
import type { Survey } from '../../engine/contract/index.ts'

const RAD = Math.PI / 180
/** Gaussian gravitational constant, degrees a day at 1 au. */
const GAUSS = 0.9856076686
const EPOCH = 61000
const OBLIQUITY = 23.4392911 * RAD

type Vector = readonly [number, number, number]

interface Asteroid {
  readonly index: number
  readonly key: number
  readonly orbit: Orbit
}

/** The whole belt; each asteroid depends on the seed and its number alone. */
export function belt(survey: Survey, seed: number, scale: number): readonly Asteroid[] {
  const count = Math.round(ASTEROIDS.count[survey] * scale)
  return Array.from({ length: count }, (_, index) => {
    const key = keyOf(seed, survey, 'asteroid', index)
    return { index, key, orbit: drawOrbit(new Rng(key), survey) }
  })
}

function drawOrbit(rng: Rng, survey: Survey): Orbit {
  const [low = 2, high = 3] = ASTEROIDS.semiMajor
  return {
    a: rng.between(low, high),
    e: Math.min(0.4, rng.rayleigh(ASTEROIDS.eccentricity)),
    i: rng.rayleigh(ASTEROIDS.inclination),
    node: rng.between(0, 360),
    argperi: rng.between(0, 360),
    meanAnomaly: rng.between(0, 360),
    epoch: EPOCH,
    h: rng.powerLaw(...ASTEROIDS.h[survey], ASTEROIDS.slope)
  }
}

/** The Sun-centred position, au, equatorial J2000, of an orbit at a moment. */
export function heliocentric(orbit: Orbit, mjd: number): Vector {
  const motion = GAUSS / Math.pow(orbit.a, 1.5)
  const m = wrap(orbit.meanAnomaly + motion * (mjd - orbit.epoch)) * RAD
  let anomaly = m
  for (let i = 0; i < 6; i++) {
    anomaly -= (anomaly - orbit.e * Math.sin(anomaly) - m) / (1 - orbit.e * Math.cos(anomaly))
  }
  const x = orbit.a * (Math.cos(anomaly) - orbit.e)
  const y = orbit.a * Math.sqrt(1 - orbit.e ** 2) * Math.sin(anomaly)
  const w = orbit.argperi * RAD
  const node = orbit.node * RAD
  const cosI = Math.cos(orbit.i * RAD)
  const u = x * Math.cos(w) - y * Math.sin(w)
  const v = x * Math.sin(w) + y * Math.cos(w)
  const ex = u * Math.cos(node) - v * cosI * Math.sin(node)
  const ey = u * Math.sin(node) + v * cosI * Math.cos(node)
  const ez = v * Math.sin(orbit.i * RAD)
  return [
    ex,
    ey * Math.cos(OBLIQUITY) - ez * Math.sin(OBLIQUITY),
    ey * Math.sin(OBLIQUITY) + ez * Math.cos(OBLIQUITY)
  ]
}

/** The Earth's position, au, equatorial J2000. */
export function earth(mjd: number): Vector {
  const vector = HelioVector(Body.Earth, MakeTime(momentOf(mjd)))
  return [vector.x, vector.y, vector.z]
}

export interface Ephemeris {
  readonly ra: number
  readonly dec: number
  /** Apparent magnitude in the H system, from H and distances, no phase slope beyond 0.035 mag/deg. */
  readonly mag: number
  readonly helio: number
  readonly topo: number
  readonly phase: number
  readonly sun: Vector
  readonly seen: Vector
}

export function ephemeris(orbit: Orbit, mjd: number, from: Vector): Ephemeris {
  const sun = heliocentric(orbit, mjd)
  const seen: Vector = [sun[0] - from[0], sun[1] - from[1], sun[2] - from[2]]
  const topo = Math.hypot(...seen)
  const helio = Math.hypot(...sun)
  const cosPhase = (sun[0] * seen[0] + sun[1] * seen[1] + sun[2] * seen[2]) / (topo * helio)
  const phase = Math.acos(Math.max(-1, Math.min(1, cosPhase))) / RAD
  return {
    ra: wrap(Math.atan2(seen[1], seen[0]) / RAD),
    dec: Math.asin(seen[2] / topo) / RAD,
    mag: orbit.h + 5 * Math.log10(helio * topo) + 0.035 * phase,
    helio,
    topo,
    phase,
    sun,
    seen
  }
}

/** Provisional designation and its packed form, unique to an asteroid's number (MPC packing). */
export function designation(index: number): { name: string; packed: string } {
  const halfMonths = 'ABCDEFGHJKLMNOPQRSTUVWXY'
  const order = 'ABCDEFGHJKLMNOPQRSTUVWXYZ'
  const letter = (list: string, at: number): string => list.charAt(at % list.length)
  const half = letter(halfMonths, index)
  const second = letter(order, Math.floor(index / 24))
  const rest = Math.floor(index / 600)
  const year = 1995 + (rest % 30)
  const cycle = Math.floor(rest / 30) % 620
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  const century = year < 2000 ? 'J' : 'K'
  const yy = String(year % 100).padStart(2, '0')
  return {
    name: `${year} ${half}${second}${cycle === 0 ? '' : cycle}`,
    packed: `${century}${yy}${half}${digits.charAt(Math.floor(cycle / 10))}${cycle % 10}${second}`
  }
}

/** An asteroid as the source it is at one moment. */
export function asAsteroid(asteroid: Asteroid, mjd: number, from: Vector): Source {
  const { orbit, index, key } = asteroid
  const now = ephemeris(orbit, mjd, from)
  const later = ephemeris(orbit, mjd + 0.01, earth(mjd + 0.01))
  const rng = new Rng(keyOf(key, 'known'))
  const known = rng.chance(ASTEROIDS.known)
  const angle = rng.between(0, 2 * Math.PI)
  const miss = rng.rayleigh(0.5)
  // V - r is about 0.2 for these colours.
  const colours = starColours(now.mag - 0.2, ASTEROIDS.gr)
  const { name, packed } = designation(index)
  return plain({
    cls: 'sso',
    ra: now.ra,
    dec: now.dec,
    delta: (band) => fluxOf(colours[band]),
    reference: () => 0,
    surroundings: 'nothing',
    from: mjd,
    to: mjd,
    parameters: { designation: name, ...orbit },
    moving: {
      designation: name,
      packed,
      known,
      predicted: now.mag,
      offset: { east: miss * Math.sin(angle), north: miss * Math.cos(angle) },
      rate: { ra: (later.ra - now.ra) * 100, dec: (later.dec - now.dec) * 100 },
      orbit,
      range: { helio: now.helio, topo: now.topo, phase: now.phase },
      helio: now.sun,
      topo: now.seen
    }
  })
}
