import { defineFilter, text } from '#contract'
import { sound } from '../blocks.ts'

export default defineFilter({
  name: 'solar_system_known',
  version: '2.1.0',
  topic: 'solar-system-known',
  about: 'Known Solar System objects, soundly measured.',
  owner: 'Siskin team',
  seeks: { classes: ['sso'] },
  requires: { class: text('solar_system.class') },
  uses: { sound },
  keep:
    ({ columns, blocks }) =>
    (row) =>
      columns.class.at(row) === 'known' && blocks.sound(row)
})
