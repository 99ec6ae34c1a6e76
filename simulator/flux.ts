/** AB magnitude zero point of a flux in nJy. Source: LSST DPDD; 3631 Jy is magnitude 0. */
export const ZERO_POINT = 31.4

/** Flux in nJy of an AB magnitude. */
export function fluxOf(mag: number): number {
  return Math.pow(10, 0.4 * (ZERO_POINT - mag))
}

/** AB magnitude of a positive flux in nJy. */
export function magOf(flux: number): number {
  return ZERO_POINT - 2.5 * Math.log10(flux)
}

/** Magnitudes per natural unit of relative flux error: 2.5 / ln 10. */
export const POGSON = 2.5 / Math.LN10

export type Band = 'u' | 'g' | 'r' | 'i' | 'z' | 'y'

/** The first Julian date of MJD 0. */
export const MJD_ZERO = 2400000.5

/** Cuts a number to so many decimals: the surveys' own tables do. */
export function round(value: number, decimals: number): number {
  const scale = Math.pow(10, decimals)
  return Math.round(value * scale) / scale
}
