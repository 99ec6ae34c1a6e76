/** What the rules look at. Null is the survey's "none": no score, no neighbour. */
export interface Sighting {
  /** Detections at 3 sigma and more since the start of the survey, this one included. */
  readonly surveyDetections: number | null
  /** Detections in the packet, this one included. */
  readonly detections: number | null
  /** Time between the last two entries of the history, upper limits included; days. */
  readonly lastGap: number | null
  /** Star/galaxy score of the nearest PS1 source, 1 = star. */
  readonly starScore: number | null
  /** Distance of the nearest PS1 source, arcsec. */
  readonly counterpartDistance: number | null
  /** Distance of the nearest known Solar System object, arcsec. */
  readonly objectDistance: number | null
}

type SolarSystemClass = 'known' | 'candidate' | 'first-seen' | 'none'

export interface Verdict {
  readonly class: SolarSystemClass
  /** The rule that decided: the last one that applied. */
  readonly reason: string
}

/** A PS1 source nearer than this (arcsec) is a counterpart, so the alert is no moving object. */
const COUNTERPART_RADIUS = 1.5

/** The number Fink uses for each class (its column `roid`). */
export const FINK_NUMBER = { known: 3, candidate: 2, 'first-seen': 1, none: 0 } as const

const STAR_SCORE_MAX = 0.76
const FEW_SURVEY_DETECTIONS = 2
const PAIR_GAP_MAX = 30 / 1440
const MATCH_RADIUS = 5
const MATCH_DETECTIONS_MAX = 5

type Rule = Verdict & { applies(sighting: Sighting, counterpartRadius: number): boolean }

/** In order: a later rule that applies overrides an earlier one. */
const RULES: readonly Rule[] = [
  {
    class: 'first-seen',
    reason: 'first-detection',
    applies: (s) => s.surveyDetections === 1
  },
  {
    class: 'candidate',
    reason: 'few-detections-no-star',
    applies: (s) =>
      (s.starScore ?? Number.NEGATIVE_INFINITY) < STAR_SCORE_MAX &&
      atMost(s.surveyDetections, FEW_SURVEY_DETECTIONS)
  },
  {
    class: 'none',
    reason: 'counterpart',
    applies: (s, radius) =>
      s.counterpartDistance !== null && s.counterpartDistance > 0 && s.counterpartDistance < radius
  },
  {
    class: 'none',
    reason: 'pair-too-slow',
    applies: (s) => s.detections === 2 && s.lastGap !== null && s.lastGap > PAIR_GAP_MAX
  },
  {
    class: 'none',
    reason: 'earlier-detection-not-in-packet',
    applies: (s) => s.surveyDetections === 2 && s.detections === 1
  },
  {
    class: 'known',
    reason: 'known-object-at-position',
    applies: (s) =>
      s.objectDistance !== null &&
      s.objectDistance >= 0 &&
      s.objectDistance < MATCH_RADIUS &&
      Math.abs(s.counterpartDistance ?? Number.POSITIVE_INFINITY) > s.objectDistance &&
      atMost(s.surveyDetections, MATCH_DETECTIONS_MAX) &&
      atMost(s.detections, MATCH_DETECTIONS_MAX)
  }
]

/** Class of a ZTF alert; `none` with reason `no-rule` where no rule applies. */
export function classify(sighting: Sighting, counterpartRadius = COUNTERPART_RADIUS): Verdict {
  const rule = RULES.findLast((rule) => rule.applies(sighting, counterpartRadius))
  return rule ?? { class: 'none', reason: 'no-rule' }
}

function atMost(value: number | null, limit: number): boolean {
  return value !== null && value <= limit
}
