import { ZTF_PIXEL, defineBlock, flag, hasReferenceSource, number, text } from '#contract'
import type { Readers, Survey } from '#contract'

const DRB_MIN = 0.5
const RB_MIN = 0.55
const RELIABILITY_MIN = 0.5
const STAYS_MIN = 0.7
/** LSST's artefacts score higher: in a simulated month all six new sources between 0.8 and 0.9 were artefacts. */
const SURE_MIN = { ztf: 0.8, lsst: 0.9 }
const SOUND_RB_MIN = 0.3
const SOUND_RELIABILITY_MIN = 0.3
const MOVES_AWAY = 30 / 1440
const OFF_ECLIPTIC = 35
const OBLIQUITY = (23.4393 * Math.PI) / 180
const RADIANS = Math.PI / 180
const TEMPLATE_SNR_MIN = 5
const OUTSHINES_BY = 0.3
const OUTSHINES_FACTOR = 10 ** (OUTSHINES_BY / 2.5)
const GALAXY_SCORE_MAX = 0.3
const GALAXY_RADIUS = 1.5
const FEW_DETECTIONS = 2

/**
 * Cuts of module `quality` on flags of LSST that speak of flux and place. `shape_flag` does not: second
 * moments fail on what is faint or negative, 4 of 14 real alerts.
 */
const SOUND_FLAGS = [
  'isDipole',
  'pixelFlags',
  'pixelFlags_bad',
  'pixelFlags_saturated',
  'pixelFlags_streakCenter',
  'pixelFlags_interpolated',
  'pixelFlags_cr',
  'pixelFlags_nodata',
  'pixelFlags_streak',
  'pixelFlags_edge',
  'psfFlux_flag',
  'apFlux_flag',
  'forced_PsfFlux_flag',
  'forced_PsfFlux_flag_edge',
  'centroid_flag'
] as const

const unflagged = Object.fromEntries(
  SOUND_FLAGS.map((name) => [name, flag(`quality.lsst.${name}`)])
) as Record<(typeof SOUND_FLAGS)[number], ReturnType<typeof flag>>

const score = {
  drb: number('ztf.drb', 'survey'),
  rb: number('ztf.rb', 'survey'),
  reliability: number('lsst.diaSource.reliability', 'survey')
}

/** Every quality cut of the survey is passed (module `quality`). A null fails. */
export const goodQuality = defineBlock({
  name: 'good_quality',
  about: 'Every quality cut of the survey is passed.',
  requires: { pass: flag('quality.pass') },
  test:
    ({ columns }) =>
    (row) =>
      columns.pass.at(row) === true
})

/**
 * Real rather than bogus by the survey's newest score: ZTF drb >= 0.5, or rb >= 0.55 in packets older
 * than drb (schema 3.2); LSST reliability >= 0.5. Without any score it fails.
 */
export const real = defineBlock({
  name: 'real',
  about:
    'Real rather than bogus: ZTF drb >= 0.5 (rb >= 0.55 where there is no drb), LSST reliability >= 0.5.',
  requires: score,
  test:
    ({ survey, columns }) =>
    (row) => {
      if (survey === 'lsst') return atLeast(columns.reliability.at(row), RELIABILITY_MIN)
      const drb = columns.drb.at(row)
      return drb === null ? atLeast(columns.rb.at(row), RB_MIN) : drb >= DRB_MIN
    }
})

/**
 * No sign that the measurement went wrong: ZTF no bad pixel (`nbad` = 0) and rb >= 0.3; LSST no flag of
 * flux or place and reliability >= 0.3. Unlike `goodQuality` it asks for neither `magdiff`, which half of
 * all real transients fail for their noise alone, nor sign and 6 sigma of LSST. A null fails.
 */
export const sound = defineBlock({
  name: 'sound',
  about:
    'Soundly measured: ZTF nbad = 0 and rb >= 0.3; LSST no flag of flux or place and reliability >= 0.3.',
  requires: {
    nbad: number('ztf.nbad', 'survey'),
    rb: number('ztf.rb', 'survey'),
    reliability: number('lsst.diaSource.reliability', 'survey'),
    ...unflagged
  },
  test:
    ({ survey, columns }) =>
    (row) =>
      survey === 'lsst'
        ? SOUND_FLAGS.every((name) => columns[name].at(row) === true) &&
          atLeast(columns.reliability.at(row), SOUND_RELIABILITY_MIN)
        : columns.nbad.at(row) === 0 && atLeast(columns.rb.at(row), SOUND_RB_MIN)
})

