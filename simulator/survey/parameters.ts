import type { Band } from '../sky/flux.ts'

/**
 * Every number that shapes a survey: sites, exposures, noise, quality. "[m]" means measured on real packets;
 * "[k]" common knowledge of the field, a default; "tuned" set once so that the report (`npm run
 * sim:report`) meets the targets T1 to T9, which the README lists with their sources.
 */

/** Sites, telescopes and their exposures. */
export const SURVEYS = {
  ztf: {
    site: { latitude: 33.356, longitude: -116.863, height: 1712 },
    field: { width: 7.3, height: 7.2 },
    decRange: [-30, 85],
    bands: ['g', 'r'] as readonly Band[],
    airmassMax: 2.2,
    moonDistanceMin: 30,
    twilight: -15,
    slotSeconds: 40,
    pairMinutes: 50,
    exposureSeconds: 30,
    // A field belongs to one of these cadences for two months; same-band gaps [m], tuned.
    cadences: [
      { every: 1, share: 0.15 },
      { every: 2, share: 0.6 },
      { every: 3, share: 0.25 }
    ],
    // limit = depth + N(0, depthScatter) - moon * illumination - airmass * (X - 1) - clouds
    depth: { g: 20.88, r: 20.8, u: 0, i: 20.3, z: 0, y: 0 } as Record<Band, number>,
    depthScatter: 0.2,
    moonLoss: { g: 1.0, r: 0.75, u: 0, i: 0.5, z: 0, y: 0 } as Record<Band, number>,
    airmassLoss: 0.9,
    cloudChance: 0.12,
    cloudMean: 0.8,
    // Log-normal FWHM, pixels of 1.01 arcsec.
    seeing: { median: 2.3, sigma: 0.3 },
    pixel: 1.01,
    saturation: 12.5,
    historyDays: 30,
    start: 58178
  },
  lsst: {
    site: { latitude: -30.2446, longitude: -70.7494, height: 2663 },
    field: { width: 3.1, height: 3.1 },
    decRange: [-72, 5],
    bands: ['u', 'g', 'r', 'i', 'z', 'y'] as readonly Band[],
    airmassMax: 1.6,
    moonDistanceMin: 30,
    twilight: -12,
    slotSeconds: 34,
    pairMinutes: 33,
    exposureSeconds: 30,
    cadences: [
      { every: 2, share: 0.5 },
      { every: 3, share: 0.5 }
    ],
    // Single-visit depths [k].
    depth: { u: 23.8, g: 24.8, r: 24.4, i: 23.9, z: 23.3, y: 22.5 } as Record<Band, number>,
    depthScatter: 0.15,
    moonLoss: { u: 0.8, g: 0.7, r: 0.4, i: 0.25, z: 0.15, y: 0.1 } as Record<Band, number>,
    airmassLoss: 0.4,
    cloudChance: 0.1,
    cloudMean: 0.3,
    // Median delivered seeing 0.8 arcsec, pixels of 0.2 arcsec [k].
    seeing: { median: 4.2, sigma: 0.2 },
    pixel: 0.2,
    saturation: 15.5,
    historyDays: 365,
    start: 60800
  }
} as const

/** A quarter of the time is lost [k]; half of the nights lose part of it. */
export const WEATHER = { chance: 0.5, lossLow: 0.1, lossHigh: 0.9 }

/** Raw alerts a night at scale 1 (T1; LSST: 10 M) and typical exposures a night. */
export const NIGHTLY = {
  ztf: { alerts: 103000, exposures: 265 },
  lsst: { alerts: 10e6, exposures: 740 }
}

/** [m]: sigma^2 = (floor F)^2 + (sky F_limit)^2 + (k F_ref)^2 in flux. */
export const NOISE = {
  floor: 0.0184,
  // Errors where the sky dominates (20-21 mag) are 1.15 fifths of the limit [m].
  skyPerLimit: 0.23,
  // Measured 0.01-0.02; tuned down for T2.
  reference: [0.004, 0.011] as const,
  threshold: 5,
  // Detections reach this much below the limit [m].
  belowLimit: 0.3,
  // LSST (Ivezić et al. 2019): sigma^2 = 0.005^2 + (0.04 - gamma) x + gamma x^2.
  lsst: { floor: 0.005, gamma: 0.039 }
}

/** Astrometric jitter, arcsec: base * (1 + 10^(0.4 (m - 20))), Rayleigh. */
export const ASTROMETRY = { ztf: 0.09, lsst: 0.03 }

/** Quality and image diagnostics [m] (tuned where marked). */
export const QUALITY = {
  real: {
    rb: [4.5, 1.3] as const,
    rbBrightFactor: 0.8,
    rbBrightMag: 15,
    drbSure: 0.88,
    drbMean: 0.02,
    nbadZero: 0.96,
    classtar: [30, 1] as const
  },
  bogus: {
    // Beta(1.6, 5) fits all together. What is left of a star has nearly a star's shape and is taken for
    // one more often than a stray; tuned so that 3 % pass.
    rb: { residual: [1.6, 2.6] as const, stray: [1.6, 4] as const },
    drb: [0.3, 4] as const,
    nbadZero: 0.6,
    magdiff: 0.27
  },
  /** magdiff = sigma * (shift + width * t_4). */
  magdiff: { shift: 0.37, width: 0.98, freedom: 4 },
  sso: { elongation: 0.25 },
  /**
   * FWHM of a source over that of its image [m]: log-normal. Sources near the limit and on other
   * sources are often measured far off; none is sharper than `least` pixels.
   */
  fwhm: { sure: 0.5, narrow: 0.08, shift: 0.1, wide: 0.7, least: 1.2 },
  // aimage = size (fwhm / 2.4 px)^power [m].
  aimage: { size: 0.84, power: 0.6 }
}
