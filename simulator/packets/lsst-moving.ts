import type { RecordValues } from './avro-writer.ts'
import { earth, heliocentric } from '../population/asteroids.ts'
import { diaSourceId, ssObjectId } from './lsst-identifiers.ts'
import type { MovingSource, SkyObject } from '../population/objects.ts'
import type { Measurement } from '../observe/photometry.ts'
import { ecliptic, galactic } from '../sky/sky.ts'

type Vector = readonly [number, number, number]

const STEP = 0.01

function difference(a: Vector, b: Vector, over: number): Vector {
  return [(a[0] - b[0]) / over, (a[1] - b[1]) / over, (a[2] - b[2]) / over]
}

function radial(position: Vector, velocity: Vector): number {
  const dot = position[0] * velocity[0] + position[1] * velocity[1] + position[2] * velocity[2]
  return dot / Math.hypot(...position)
}

/** A row of ssSource: positions in au, velocities in au a day, angles in degrees. */
export function movingValues(
  object: SkyObject,
  moving: MovingSource,
  found: Measurement
): RecordValues {
  const { mjd } = found.exposure
  const { orbit, helio, topo, range, offset, rate } = moving
  const velocity = difference(heliocentric(orbit, mjd + STEP), helio, STEP)
  const ours = difference(earth(mjd + STEP), earth(mjd), STEP)
  const relative = difference(velocity, ours, 1)
  const there = ecliptic(object)
  const inGalaxy = galactic(object)
  const sun = Math.hypot(...difference(helio, topo, 1))
  const cos = (range.topo ** 2 + sun ** 2 - range.helio ** 2) / (2 * range.topo * sun)
  const cosDec = Math.cos((object.dec * Math.PI) / 180)
  const vector = (name: string, [x, y, z]: Vector): RecordValues => ({
    [`${name}x`]: x,
    [`${name}y`]: y,
    [`${name}z`]: z
  })
  return {
    diaSourceId: diaSourceId(object, found.exposure),
    ssObjectId: ssObjectId(moving.packed),
    designation: moving.designation,
    eclLambda: there.lon,
    eclBeta: there.lat,
    galLon: inGalaxy.lon,
    galLat: inGalaxy.lat,
    elongation: (Math.acos(Math.max(-1, Math.min(1, cos))) * 180) / Math.PI,
    phaseAngle: range.phase,
    topoRange: range.topo,
    topoRangeRate: radial(topo, relative),
    helioRange: range.helio,
    helioRangeRate: radial(helio, velocity),
    ephRa: object.ra + offset.east / 3600 / Math.max(0.01, cosDec),
    ephDec: object.dec + offset.north / 3600,
    ephVmag: moving.predicted,
    ephRate: Math.hypot(rate.ra * cosDec, rate.dec),
    ephRateRa: rate.ra * cosDec,
    ephRateDec: rate.dec,
    ephOffset: Math.hypot(offset.east, offset.north),
    ephOffsetRa: offset.east,
    ephOffsetDec: offset.north,
    ...vector('helio_', helio),
    ...vector('helio_v', velocity),
    helio_vtot: Math.hypot(...velocity),
    ...vector('topo_', topo),
    ...vector('topo_v', relative),
    topo_vtot: Math.hypot(...relative),
    diaDistanceRank: 1
  }
}

/** A row of mpc_orbits. */
export function orbitValues(moving: MovingSource): RecordValues {
  const { orbit } = moving
  return {
    id: 0,
    designation: moving.designation,
    packed_primary_provisional_designation: moving.packed,
    unpacked_primary_provisional_designation: moving.designation,
    a: orbit.a,
    q: orbit.a * (1 - orbit.e),
    e: orbit.e,
    i: orbit.i,
    node: orbit.node,
    argperi: orbit.argperi,
    mean_anomaly: orbit.meanAnomaly,
    period: 365.25 * Math.pow(orbit.a, 1.5),
    epoch_mjd: orbit.epoch,
    h: orbit.h,
    g: 0.15
  }
}