const place = {
  age: number('detections.age', 'd'),
  ra: number('ra', 'deg'),
  dec: number('dec', 'deg')
}

const reference = {
  distnr: number('ztf.distnr', 'survey'),
  template: number('lsst.diaSource.templateFlux', 'survey'),
  templateErr: number('lsst.diaSource.templateFluxErr', 'survey'),
  science: number('lsst.diaSource.scienceFlux', 'survey'),
  flux: number('flux', 'nJy'),
  fluxErr: number('flux_err', 'nJy')
}

/**
 * Stays where it is, and real by its scores. Two detections more than 30 minutes apart show that it does
 * not move, and scores of 0.7 are enough; one alone must be on a source of the reference image or more
 * than 35 degrees from the ecliptic, and score 0.8 (LSST 0.9). Scores: drb (rb where there is none), reliability.
 */
export const fixed = defineBlock({
  name: 'fixed',
  about:
    'Real and not moving: detected for more than 30 minutes (score 0.7), or on a reference source or 35 degrees off the ecliptic (0.8; LSST 0.9).',
  requires: { ...place, ...reference, ...score },
  test({ survey, columns }) {
    const onReference = isOnReference(survey, columns)
    const scores = scoreOf(survey, columns)
    return (row) =>
      stays(columns, row)
        ? atLeast(scores(row), STAYS_MIN)
        : atLeast(scores(row), SURE_MIN[survey]) &&
          (onReference(row) || isOffEcliptic(columns, row))
  }
})

/**
 * May be a moving object: score of 0.8 (LSST 0.9), on no source of the reference image, within 35 degrees of the
 * ecliptic, and not detected here for more than 30 minutes.
 */
export const wanders = defineBlock({
  name: 'wanders',
  about:
    'Surely real (score 0.8; LSST 0.9), on no reference source, within 35 degrees of the ecliptic, not detected here for more than 30 minutes.',
  requires: { ...place, ...reference, ...score },
  test({ survey, columns }) {
    const onReference = isOnReference(survey, columns)
    const scores = scoreOf(survey, columns)
    return (row) =>
      atLeast(scores(row), SURE_MIN[survey]) &&
      isNearEcliptic(columns, row) &&
      columns.age.at(row) !== null &&
      !stays(columns, row) &&
      onReference(row) === false
  }
})

/**
 * A block that is true of what erupts and does not only vary: with no reference source under the alert;
 * on a galaxy of Pan-STARRS (score below 0.3 within 1.5 arcsec), whose light is not the object's; where
 * the change outshines what lay there by 0.3 mag; and for a star that was never seen to vary before (two
 * detections of the survey at most) and now brightens by `rate` mag/d and more. A null flux fails, and
 * where it cannot be said what lies there.
 */
function eruption(name: string, rate: number) {
  return defineBlock({
    name,
    about: `Erupts: on no star, 0.3 mag brighter than the star under it, or by more than ${-rate} mag/d where the star never varied before.`,
    requires: {
      ...reference,
      mag: number('mag', 'mag'),
      magnr: number('ztf.magnr', 'survey'),
      galaxy: number('ztf.sgscore1', 'survey'),
      distance: number('ztf.distpsnr1', 'survey'),
      detections: number('detections.n_survey', ''),
      upperRate: number('rate.upper_rate', 'mag/d')
    },
    test({ survey, columns }) {
      const onReference = isOnReference(survey, columns)
      return (row) => {
        const mag = columns.mag.at(row)
        const flux = columns.flux.at(row)
        if (mag === null || flux === null) return false
        const isOnSource = onReference(row)
        if (isOnSource !== true) return isOnSource === false
        const detections = columns.detections.at(row) ?? Infinity
        if (detections <= FEW_DETECTIONS && (columns.upperRate.at(row) ?? 0) <= rate) return true
        if (survey === 'lsst') return flux >= (under(columns, row)?.flux ?? 0) * OUTSHINES_FACTOR
        const isGalaxy = (columns.galaxy.at(row) ?? 1) < GALAXY_SCORE_MAX
        if (isGalaxy && (columns.distance.at(row) ?? Infinity) < GALAXY_RADIUS) return true
        const magnr = columns.magnr.at(row)
        return magnr !== null && mag <= magnr - OUTSHINES_BY
      }
    }
  })
}

