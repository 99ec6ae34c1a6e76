import type { Survey } from '../../engine/contract/index.ts'
import type { Band } from '../sky/flux.ts'

/** Every number that shapes what is in the sky; the marks are those of `survey/parameters.ts`. */

/** Flat Lambda-CDM [k], km/s/Mpc. */
export const COSMOLOGY = { hubble: 70, matter: 0.3 }

/** E(B-V) = min(1.5, 0.04 / |sin b|); A_band = R E(B-V) [k]. */
export const EXTINCTION = {
  perSin: 0.04,
  most: 1.5,
  ratio: { u: 4.1, g: 3.17, r: 2.27, i: 1.68, z: 1.32, y: 1.09 } as Record<Band, number>
}

/** Footprint weights by galactic latitude b or ecliptic latitude beta, deg. */
export const FOOTPRINT = {
  star: (b: number): number => 0.15 + Math.exp(-Math.abs(b) / 10),
  thin: (b: number): number => 0.04 + Math.exp(-Math.abs(b) / 6),
  halo: (b: number): number => 0.3 + Math.exp(-Math.abs(b) / 25),
  outside: (b: number): number => (Math.abs(b) < 5 ? 0.2 : 1)
}

export type VariableClass =
  | 'rrlyr'
  | 'eclipsing'
  | 'mira'
  | 'delta_sct'
  | 'cepheid'
  | 'rotator'
  | 'yso'
  | 'agn'
  | 'cv'

interface VariableSpec {
  /** Objects per square degree where the footprint weight is 1. */
  readonly perDegree: Record<Survey, number>
  readonly footprint: keyof typeof FOOTPRINT
  /** Range of mean r magnitudes; dN/dm goes as 10^(slope m). */
  readonly mags: Record<Survey, readonly [number, number]>
  readonly slope: number
  /** SIMBAD labels, and where half of the class is catalogued: mean mag and amplitude. */
  readonly labels: readonly string[]
  readonly known: { readonly mag: number; readonly amplitude: number }
}

export const VARIABLES: Readonly<Record<VariableClass, VariableSpec>> = {
  rrlyr: {
    perDegree: { ztf: 0.54, lsst: 24 },
    footprint: 'halo',
    mags: { ztf: [13, 16.8], lsst: [16, 24] },
    slope: 0.12,
    labels: ['RRLyr', 'RRLyr', 'RRLyr', 'Candidate_RRLyr'],
    known: { mag: 16.1, amplitude: 0.22 }
  },
  eclipsing: {
    perDegree: { ztf: 260, lsst: 1900 },
    footprint: 'thin',
    mags: { ztf: [12.8, 17.6], lsst: [16, 23] },
    slope: 0.2,
    labels: ['EB*'],
    known: { mag: 14.2, amplitude: 0.33 }
  },
  mira: {
    perDegree: { ztf: 1.8, lsst: 24 },
    footprint: 'thin',
    mags: { ztf: [12.6, 16.5], lsst: [16, 19] },
    slope: 0.15,
    labels: ['LPV*', 'LPV*', 'Mira', 'Mira', 'C*', 'V*', 'Star'],
    known: { mag: 15.1, amplitude: 0.9 }
  },
  delta_sct: {
    perDegree: { ztf: 1.2, lsst: 520 },
    footprint: 'thin',
    mags: { ztf: [12.8, 15.6], lsst: [16, 22] },
    slope: 0.25,
    labels: ['PulsV*delSct', 'Star', 'V*'],
    known: { mag: 14.5, amplitude: 0.22 }
  },
  cepheid: {
    perDegree: { ztf: 0.2, lsst: 2 },
    footprint: 'thin',
    mags: { ztf: [13, 16.5], lsst: [16, 18] },
    slope: 0.1,
    labels: ['deltaCep'],
    known: { mag: 15.5, amplitude: 0.3 }
  },
  rotator: {
    perDegree: { ztf: 195, lsst: 28000 },
    footprint: 'star',
    mags: { ztf: [16.5, 18.5], lsst: [19, 22.5] },
    slope: 0.25,
    labels: ['Star', 'V*', 'RSCVn', 'BYDra'],
    known: { mag: 14.2, amplitude: 0.13 }
  },
  yso: {
    perDegree: { ztf: 1.2, lsst: 300 },
    footprint: 'thin',
    mags: { ztf: [13.2, 17], lsst: [16, 22] },
    slope: 0.2,
    labels: ['YSO', 'TTau*', 'Orion_V*'],
    known: { mag: 15.5, amplitude: 0.2 }
  },
  agn: {
    perDegree: { ztf: 0.8, lsst: 1150 },
    footprint: 'outside',
    mags: { ztf: [15.5, 19.2], lsst: [17, 24] },
    slope: 0.3,
    labels: ['QSO', 'QSO', 'QSO', 'AGN', 'Seyfert_1'],
    known: { mag: 16.8, amplitude: 0.1 }
  },
  cv: {
    perDegree: { ztf: 0.7, lsst: 8 },
    footprint: 'star',
    mags: { ztf: [18, 22.5], lsst: [19, 26] },
    slope: 0.25,
    labels: ['CataclyV*'],
    known: { mag: 19.5, amplitude: 2.5 }
  }
}

