import { defineFilter, number } from '#contract'
import { goodQuality, notKnownSolarSystem } from '../blocks.ts'

const FLUX_MIN = 1e5

export default defineFilter({
  name: 'filter_name',
  version: '1.0.0',
  topic: 'filter-name',
  about: 'One sentence: which alerts a subscriber gets.',
  owner: '@your-name',
  requires: { flux: number('flux', 'nJy') },
  uses: { goodQuality, notKnownSolarSystem },
  keep:
    ({ columns, blocks }) =>
    (row) => {
      const flux = columns.flux.at(row)
      if (flux === null || flux < FLUX_MIN) return false
      return blocks.goodQuality(row) && blocks.notKnownSolarSystem(row)
    }
})
