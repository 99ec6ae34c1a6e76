import { defineFilter, flag, number } from '#contract'
import { erupts, fixed, notKnownSolarSystem, positive, sound } from '../blocks.ts'

const RATE_MIN = 0.3
const GAP_MIN = 0.02

export default defineFilter({
  name: 'fast_fader',
  version: '2.2.0',
  topic: 'fast-fader',
  about:
    'Fading by more than 0.3 mag a day between two detections, with 95 % confidence; nothing that moves or varies.',
  owner: 'Siskin team',
  seeks: {
    classes: ['sn_ia', 'sn_ii', 'sn_ibc', 'sn_iin', 'kilonova', 'grb', 'cv', 'flare', 'tde'],
    phase: 'fading'
  },
  requires: {
    lowerRate: number('rate.lower_rate', 'mag/d'),
    gap: number('rate.delta_time', 'd'),
    sameSign: flag('rate.same_sign')
  },
  uses: { erupts, fixed, notKnownSolarSystem, positive, sound },
  keep:
    ({ columns, blocks }) =>
    (row) => {
      const rate = columns.lowerRate.at(row)
      const gap = columns.gap.at(row)
      if (rate === null || gap === null || rate < RATE_MIN || gap < GAP_MIN) return false
      return (
        columns.sameSign.at(row) === true &&
        blocks.positive(row) &&
        blocks.sound(row) &&
        blocks.fixed(row) &&
        blocks.erupts(row) &&
        blocks.notKnownSolarSystem(row)
      )
    }
})
