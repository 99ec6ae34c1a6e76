const RAD = Math.PI / 180
const POLE_RA = 192.85948 * RAD
const POLE_DEC = 27.12825 * RAD
const NODE = 122.93192 * RAD
const SIN_POLE = Math.sin(POLE_DEC)
const COS_POLE = Math.cos(POLE_DEC)

/** Galactic longitude [0, 360) and latitude in degrees, from J2000 degrees (Hipparcos catalogue, vol. 1, 1.5.3). */
export function galactic(ra: number, dec: number): [number, number] {
  const alpha = ra * RAD - POLE_RA
  const sinDec = Math.sin(dec * RAD)
  const cosDec = Math.cos(dec * RAD)
  const sinB = SIN_POLE * sinDec + COS_POLE * cosDec * Math.cos(alpha)
  const y = cosDec * Math.sin(alpha)
  const x = COS_POLE * sinDec - SIN_POLE * cosDec * Math.cos(alpha)
  const longitude = (NODE - Math.atan2(y, x)) / RAD
  return [((longitude % 360) + 360) % 360, Math.asin(Math.max(-1, Math.min(1, sinB))) / RAD]
}
