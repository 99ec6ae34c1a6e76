const RAD = Math.PI / 180

/** A direction, J2000, degrees. */
export interface Direction {
  readonly ra: number
  readonly dec: number
}

type Matrix = readonly [readonly number[], readonly number[], readonly number[]]

/** Rotation from equatorial J2000 to galactic (Hipparcos, ESA 1997, vol. 1, 1.5.3). */
const TO_GALACTIC: Matrix = [
  [-0.0548755604, -0.8734370902, -0.4838350155],
  [0.4941094279, -0.44482963, 0.7469822445],
  [-0.867666149, -0.1980763734, 0.4559837762]
]
const OBLIQUITY = 23.4392911 * RAD

function rotate(matrix: Matrix, at: Direction): { lon: number; lat: number } {
  const cosDec = Math.cos(at.dec * RAD)
  const v = [cosDec * Math.cos(at.ra * RAD), cosDec * Math.sin(at.ra * RAD), Math.sin(at.dec * RAD)]
  const [x, y, z] = matrix.map((row) => row.reduce((sum, m, i) => sum + m * (v[i] ?? 0), 0))
  const lon = Math.atan2(y ?? 0, x ?? 0) / RAD
  return { lon: (lon + 360) % 360, lat: Math.asin(Math.max(-1, Math.min(1, z ?? 0))) / RAD }
}

/**
 * Galactic longitude and latitude, deg. `engine/table/sky.ts` answers the same to 1e-7 deg; in other
 * last bits, and the bytes that a seed has always made must stay.
 */
export function galactic(at: Direction): { lon: number; lat: number } {
  return rotate(TO_GALACTIC, at)
}

const TO_ECLIPTIC: Matrix = [
  [1, 0, 0],
  [0, Math.cos(OBLIQUITY), Math.sin(OBLIQUITY)],
  [0, -Math.sin(OBLIQUITY), Math.cos(OBLIQUITY)]
]

/** Ecliptic longitude and latitude, deg. */
export function ecliptic(at: Direction): { lon: number; lat: number } {
  return rotate(TO_ECLIPTIC, at)
}

/** Angle between two directions, deg. */
export function separation(a: Direction, b: Direction): number {
  const sinDec = Math.sin(((b.dec - a.dec) * RAD) / 2)
  const sinRa = Math.sin(((b.ra - a.ra) * RAD) / 2)
  const h = sinDec * sinDec + Math.cos(a.dec * RAD) * Math.cos(b.dec * RAD) * sinRa * sinRa
  return (2 * Math.asin(Math.min(1, Math.sqrt(h)))) / RAD
}

/** The point at tangent-plane offsets (deg, east and north) from a centre. */
export function fromPlane(centre: Direction, east: number, north: number): Direction {
  const x = east * RAD
  const y = north * RAD
  const rho = Math.hypot(x, y)
  if (rho === 0) return { ra: centre.ra, dec: centre.dec }
  const c = Math.atan(rho)
  const d0 = centre.dec * RAD
  const sin = Math.cos(c) * Math.sin(d0) + (y * Math.sin(c) * Math.cos(d0)) / rho
  const ra = Math.atan2(
    x * Math.sin(c),
    rho * Math.cos(d0) * Math.cos(c) - y * Math.sin(d0) * Math.sin(c)
  )
  return { ra: wrap(centre.ra + ra / RAD), dec: Math.asin(Math.max(-1, Math.min(1, sin))) / RAD }
}

/** Tangent-plane offsets (deg, east and north) of a point from a centre; null on the far side. */
export function toPlane(centre: Direction, at: Direction): { east: number; north: number } | null {
  const d = at.dec * RAD
  const d0 = centre.dec * RAD
  const da = (at.ra - centre.ra) * RAD
  const cos = Math.sin(d0) * Math.sin(d) + Math.cos(d0) * Math.cos(d) * Math.cos(da)
  if (cos <= 0.1) return null
  return {
    east: (Math.cos(d) * Math.sin(da)) / cos / RAD,
    north: (Math.cos(d0) * Math.sin(d) - Math.sin(d0) * Math.cos(d) * Math.cos(da)) / cos / RAD
  }
}

/** A small step on the sky: offsets in arcsec, east and north. */
export function step(at: Direction, east: number, north: number): Direction {
  return {
    ra: wrap(at.ra + east / 3600 / Math.max(0.01, Math.cos(at.dec * RAD))),
    dec: Math.max(-90, Math.min(90, at.dec + north / 3600))
  }
}

export function wrap(degrees: number): number {
  return ((degrees % 360) + 360) % 360
}

/** Greenwich mean sidereal time, deg (IAU 1982, to 0.1 s). */
export function siderealTime(mjd: number): number {
  return wrap(280.46061837 + 360.98564736629 * (mjd - 51544.5))
}

/** Sine of the altitude of a direction seen from a site. */
export function sinAltitude(
  at: Direction,
  site: { latitude: number; longitude: number },
  mjd: number
): number {
  const hour = (siderealTime(mjd) + site.longitude - at.ra) * RAD
  const lat = site.latitude * RAD
  return (
    Math.sin(lat) * Math.sin(at.dec * RAD) + Math.cos(lat) * Math.cos(at.dec * RAD) * Math.cos(hour)
  )
}
