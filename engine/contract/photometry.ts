/**
 * Magnitudes and fluxes. Flux is in nJy, magnitudes are AB: `mag = 31.4 - 2.5 log10(flux)`.
 * Every function answers NaN where it cannot say; a module writes null for it.
 */

/** AB magnitude of 1 nJy, as LSST rounds it (3631 Jy gives 31.40007: 6e-5 in flux). */
export const AB_ZERO_POINT = 31.4

/** Magnitudes per relative flux: 2.5 / ln 10 = 1.0857. */
export const MAG_PER_RELATIVE_FLUX = 2.5 / Math.LN10

/** Pixel scale of the ZTF camera, arcsec. */
export const ZTF_PIXEL = 1.01

/**
 * How near (arcsec) a source of the reference image must be to lie under the alert: 1.5 ZTF pixels.
 * ZTF Science Data System Explanatory Supplement, section on transient photometry.
 */
export const REFERENCE_RADIUS = 1.5 * ZTF_PIXEL

/**
 * AB magnitude of a flux in nJy; NaN for zero and negative flux.
 *
 * @example
 * magFromFlux(1) // 31.4
 * magFromFlux(3631e9) // 0.000
 * magFromFlux(-20) // NaN
 */
export function magFromFlux(flux: number): number {
  return flux > 0 ? AB_ZERO_POINT - 2.5 * Math.log10(flux) : Number.NaN
}

/**
 * Flux in nJy of an AB magnitude.
 *
 * @example
 * fluxFromMag(31.4) // 1
 * fluxFromMag(23.9) // 1000.000
 */
export function fluxFromMag(mag: number): number {
  return 10 ** ((AB_ZERO_POINT - mag) / 2.5)
}

/**
 * Error of a magnitude (mag) from a flux and its error (nJy), first order; NaN unless flux > 0.
 *
 * @example
 * magErrFromFlux(1000, 100) // 0.10857
 * magErrFromFlux(0, 100) // NaN
 */
export function magErrFromFlux(flux: number, fluxErr: number): number {
  return flux > 0 ? (MAG_PER_RELATIVE_FLUX * fluxErr) / flux : Number.NaN
}

/**
 * Error of a flux (nJy) from that flux and the error of its magnitude (mag), first order.
 *
 * @example
 * fluxErrFromMag(1000, 0.1) // 92.10
 * fluxErrFromMag(-1000, 0.1) // 92.10
 */
export function fluxErrFromMag(flux: number, magErr: number): number {
  return (Math.abs(flux) * magErr) / MAG_PER_RELATIVE_FLUX
}

/**
 * True when a source of the reference image lies under the alert, so that its flux must be added to
 * the difference flux. `distance` in arcsec; false for NaN.
 *
 * @example
 * hasReferenceSource(0.4) // true
 * hasReferenceSource(1.6) // false
 * hasReferenceSource(Number.NaN) // false
 */
export function hasReferenceSource(distance: number): boolean {
  return distance >= 0 && distance <= REFERENCE_RADIUS
}

/**
 * Flux of the object itself (nJy), the "DC" flux: reference flux plus the signed difference flux.
 * May be zero or negative where the difference is noise.
 *
 * @example
 * dcFlux(-50, 200) // 150
 */
export function dcFlux(difference: number, reference: number): number {
  return reference + difference
}

/**
 * Error of `dcFlux` (nJy), the two errors taken as independent: an upper bound in practice.
 *
 * @example
 * dcFluxErr(3, 4) // 5
 */
export function dcFluxErr(differenceErr: number, referenceErr: number): number {
  return Math.sqrt(differenceErr * differenceErr + referenceErr * referenceErr)
}
