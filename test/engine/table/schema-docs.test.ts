import { expect, test } from 'vitest'
import { moduleColumns } from '../../../engine/table/enriched.ts'
import { ALERT_COLUMNS } from '../../../engine/table/schema.ts'
import { modules } from '../../../science-modules/registry.ts'

const columns = [...ALERT_COLUMNS, ...modules.flatMap(moduleColumns)]

test('a place says its frame', () => {
  const places = columns.filter(({ name }) =>
    /(^|[._])(ra|dec|ranr|decnr|ephRa|ephDec)$/.test(name)
  )
  expect(places.length).toBeGreaterThan(11)
  for (const { name, doc } of places) expect(doc, name).toContain('ICRS')
})

test('a time says its scale, and start or middle of the exposure', () => {
  const times = columns.filter(
    ({ name }) => /mjd$|MjdTai$|^ztf\.jd/.test(name) && !/mpc_orbits/.test(name)
  )
  expect(times.length).toBeGreaterThan(25)
  for (const { name, doc } of times) {
    expect(doc, name).toContain(name.endsWith('Tai') ? 'TAI' : 'UTC')
    if (!/jd\w+ref$|Processed|Withdrawn|validity/.test(name)) {
      expect(doc, name).toMatch(/start|middle/i)
    }
  }
})
