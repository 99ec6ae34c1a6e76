import { defineFilter, number } from '#contract'
import { goodQuality, notKnownSolarSystem, positive, real } from '../blocks.ts'

export default defineFilter({
  name: 'new_source',
  version: '1.0.0',
  topic: 'new-source',
  about: 'The first detection ever at this position, brighter than the reference.',
  owner: 'Siskin team',
  seeks: ['sn_ia', 'sn_ii', 'sn_ibc', 'sn_iin', 'slsn', 'tde', 'kilonova', 'grb', 'cv', 'flare'],
  requires: { detections: number('history.n_survey', '') },
  uses: { goodQuality, notKnownSolarSystem, positive, real },
  keep:
    ({ columns, blocks }) =>
    (row) =>
      columns.detections.at(row) === 1 &&
      blocks.positive(row) &&
      blocks.goodQuality(row) &&
      blocks.real(row) &&
      blocks.notKnownSolarSystem(row)
})
