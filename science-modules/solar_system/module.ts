import { defineModule, id, int32, number, numbers, text, utf8 } from '#contract'
import type { Numbers, Readers } from '#contract'
import { FINK_NUMBER, classify } from './rules.ts'
import type { Verdict } from './rules.ts'

const requires = {
  surveyDetections: number('detections.n_survey', ''),
  detections: number('detections.n_detections', ''),
  epoch: numbers('history_mjd', 'd'),
  starScore: number('ztf.sgscore1', 'survey'),
  counterpartDistance: number('ztf.distpsnr1', 'survey'),
  objectDistance: number('ztf.ssdistnr', 'survey'),
  ztfName: text('ztf.ssnamenr'),
  alert: id('alert_id'),
  lsstSource: id('lsst.diaSource.diaObjectId'),
  lsstObject: id('lsst.diaSource.ssObjectId'),
  lsstName: text('lsst.ssSource.designation')
}

type Input = Readers<typeof requires>

export default defineModule({
  name: 'solar_system',
  version: '1.1.0',
  about: 'Is the alert a Solar System object: known, a candidate, or seen for the first time?',
  owner: 'Siskin team',
  cite: 'https://doi.org/10.1093/mnras/staa3602',
  requires,

  produces: {
    class: utf8('`known`, `candidate`, `first-seen` or `none`. Never null.', 'meta.code.class;src'),
    reason: utf8(
      'The rule that decided, by the names in the README. Never null.',
      'meta.code;src.class'
    ),
    designation: utf8(
      'Name of the known object, as the survey sent it. Null unless class is `known`.',
      'meta.id;src'
    ),
    roid: int32(
      '',
      'The same class as the number Fink uses: 3, 2, 1, 0. Null for LSST.',
      'meta.code.class;src'
    )
  },

  run({ rows, survey, columns }) {
    const judge = survey === 'ztf' ? ztfVerdict : lsstVerdict
    const name = survey === 'ztf' ? columns.ztfName : columns.lsstName
    const verdicts = Array.from({ length: rows }, (_, row) => judge(columns, row))
    return {
      class: verdicts.map((verdict) => verdict.class),
      reason: verdicts.map((verdict) => verdict.reason),
      designation: verdicts.map((verdict, row) =>
        verdict.class === 'known' ? name.at(row) : null
      ),
      roid: verdicts.map((verdict) => (survey === 'ztf' ? FINK_NUMBER[verdict.class] : null))
    }
  }
})

function ztfVerdict(input: Input, row: number): Verdict {
  return classify({
    surveyDetections: input.surveyDetections.at(row),
    detections: input.detections.at(row),
    lastGap: lastGap(input.epoch.at(row)),
    starScore: input.starScore.at(row),
    counterpartDistance: input.counterpartDistance.at(row),
    objectDistance: input.objectDistance.at(row)
  })
}

function lsstVerdict(input: Input, row: number): Verdict {
  if ((input.lsstObject.at(row) ?? 0n) !== 0n || input.lsstName.at(row) !== null) {
    return { class: 'known', reason: 'known-object-at-position' }
  }
  const isFirst =
    input.surveyDetections.at(row) === 1 && input.lsstSource.at(row) === input.alert.at(row)
  return isFirst
    ? { class: 'first-seen', reason: 'first-detection' }
    : { class: 'none', reason: 'no-rule' }
}

function lastGap(epoch: Numbers): number | null {
  const last = epoch.at(-1)
  const before = epoch.at(-2)
  return last === undefined || before === undefined ? null : last - before
}
