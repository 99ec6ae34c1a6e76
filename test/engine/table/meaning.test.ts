import { describe, expect, test } from 'vitest'
import { bool, defineModule, number, UNITS } from '#contract'
import { makePlan } from '../../../engine/enrich/plan.ts'
import { moduleColumns } from '../../../engine/table/enriched.ts'
import { QUARANTINE_COLUMNS } from '../../../engine/table/quarantine-columns.ts'
import { ALERT_COLUMNS } from '../../../engine/table/schema.ts'
import { LSST_OBJECT_MEANING } from '../../../engine/surveys/lsst-object-meaning.ts'
import { LSST_MPC_MEANING, LSST_SS_MEANING } from '../../../engine/surveys/lsst-orbit-meaning.ts'
import { LSST_SOURCE_MEANING } from '../../../engine/surveys/lsst-source-meaning.ts'
import { ZTF_MEANING } from '../../../engine/surveys/ztf-meaning.ts'
import { modules } from '../../../science-modules/registry.ts'
import { ucdFault } from '../../support/ucd.ts'
import { unitFault } from '../../support/vo-unit.ts'

const columns = [...ALERT_COLUMNS, ...modules.flatMap(moduleColumns), ...QUARANTINE_COLUMNS]

test.each(['px2', 'mag2', 'parsec', 'survey', 'km/s/d', 'erg cm-2', 'nJy**', 'deg^2', 'mm/'])(
  '"%s" is no unit of VOUnits',
  (unit) => expect(unitFault(unit)).not.toBeNull()
)

test.each(['mag**2', 'km.s**-1', 'erg/cm**2', '10**-10AU/d**2', 'W.m**(-2)', '1.5e3mJy', 'pixel'])(
  '"%s" is one',
  (unit) => expect(unitFault(unit)).toBeNull()
)

test.each(['phot.mags', 'stat.mean;phot.mag', 'phot.mag;meta.id', 'phot.mag stat.mean', ''])(
  '"%s" is no UCD',
  (ucd) => expect(ucdFault(ucd)).not.toBeNull()
)

describe('every column of the packets, of the modules and of quarantine has', () => {
  test('a unit in the syntax of VOUnits', () => {
    const wrong = columns.filter(({ unit }) => unitFault(unit) !== null)
    expect(wrong.map(({ name, unit }) => `${name} [${unit}]`)).toEqual([])
    expect(UNITS.filter((unit) => unitFault(unit) !== null)).toEqual([])
  })

  test('a UCD of the words of UCD1+', () => {
    const faults = columns.flatMap(({ name, ucd }) => {
      const fault = ucdFault(ucd)
      return fault === null ? [] : [`${name} "${ucd}": ${fault}`]
    })
    expect(faults).toEqual([])
  })

  test('a description of its own, a sentence', () => {
    const wrong = columns.filter(({ doc }) => !/^\S.{4,}\.$/.test(doc))
    expect(wrong.map(({ name, doc }) => `${name}: ${doc}`)).toEqual([])
  })
})

test('what is a quantity has a unit, what is a name or a flag has none', () => {
  const quantity = /^(pos\.(eq|galactic|ecliptic|angDistance|posAng)|phot\.(mag|flux)|time\.)/
  const plain = new Set(['night', 'lsst.mpc_orbits.created_at', 'lsst.mpc_orbits.updated_at'])
  for (const { name, type, unit, ucd } of columns) {
    const isNumber = type.startsWith('float')
    if (isNumber && quantity.test(ucd)) expect(unit, name).not.toBe('')
    if (!isNumber && !plain.has(name) && unit !== '') expect(type, name).toMatch(/^int/)
    if (/^meta\.(code|id)/.test(ucd)) expect(unit, name).toBe('')
  }
})

test('no meaning stands for a field that the surveys do not have', () => {
  const tables = {
    ztf: ZTF_MEANING,
    'lsst.diaSource': LSST_SOURCE_MEANING,
    'lsst.diaObject': LSST_OBJECT_MEANING,
    'lsst.ssSource': LSST_SS_MEANING,
    'lsst.mpc_orbits': LSST_MPC_MEANING
  }
  const known = new Set(ALERT_COLUMNS.map(({ name }) => name))
  const said = Object.entries(tables).flatMap(([prefix, table]) =>
    [...table.keys()].map((name) => `${prefix}.${name}`)
  )
  expect(said.filter((name) => !known.has(name))).toEqual([])
})

test.each([
  ['ztf.magnr', 'mag', null],
  ['ztf.magnr', 'survey', null],
  ['ztf.magnr', 'nJy', /in "nJy", but its unit is "mag"/],
  ['flux', 'survey', /in "survey", but its unit is "nJy"/]
] as const)('a module that reads %s in %s', (column, unit, refusal) => {
  const reader = defineModule({
    name: 'reader',
    version: '1.0.0',
    about: 'Reads.',
    owner: '@owner',
    requires: { value: number(column, unit) },
    produces: { same: bool('The same.') },
    run: ({ rows }) => ({ same: Array.from({ length: rows }, () => true) })
  })
  const plan = () => makePlan([reader], []).columns.map(({ name }) => name)
  if (refusal) expect(plan).toThrow(refusal)
  else expect(plan()).toEqual(['reader.status', 'reader.same'])
})
