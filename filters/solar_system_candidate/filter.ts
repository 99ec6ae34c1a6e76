import { defineFilter, text } from '#contract'
import { goodQuality } from '../blocks.ts'

export default defineFilter({
  name: 'solar_system_candidate',
  version: '1.0.0',
  topic: 'solar-system-candidate',
  about: 'Moving-object candidates without a known object at the position, of good quality.',
  owner: 'Siskin team',
  seeks: ['sso'],
  surveys: ['ztf'],
  requires: { class: text('solar_system.class') },
  uses: { goodQuality },
  keep:
    ({ columns, blocks }) =>
    (row) =>
      blocks.goodQuality(row) && columns.class.at(row) === 'candidate'
})
