import { COSMOLOGY } from './parameters.ts'

const LIGHT = 299792.458
const STEP = 0.002
const STEPS = 1500

/** Comoving distance in Mpc at z = i * STEP. */
const comoving: readonly number[] = integrate()

function integrate(): number[] {
  const expansion = (z: number): number =>
    Math.sqrt(COSMOLOGY.matter * (1 + z) ** 3 + 1 - COSMOLOGY.matter)
  const table = [0]
  for (let i = 1; i <= STEPS; i++) {
    const middle = (i - 0.5) * STEP
    table.push((table[i - 1] ?? 0) + ((LIGHT / COSMOLOGY.hubble) * STEP) / expansion(middle))
  }
  return table
}

function comovingDistance(z: number): number {
  const at = Math.min(STEPS - 1, Math.max(0, z / STEP))
  const low = Math.floor(at)
  const here = comoving[low] ?? 0
  return here + ((comoving[low + 1] ?? here) - here) * (at - low)
}

/** Distance modulus, mag. */
export function distanceModulus(z: number): number {
  return 5 * Math.log10(Math.max(1e-6, comovingDistance(z) * (1 + z))) + 25
}

/** Arcsec of a proper length in kpc. */
export function arcsecOf(kpc: number, z: number): number {
  return (kpc / 1000 / Math.max(0.1, comovingDistance(z) / (1 + z))) * 206265
}

/** Comoving volume of the whole sky out to z, Mpc^3. */
export function volume(z: number): number {
  return (4 / 3) * Math.PI * comovingDistance(z) ** 3
}

/** The redshift out to which a source of an absolute magnitude is brighter than `limit`. */
export function horizon(absolute: number, limit: number): number {
  let low = 0.001
  let high = STEP * (STEPS - 1)
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2
    if (absolute + distanceModulus(middle) < limit) low = middle
    else high = middle
  }
  return low
}

/** A redshift below `most` with probability proportional to comoving volume; `u` uniform in [0, 1). */
export function drawRedshift(most: number, u: number): number {
  const target = comovingDistance(most) * Math.cbrt(u)
  let low = 0
  let high = most
  for (let i = 0; i < 30; i++) {
    const middle = (low + high) / 2
    if (comovingDistance(middle) < target) low = middle
    else high = middle
  }
  return Math.max(0.001, (low + high) / 2)
}
