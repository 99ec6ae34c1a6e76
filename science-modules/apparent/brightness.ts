import {
  dcFlux,
  dcFluxErr,
  fluxErrFromMag,
  fluxFromMag,
  magErrFromFlux,
  magFromFlux
} from '#contract'

/** Flux of the object itself with its error, nJy. */
export interface Flux {
  readonly flux: number
  readonly fluxErr: number | null
}

/** Magnitude of the reference source as ZTF sends it; 0 and below mean that there is none. */
export function referenceFlux(magnr: number | null, sigmagnr: number | null): Flux | null {
  if (magnr === null || magnr < 0) return null
  const flux = fluxFromMag(magnr)
  return {
    flux,
    fluxErr: sigmagnr === null || sigmagnr < 0 ? null : fluxErrFromMag(flux, sigmagnr)
  }
}

/** Star-like by DAOPhot: `0.5 <= chi <= 1.5` or `|sharp| <= 0.5`; true when neither was sent. */
export function isPointLike(chi: number | null, sharp: number | null): boolean {
  if (chi === null && sharp === null) return true
  return (chi !== null && chi >= 0.5 && chi <= 1.5) || (sharp !== null && Math.abs(sharp) <= 0.5)
}

/** Sum of reference and difference; the error is null where either error is. */
export function addFlux(difference: Flux, reference: Flux): Flux {
  const known = difference.fluxErr !== null && reference.fluxErr !== null
  return {
    flux: dcFlux(difference.flux, reference.flux),
    fluxErr: known ? dcFluxErr(difference.fluxErr, reference.fluxErr) : null
  }
}

/** AB magnitude and its error; null where flux is not positive or the error is unknown. */
export function magnitudeOf({ flux, fluxErr }: Flux): {
  mag: number | null
  magErr: number | null
} {
  if (!(flux > 0)) return { mag: null, magErr: null }
  return { mag: magFromFlux(flux), magErr: fluxErr === null ? null : magErrFromFlux(flux, fluxErr) }
}
