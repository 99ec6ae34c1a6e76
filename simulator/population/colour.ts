import type { Band } from '../sky/flux.ts'

/** Magnitudes in the six bands from r and g - r. */
export type Colours = Readonly<Record<Band, number>>

/** A star-like locus: u, i, z, y follow g - r (Covey et al. 2007, straight-line form [k]). */
export function starColours(r: number, gr: number): Colours {
  return {
    u: r + gr + 0.7 + 1.1 * Math.max(0, gr),
    g: r + gr,
    r,
    i: r - 0.36 * gr,
    z: r - 0.52 * gr,
    y: r - 0.6 * gr
  }
}

/** Scales an amplitude given in r to another band: hot pulsators vary more in the blue. */
export function amplitudeFactor(band: Band, inG: number): number {
  if (band === 'r') return 1
  if (band === 'g') return inG
  if (band === 'u') return 1 + 1.3 * (inG - 1)
  if (band === 'i') return 1 - 0.45 * (inG - 1)
  return 1 - 0.65 * (inG - 1)
}
