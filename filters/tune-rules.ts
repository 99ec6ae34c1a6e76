import { sound as soundBlock } from './blocks.ts'

/** The numbers of the filters, as `blocks.ts` and the filters have them. */
export interface Tuned {
  /** mag/d of fast_riser and fast_fader. */
  readonly rate: number
  /** Scores of one detection alone, of one that stays, of a real one, and the least rb of a sound one. */
  readonly sure: number
  /** The first of LSST. */
  readonly sureLsst: number
  readonly stays: number
  readonly real: number
  readonly soundRb: number
  readonly soundReliability: number
  /** Magnitudes by which a change outshines the star under it, and detections of one that never varied. */
  readonly outshines: number
  readonly few: number
  /** mag/d of such a star in new_source. */
  readonly flare: number
  /** Degrees from the ecliptic. */
  readonly offEcliptic: number
  /** Days for which a source is new. */
  readonly newFor: number
  /** Detections at most of a moving object, and arcsec at least to the next Pan-STARRS source, and galaxy. */
  readonly detections: number
  readonly counterpart: number
  readonly galaxy: number
  /** Half of a range, mag. */
  readonly amplitude: number
  /** Errors of a point that go off it, LSST. */
  readonly noise: number
}

export const TUNED: Tuned = {
  rate: 0.3,
  sure: 0.8,
  sureLsst: 0.9,
  stays: 0.7,
  real: 0.5,
  soundRb: 0.3,
  soundReliability: 0.3,
  outshines: 0.3,
  few: 2,
  flare: -1.5,
  offEcliptic: 35,
  newFor: 2,
  detections: 2,
  counterpart: 1.5,
  galaxy: 4,
  amplitude: 0.5,
  noise: 2
}

/** The cuts of a filter by name, in SQL over the columns of the lake; an alert passes all. */
type Cuts = Readonly<Record<string, string>>

export interface Rule {
  readonly filter: string
  /** Version 1.0.0, and the cuts of today's. */
  readonly before: string
  readonly cuts: (tuned: Tuned) => Cuts
  /** Other values that are tried, one at a time. */
  readonly tries: Readonly<Partial<Record<keyof Tuned, readonly number[]>>>
}

const unknown = `solar_system.class <> 'known'`
const oldReal = `CASE survey WHEN 'ztf' THEN coalesce(ztf.drb >= 0.5, ztf.rb >= 0.55)
  ELSE lsst.diaSource.reliability >= 0.5 END`
const old = `quality.pass AND is_positive AND ${unknown} AND ${oldReal}`

const isSent =
  'coalesce(lsst.diaSource.templateFluxErr > 0 AND lsst.diaSource.templateFlux IS NOT NULL, false)'
const under = `CASE WHEN ${isSent} THEN lsst.diaSource.templateFlux
  ELSE lsst.diaSource.scienceFlux - lsst.diaSource.psfFlux END`
const underErr = `CASE WHEN ${isSent} THEN lsst.diaSource.templateFluxErr
  WHEN lsst.diaSource.psfFluxErr > 0 THEN lsst.diaSource.psfFluxErr END`

/** Null where it cannot be said. */
const onReference = `(CASE survey WHEN 'ztf' THEN ztf.distnr BETWEEN 0 AND 1.5
  ELSE ${under} >= 5 * ${underErr} END)`

const latitude = `degrees(asin(sin(radians("dec")) * cos(radians(23.4393))
  - cos(radians("dec")) * sin(radians(23.4393)) * sin(radians(ra))))`

const stays = `coalesce(detections.age > 30 / 1440, false)`

function score(least: number, ofLsst = least): string {
  return `CASE survey WHEN 'ztf' THEN coalesce(ztf.drb, ztf.rb) >= ${least}
    ELSE lsst.diaSource.reliability >= ${ofLsst} END`
}

function real({ real: least }: Tuned): string {
  return `CASE survey WHEN 'ztf' THEN coalesce(ztf.drb >= ${least}, ztf.rb >= 0.55)
    ELSE lsst.diaSource.reliability >= ${least} END`
}

const unflagged = Object.values(soundBlock.requires)
  .map(({ column }) => column)
  .filter((column) => column.startsWith('quality.lsst.'))
  .join(' AND ')

function sound({ soundRb, soundReliability }: Tuned): string {
  return `CASE survey WHEN 'ztf' THEN ztf.nbad = 0 AND ztf.rb >= ${soundRb} ELSE ${unflagged} AND lsst.diaSource.reliability >= ${soundReliability} END`
}

function eruptive({ outshines: by, few }: Tuned, rate: number): string {
  return `NOT ${onReference} OR ${onReference} AND (
    coalesce(detections.n_survey <= ${few} AND rate.upper_rate <= ${rate}, false)
    OR CASE survey
      WHEN 'ztf' THEN mag <= ztf.magnr - (${by}) OR coalesce(ztf.sgscore1 < 0.3 AND ztf.distpsnr1 < 1.5, false)
      ELSE flux >= (${under}) * pow(10, 0.4 * (${by})) END)`
}

function fixed(tuned: Tuned): Cuts {
  return {
    'stays, on a reference source or off the ecliptic': `${stays} OR ${onReference} OR abs(${latitude}) > ${tuned.offEcliptic}`,
    'real, surely where seen once': `CASE WHEN ${stays} THEN ${score(tuned.stays)} ELSE ${score(tuned.sure, tuned.sureLsst)} END`
  }
}

