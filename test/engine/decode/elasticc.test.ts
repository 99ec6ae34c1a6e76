import { describe, expect, test } from 'vitest'
import { confluent } from '../../support/avro.ts'
import type { Datum } from '../../support/avro.ts'
import { cell, cells, decode, onlyTable, SYNTHETIC_ID } from '../../support/packets.ts'
import { encode } from '../../support/synthetic.ts'
import type { RecordSchema } from '../../support/synthetic.ts'

const field = (name: string, type: unknown = 'float') => ({ name, type })

const SOURCE = [
  field('diaSourceId', 'long'),
  field('diaObjectId', ['null', 'long']),
  field('midPointTai', 'double'),
  field('filterName', 'string'),
  field('ra', 'double'),
  field('decl', 'double'),
  field('psFlux'),
  field('psFluxErr'),
  field('snr')
]

const FORCED = [
  field('diaForcedSourceId', 'long'),
  field('diaObjectId', 'long'),
  field('midPointTai', 'double'),
  field('filterName', 'string'),
  field('psFlux'),
  field('psFluxErr'),
  field('totFlux'),
  field('totFluxErr')
]

const HOST = [field('simVersion', ['null', 'string']), field('hostgal_zphot', ['null', 'float'])]

interface Form {
  /** Of the alert; of the records in it. */
  readonly namespace: string
  readonly inner?: string
  readonly host?: boolean
  readonly source?: { name: string; type: unknown }[]
}

/** ELAsTiCC's schema as published (0.9 and 0.9.1), as far as it matters here. */
function schemaOf({ namespace, inner = '', host = true, source = [] }: Form): RecordSchema {
  const record = (name: string, fields: RecordSchema['fields']) => ({
    type: 'record',
    name: inner ? `${inner}.${name}` : name,
    fields
  })
  return {
    type: 'record',
    name: 'alert',
    namespace,
    fields: [
      field('alertId', 'long'),
      field('diaSource', record('diaSource', [...SOURCE, ...source])),
      field('prvDiaSources', [
        'null',
        { type: 'array', items: inner ? `${inner}.diaSource` : 'diaSource' }
      ]),
      field('prvDiaForcedSources', [
        'null',
        { type: 'array', items: record('diaForcedSource', FORCED) }
      ]),
      field('diaObject', [
        'null',
        record('diaObject', [field('diaObjectId', 'long'), ...(host ? HOST : [])])
      ])
    ]
  }
}

const MJD = 60_600.25

/** The golden value of SNANA's flux: magnitude 19.1225 +- 0.1569 is 2243.883 +- 324.328. */
function alertOf(source: Datum = {}): Datum {
  const own = (id: bigint, days: number, psFlux: number, psFluxErr: number) => ({
    diaSourceId: id,
    diaObjectId: 7n,
    midPointTai: MJD - days,
    filterName: 'r',
    ra: 53.125,
    decl: -28.25,
    psFlux,
    psFluxErr,
    snr: psFlux / psFluxErr,
    ...source
  })
  const forced = { diaForcedSourceId: 3n, diaObjectId: 7n, midPointTai: MJD - 4, filterName: 'Y' }
  const total = { totFlux: 1100, totFluxErr: 10 }
  return {
    alertId: 1n,
    diaSource: own(1n, 0, 2243.883, 324.328),
    prvDiaSources: [own(2n, 2, -100, 10)],
    prvDiaForcedSources: [{ ...forced, psFlux: 1000, psFluxErr: 10, ...total }],
    diaObject: { diaObjectId: 7n, simVersion: 'one', hostgal_zphot: 0.1 }
  }
}

async function decodeForm(form: Form, values: Datum = {}) {
  const schema = schemaOf(form)
  const bytes = confluent(SYNTHETIC_ID, encode(schema, alertOf(values)))
  const registered = new Map([[SYNTHETIC_ID, Buffer.from(JSON.stringify(schema))]])
  return decode([{ name: 'one', bytes }], { registered })
}

describe('fluxes of ELAsTiCC, of zero point 27.5', () => {
  test.each<Form>([
    { namespace: 'elasticc.v0_9_1' },
    { namespace: 'elasticc.v0_9', host: false },
    { namespace: '', inner: 'elasticc.v0_9' },
    { namespace: '' }
  ])('$namespace, records of "$inner": are in nJy', async (form) => {
    const table = onlyTable(await decodeForm(form))
    expect(cell(table, 'mag', 0)).toBeCloseTo(19.1225, 4)
    expect(cell(table, 'mag_err', 0)).toBeCloseTo(0.15693, 4)
    // 2.5 log10 of 36.307805 is 3.9: a flux of 100 is magnitude 22.5, and 3631 nJy
    expect(cell(table, 'flux', 0)).toBeCloseTo(81_470.46, 1)
    expect(cell(table, 'lsst.diaSource.psfFlux', 0)).toBeCloseTo(81_470.46, 1)
    expect(cell(table, 'lsst.diaSource.psfFluxErr', 0)).toBeCloseTo(11_775.6, 0)
    const fluxes = cells(table, 'history_flux', 0).map(Number)
    expect(fluxes.map(Math.round)).toEqual([36_308, -3631, 81_470])
    const errors = cells(table, 'history_flux_err', 0).map(Number)
    expect(errors.map(Math.round)).toEqual([363, 363, 11_776])
    expect(Number(cells(table, 'forced_flux', 0)[0])).toBeCloseTo(36_307.8, 0)
    expect(Number(cells(table, 'history_science_flux', 0)[0])).toBeCloseTo(39_938.6, 0)
    expect(Number(cells(table, 'history_science_flux_err', 0)[0])).toBeCloseTo(363.1, 0)
    expect(cell(table, 'lsst.diaSource.snr', 0)).toBeCloseTo(6.9186, 3)
  })

  test('LSST of the same names sends nJy: its own fields tell it', async () => {
    const source = [field('psChi2'), field('apFlux')]
    const form = { namespace: '', host: false, source }
    const table = onlyTable(await decodeForm(form, { psChi2: 1, apFlux: 5 }))
    expect(cell(table, 'flux', 0)).toBeCloseTo(2243.883, 2)
  })

  test('where nothing tells whose fluxes they are: unsupported', async () => {
    const { quarantined } = await decodeForm({ namespace: '', host: false })
    expect(quarantined.map(({ reason }) => reason)).toEqual(['unsupported'])
    expect(quarantined[0]!.detail).toContain('its unit is not told')
  })
})