/**
 * Light curves of the variable classes. Pairs are [low, high] of a uniform draw or [mean,
 * sigma] of a normal one. Periods and times in days, amplitudes in r mag peak to peak; `inG` is the
 * amplitude in g over that in r, `gr` the colour g - r.
 */
export const SHAPES = {
  rrlyr: {
    abShare: 0.7,
    ab: { period: [0.58, 0.07], amplitude: [0.3, 0.9] },
    c: { period: [0.33, 0.04], amplitude: [0.2, 0.45] },
    inG: 1.35,
    gr: [0.25, 0.05]
  },
  eclipsing: {
    // ZTF: what T5 leaves room for, since a contact binary is seen in every exposure.
    contactShare: { ztf: 0.006, lsst: 0.5 } as Record<Survey, number>,
    contact: { period: [0.25, 0.45], amplitude: [0.15, 0.8] },
    // Log of the period and half widths (sigma) of the dips, in phase. Narrow: two
    // Suns 18 to 50 solar radii apart hide each other for 1-4 % of the period, and a survey sees
    // one or two of the eclipses in 30 d (T5).
    detached: {
      logPeriod: [0.9, 0.5],
      width: [0.003, 0.009],
      second: [0.02, 0.6],
      depth: [0.2, 1.5]
    },
    inG: 1.05,
    gr: [0.6, 0.3]
  },
  mira: { period: [100, 500], amplitude: [0.5, 3], second: [0, 0.4], inG: 1.3, gr: [1.5, 3] },
  delta_sct: { period: [0.05, 0.2], amplitude: [0.05, 0.6], inG: 1.4, gr: [0.2, 0.1] },
  cepheid: { period: [3, 40], amplitude: [0.3, 1], inG: 1.4, gr: [0.6, 0.1] },
  // Spotted stars are the variables at the edge of detection: T5 wants 60 % of the uncatalogued
  // seen less than three times in 30 d. Their noise is that of the sky
  // [m], so the edge is in flux: magnitudes of the greatest difference in r, dN/dm as
  // 10^(slope m), tuned. A few have any amplitude.
  rotator: {
    period: [1, 40],
    edgeShare: 0.99,
    edge: { ztf: [20.6, 21.4], lsst: [23.2, 24.6] },
    slope: 0.3,
    strong: { least: 0.04, mean: 0.08 },
    inG: 1.15,
    gr: [0.8, 0.1]
  },
  yso: { tau: [10, 100], amplitude: [0.12, 0.3], inG: 1.2, gr: 1.2 },
  agn: { logTau: [2.4, 0.4], structure: 0.2, scatter: 0.3, inG: 1.2, gr: [0.2, 0.1] },
  cv: {
    recurrence: [20, 300],
    decay: [3, 8],
    rise: [0.5, 1],
    plateau: [4, 2],
    amplitude: [2, 6],
    inG: 1,
    gr: [0, 0.1]
  }
} as const

/** Artefacts per exposure and square degree (45 % of raw), tuned. */
export const BOGUS = {
  singles: { ztf: 2.25, lsst: 480 } as Record<Survey, number>,
  /** Spots per square degree that fail again and again, and their mean chance per exposure. */
  repeaters: { ztf: 7.8, lsst: 1300 } as Record<Survey, number>,
  repeatChance: 0.12,
  onBrightStar: 0.25,
  negative: 0.45,
  /**
   * Kinds. What is left of a star (dipole, bleed) lies on one and may come again; a cosmic
   * ray, a ghost or an edge lies anywhere and does not.
   */
  residuals: ['dipole', 'dipole', 'dipole', 'bleed'] as const,
  strays: ['cosmic-ray', 'ghost', 'edge'] as const,
  residualShare: 0.57
}

