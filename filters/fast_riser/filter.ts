import { defineFilter, flag, number } from '#contract'
import { erupts, fixed, notKnownSolarSystem, positive, sound } from '../blocks.ts'

const RATE_MAX = -0.3
const GAP_MIN = 0.02

export default defineFilter({
  name: 'fast_riser',
  version: '2.2.0',
  topic: 'fast-riser',
  about:
    'Brightening by more than 0.3 mag a day, with 95 % confidence; nothing that moves or varies.',
  owner: 'Siskin team',
  seeks: {
    classes: [
      'sn_ia',
      'sn_ii',
      'sn_ibc',
      'sn_iin',
      'slsn',
      'tde',
      'kilonova',
      'grb',
      'cv',
      'flare',
      'microlensing'
    ],
    phase: 'rising'
  },
  requires: {
    upperRate: number('rate.upper_rate', 'mag/d'),
    gap: number('rate.delta_time', 'd'),
    sameSign: flag('rate.same_sign'),
    fromUpper: flag('rate.from_upper')
  },
  uses: { erupts, fixed, notKnownSolarSystem, positive, sound },
  keep:
    ({ columns, blocks }) =>
    (row) => {
      const rate = columns.upperRate.at(row)
      const gap = columns.gap.at(row)
      if (rate === null || gap === null || rate > RATE_MAX || gap < GAP_MIN) return false
      if (columns.fromUpper.at(row) !== true && columns.sameSign.at(row) !== true) return false
      return (
        blocks.positive(row) &&
        blocks.sound(row) &&
        blocks.fixed(row) &&
        blocks.erupts(row) &&
        blocks.notKnownSolarSystem(row)
      )
    }
})