function transient(tuned: Tuned, firstRate = -0.3): Cuts {
  return {
    'brighter than the reference': 'is_positive',
    'no known moving object': unknown,
    'soundly measured': sound(tuned),
    erupts: eruptive(tuned, firstRate),
    ...fixed(tuned)
  }
}

const amplitudes = ['u', 'g', 'r', 'i', 'z', 'y']

function large(least: number, noise = 0): string {
  const errorOf = (band: string) =>
    `features.${band}.standard_deviation / sqrt(features.${band}.chi2)`
  return amplitudes
    .map(
      (band) => `detections.${band}.n_detections >= 5 AND features.${band}.amplitude
        - CASE survey WHEN 'lsst' THEN ${noise} * ${errorOf(band)} ELSE 0 END >= ${least}`
    )
    .map((one) => `coalesce(${one}, false)`)
    .join(' OR ')
}

const gap = `rate.delta_time >= 0.02`

export const RULES: readonly Rule[] = [
  {
    filter: 'fast_riser',
    before: `rate.upper_rate <= -0.3 AND ${gap} AND (rate.from_upper OR rate.same_sign) AND ${old}`,
    cuts: (tuned) => ({
      brightens: `rate.upper_rate <= -${tuned.rate} AND ${gap} AND (rate.from_upper OR rate.same_sign)`,
      ...transient(tuned)
    }),
    tries: {
      sure: [0.5, 0.9],
      sureLsst: [0.8, 0.85],
      stays: [0.5, 0.8],
      soundRb: [0, 0.55],
      soundReliability: [0, 0.5],
      outshines: [0, 0.6],
      few: [0, 1, 3],
      offEcliptic: [25, 30, 90]
    }
  },
  {
    filter: 'fast_fader',
    before: `rate.lower_rate >= 0.3 AND ${gap} AND rate.same_sign AND ${old}`,
    cuts: (tuned) => ({
      fades: `rate.lower_rate >= ${tuned.rate} AND ${gap} AND rate.same_sign`,
      ...transient(tuned)
    }),
    tries: {
      stays: [0.5, 0.8],
      soundRb: [0, 0.55],
      soundReliability: [0, 0.5],
      outshines: [0, 0.6]
    }
  },
  {
    filter: 'new_source',
    before: `detections.n_survey = 1 AND ${old}`,
    cuts: (tuned) => ({
      new: `detections.age <= ${tuned.newFor} AND CASE survey
        WHEN 'ztf' THEN mjd - detections.start_mjd <= ${tuned.newFor} AND detections.n_survey IS NOT NULL
        ELSE mjd - history_mjd[list_position(history_id, lsst.diaSource.diaObjectId)] <= ${tuned.newFor} END`,
      ...transient(tuned, tuned.flare)
    }),
    tries: {
      flare: [-99, -0.3, -0.7],
      newFor: [0.5, 1, 5],
      sure: [0.5, 0.9],
      sureLsst: [0.8, 0.85],
      soundRb: [0, 0.55],
      soundReliability: [0, 0.5],
      outshines: [0, 0.6],
      few: [0, 1, 3],
      offEcliptic: [25, 30, 90]
    }
  },
  {
    filter: 'solar_system_candidate',
    before: `survey = 'ztf' AND quality.pass AND solar_system.class = 'candidate'`,
    cuts: (tuned) => ({
      ZTF: `survey = 'ztf'`,
      'seen twice at most': `detections.n_survey <= ${tuned.detections}`,
      'no known moving object': unknown,
      'brighter than the reference': 'is_positive',
      'nothing of Pan-STARRS there': `coalesce(ztf.distpsnr1 > CASE WHEN coalesce(ztf.sgscore1 < 0.3, false) THEN ${tuned.galaxy} ELSE ${tuned.counterpart} END, true)`,
      'not on a reference source': `NOT ${onReference}`,
      'did not stay': `NOT ${stays}`,
      'near the ecliptic': `abs(${latitude}) <= ${tuned.offEcliptic}`,
      'surely real': score(tuned.sure, tuned.sureLsst)
    }),
    tries: {
      detections: [1, 3],
      counterpart: [1, 3],
      galaxy: [1.5, 3, 5],
      sure: [0.5, 0.9],
      sureLsst: [0.8, 0.85],
      offEcliptic: [25, 30, 90]
    }
  },
  {
    filter: 'solar_system_known',
    before: `quality.pass AND solar_system.class = 'known'`,
    cuts: (tuned) => ({
      known: `solar_system.class = 'known'`,
      'soundly measured': sound(tuned)
    }),
    tries: { soundRb: [0, 0.55], soundReliability: [0, 0.5] }
  },
  {
    filter: 'large_amplitude',
    before: `quality.pass AND ${unknown} AND ${oldReal} AND (${large(0.5)})`,
    cuts: (tuned) => ({
      large: large(tuned.amplitude, tuned.noise),
      'no known moving object': unknown,
      'soundly measured': sound(tuned),
      real: real(tuned)
    }),
    tries: {
      noise: [0, 1, 3],
      amplitude: [0.4, 0.6],
      real: [0.8],
      soundRb: [0, 0.55],
      soundReliability: [0, 0.5]
    }
  }
]
