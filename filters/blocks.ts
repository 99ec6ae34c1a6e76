import { defineBlock, flag, number, text } from '#contract'

const DRB_MIN = 0.5
const RB_MIN = 0.55
const RELIABILITY_MIN = 0.5

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
  requires: {
    drb: number('ztf.drb', 'survey'),
    rb: number('ztf.rb', 'survey'),
    reliability: number('lsst.diaSource.reliability', 'survey')
  },
  test:
    ({ survey, columns }) =>
    (row) => {
      if (survey === 'lsst') return atLeast(columns.reliability.at(row), RELIABILITY_MIN)
      const drb = columns.drb.at(row)
      return drb === null ? atLeast(columns.rb.at(row), RB_MIN) : drb >= DRB_MIN
    }
})

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

function atLeast(value: number | null, limit: number): boolean {
  return value !== null && value >= limit
}