/** Asteroids in the whole sky at scale 1 (6.5 % of raw), tuned. */
export const ASTEROIDS = {
  count: { ztf: 41000, lsst: 8500000 } as Record<Survey, number>,
  /** Absolute magnitudes H; dN/dH goes as 10^(0.4 H) [k]. */
  h: { ztf: [10, 16.4], lsst: [14, 20.5] } as Record<Survey, readonly [number, number]>,
  slope: 0.4,
  semiMajor: [2.1, 3.3],
  eccentricity: 0.1,
  inclination: 7,
  known: 0.95,
  gr: 0.55
}

export type TransientClass =
  | 'sn_ia'
  | 'sn_ii'
  | 'sn_ibc'
  | 'sn_iin'
  | 'slsn'
  | 'tde'
  | 'kilonova'
  | 'grb'
  | 'microlensing'
  | 'flare'

/** Volumetric rates, Mpc^-3 yr^-1, and peak absolute r magnitudes [k]. */
export const EXPLOSIONS = {
  sn_ia: { rate: 2.3e-5, peak: -19.25, scatter: 0.15 },
  sn_ii: { rate: 7.5e-5, peak: -16.8, scatter: 1.0 },
  sn_ibc: { rate: 2.2e-5, peak: -17.4, scatter: 0.9 },
  sn_iin: { rate: 5e-6, peak: -18.5, scatter: 0.8 },
  slsn: { rate: 4e-8, peak: -21.2, scatter: 0.7 },
  tde: { rate: 1e-7, peak: -19.8, scatter: 0.8 },
  kilonova: { rate: 3e-7, peak: -16, scatter: 0.3 }
} as const

/** Beyond these r magnitudes at peak an explosion is not made. */
export const EXPLOSION_LIMIT: Record<Survey, number> = { ztf: 20.6, lsst: 24.6 }

/** Events of our own Galaxy per square degree and year where the footprint weight is 1, tuned. */
export const EVENTS = {
  microlensing: { ztf: 0.35, lsst: 60 } as Record<Survey, number>,
  flare: { ztf: 700, lsst: 400000 } as Record<Survey, number>,
  /** Afterglows seen on axis in the whole sky and year; r at one day N(20, 1.3). */
  grb: { ztf: 250, lsst: 250 } as Record<Survey, number>
}

/** Events are drawn in bins of this many days; none lasts longer than eight bins. */
export const EVENT_BIN = 32
export const EVENT_BINS = 8

/** Shapes of events [k]: SN Ia stretch and colour, host offsets, afterglows, lenses, flares. */
export const EVENT_SHAPES = {
  ia: { stretch: [1, 0.1], stretchRange: [0.7, 1.2], colour: [0, 0.1], dust: 0.05 },
  iaLuminosity: { perStretch: -1.7, perColour: 2.5 },
  iin: { rise: [25, 10], decline: 0.012, gr: [0.1, 0.4] },
  slsn: { rise: [40, 15], decline: 0.02, gr: [-0.1, 0.5], hostFainter: 2 },
  tde: { rise: [25, 10], t0: [40, 60], offset: 0.3 },
  // Hosts: absolute r magnitude [k], radius in kpc [k], offset scale in host radii.
  host: { absolute: [-19.5, 1.2], radius: [3, 9], offset: 0.4 },
  grb: { alpha: [1.2, 0.3], atOneDay: [20, 1.3] },
  lens: {
    u0: [0, 1.2],
    logEinstein: [1.35, 0.35],
    mostEinstein: 70,
    blend: 0.5,
    mags: { ztf: [16, 20.5], lsst: [17, 25] },
    slope: 0.25,
    gr: [0.8, 0.2]
  },
  flare: {
    mags: { ztf: [15.5, 20.5], lsst: [17, 24] },
    slope: 0.2,
    logAmplitude: [-1, 0.3],
    gr: 1.4,
    riseMinutes: 2,
    decayMinutes: 20
  }
} as const
