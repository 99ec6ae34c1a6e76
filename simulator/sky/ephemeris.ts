import { Body, Equator, MakeTime, Observer } from 'astronomy-engine'
import { momentOf } from '../../engine/table/time.ts'
import { separation, siderealTime, sinAltitude, wrap } from './sky.ts'
import type { Direction } from './sky.ts'

const RAD = Math.PI / 180

interface Site {
  readonly latitude: number
  readonly longitude: number
  readonly height: number
}

/** The dark part of one night at one site, and the Moon in it. Times in MJD UTC. */
export interface Darkness {
  readonly begin: number
  readonly end: number
  readonly middle: number
  readonly moon: Direction
  /** Illuminated fraction, 0 new to 1 full. */
  readonly illumination: number
}

/** Right ascension in degrees. */
function directionOf(body: { ra: number; dec: number }): Direction {
  return { ra: body.ra * 15, dec: body.dec }
}

/** The night whose local midnight falls in the day `mjd` (integer) of UTC, from twilight to twilight. */
export function darkness(mjd: number, site: Site, twilight: number): Darkness {
  const middle = mjd + wrap(-site.longitude) / 360
  const observer = new Observer(site.latitude, site.longitude, site.height)
  const time = MakeTime(momentOf(middle))
  const sun = Equator(Body.Sun, time, observer, false, true)
  const moon = Equator(Body.Moon, time, observer, false, true)
  const toTransit = wrap(sun.ra * 15 + 180 - siderealTime(middle) - site.longitude + 180) - 180
  const centre = middle + toTransit / 360.9856
  const half = halfNight(site.latitude, sun.dec, twilight) / 360.9856
  return {
    begin: centre - half,
    end: centre + half,
    middle: centre,
    moon: directionOf(moon),
    // The angle at the Moon is 180 degrees less the elongation, to 0.15 degrees.
    illumination: (1 - Math.cos(separation(directionOf(sun), directionOf(moon)) * RAD)) / 2
  }
}

/** Half the length of the night, in degrees of hour angle; at least one hour. */
function halfNight(latitude: number, sunDec: number, twilight: number): number {
  const lat = latitude * RAD
  const dec = sunDec * RAD
  const cos =
    (Math.sin(twilight * RAD) - Math.sin(lat) * Math.sin(dec)) / (Math.cos(lat) * Math.cos(dec))
  return Math.max(15, 180 - Math.acos(Math.max(-1, Math.min(1, cos))) / RAD)
}

/** Airmass (plane parallel); infinite below 3 degrees. */
export function airmass(at: Direction, site: Site, mjd: number): number {
  const sin = sinAltitude(at, site, mjd)
  return sin > 0.05 ? 1 / sin : Infinity
}

/** True when the Moon is above the horizon. */
export function moonIsUp(dark: Darkness, site: Site, mjd: number): boolean {
  return sinAltitude(dark.moon, site, mjd) > 0
}
