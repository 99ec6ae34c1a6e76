import { defineFilter, number } from '#contract'
import { notKnownSolarSystem, positive, wanders } from '../blocks.ts'

const DETECTIONS_MAX = 2
const COUNTERPART_RADIUS = 1.5
const GALAXY_RADIUS = 4
const GALAXY_SCORE_MAX = 0.3

export default defineFilter({
  name: 'solar_system_candidate',
  version: '2.1.0',
  topic: 'solar-system-candidate',
  about: 'Moving-object candidates: seen once, on nothing, within 35 degrees of the ecliptic.',
  owner: 'Siskin team',
  seeks: { classes: ['sso'], phase: 'unnamed' },
  surveys: ['ztf'],
  requires: {
    detections: number('detections.n_survey', ''),
    counterpart: number('ztf.distpsnr1', 'survey'),
    star: number('ztf.sgscore1', 'survey')
  },
  uses: { notKnownSolarSystem, positive, wanders },
  keep:
    ({ columns, blocks }) =>
    (row) => {
      const detections = columns.detections.at(row)
      if (detections === null || detections > DETECTIONS_MAX) return false
      // A supernova at its first detection looks like this too, but has a galaxy beside it.
      const isGalaxy = (columns.star.at(row) ?? 1) < GALAXY_SCORE_MAX
      const clear = isGalaxy ? GALAXY_RADIUS : COUNTERPART_RADIUS
      if ((columns.counterpart.at(row) ?? Infinity) <= clear) return false
      return blocks.wanders(row) && blocks.positive(row) && blocks.notKnownSolarSystem(row)
    }
})