/** Erupts; a star that never varied must brighten by 0.3 mag a day. */
export const erupts = eruption('erupts', -0.3)

/** Erupts; a star that never varied must brighten by 1.5 mag a day, as flares do: spotted stars do not. */
export const eruptsFast = eruption('erupts_fast', -1.5)

/**
 * Not a known Solar System object (module `solar_system`). Candidates pass: the first detections of a
 * new transient look just like one. A null fails.
 */
export const notKnownSolarSystem = defineBlock({
  name: 'not_known_solar_system',
  about: 'Not a known Solar System object; candidates pass.',
  requires: { class: text('solar_system.class') },
  test:
    ({ columns }) =>
    (row) => {
      const found = columns.class.at(row)
      return found !== null && found !== 'known'
    }
})

/** Brighter than the reference image. A null fails. */
export const positive = defineBlock({
  name: 'positive',
  about: 'Brighter than the reference image.',
  requires: { positive: flag('is_positive') },
  test:
    ({ columns }) =>
    (row) =>
      columns.positive.at(row) === true
})

/** Whether a source of the reference image lies under the alert; null where it cannot be said. */
function isOnReference(
  survey: Survey,
  columns: Readers<typeof reference>
): (row: number) => boolean | null {
  return (row) => {
    if (survey === 'ztf') {
      const distance = columns.distnr.at(row)
      return distance === null ? null : hasReferenceSource(distance * ZTF_PIXEL)
    }
    const found = under(columns, row)
    return found && found.flux >= TEMPLATE_SNR_MIN * found.sigma
  }
}

/**
 * Flux of what lies under an LSST alert, nJy: its template; where that was not sent what the science image
 * has besides the change, whose error holds the template's. Null where neither was sent.
 */
function under(columns: Readers<typeof reference>, row: number) {
  const template = columns.template.at(row)
  const templateErr = columns.templateErr.at(row)
  if (template !== null && templateErr !== null && templateErr > 0) {
    return { flux: template, sigma: templateErr }
  }
  const science = columns.science.at(row)
  const flux = columns.flux.at(row)
  const sigma = columns.fluxErr.at(row)
  if (science === null || flux === null || sigma === null || !(sigma > 0)) return null
  return { flux: science - flux, sigma }
}

function scoreOf(survey: Survey, { drb, rb, reliability }: Readers<typeof score>) {
  return survey === 'lsst'
    ? (row: number) => reliability.at(row)
    : (row: number) => drb.at(row) ?? rb.at(row)
}

function stays({ age }: Readers<typeof place>, row: number): boolean {
  return (age.at(row) ?? 0) > MOVES_AWAY
}

function isOffEcliptic(columns: Readers<typeof place>, row: number): boolean {
  return Math.abs(eclipticLatitude(columns, row)) > OFF_ECLIPTIC
}

function isNearEcliptic(columns: Readers<typeof place>, row: number): boolean {
  return Math.abs(eclipticLatitude(columns, row)) <= OFF_ECLIPTIC
}

/** Degrees, J2000; NaN without a place. */
function eclipticLatitude({ ra, dec }: Readers<typeof place>, row: number): number {
  const alpha = (ra.at(row) ?? Number.NaN) * RADIANS
  const delta = (dec.at(row) ?? Number.NaN) * RADIANS
  const sine =
    Math.sin(delta) * Math.cos(OBLIQUITY) - Math.cos(delta) * Math.sin(OBLIQUITY) * Math.sin(alpha)
  return Math.asin(sine) / RADIANS
}

function atLeast(value: number | null, limit: number): boolean {
  return value !== null && value >= limit
}
