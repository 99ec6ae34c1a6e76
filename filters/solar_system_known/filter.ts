import { defineFilter, text } from '#contract'
import { goodQuality } from '../blocks.ts'

export default defineFilter({
  name: 'solar_system_known',
  version: '1.0.0',
  topic: 'solar-system-known',
  about: 'Known Solar System objects, of good quality.',
  owner: 'Siskin team',
  seeks: ['sso'],
  requires: { class: text('solar_system.class') },
  uses: { goodQuality },
  keep:
    ({ columns, blocks }) =>
    (row) =>
      blocks.goodQuality(row) && columns.class.at(row) === 'known'
})
