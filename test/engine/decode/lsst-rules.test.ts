import { describe, expect, test } from 'vitest'
import type { AlertTable } from '../../../engine/table/table.ts'
import { confluent } from '../../support/avro.ts'
import type { Datum } from '../../support/avro.ts'
import {
  cell,
  cells,
  decode,
  onlyTable,
  SYNTHETIC_ID,
  syntheticSchemas
} from '../../support/packets.ts'
import { encode, LSST_ID, LSST_MJD_TAI, lsstAlert, lsstSchema } from '../../support/synthetic.ts'

const TAI_MINUS_UTC = 37 / 86_400

describe('LSST rules', () => {
  const decodeOne = async (over: Datum, diaSource: Datum = {}) => {
    const bytes = confluent(SYNTHETIC_ID, encode(lsstSchema(), lsstAlert(0, over, diaSource)))
    return onlyTable(await decode([{ name: 'one', bytes }], { registered: syntheticSchemas() }))
  }

  test('forced photometry fills the visits without a detection; 5 sigma is detected', async () => {
    const table = await decodeOne({})
    expect(cells(table, 'history_id', 0)).toEqual([
      LSST_ID - 2000n,
      4n,
      3n,
      LSST_ID - 1000n,
      LSST_ID
    ])
    expect(cells(table, 'history_forced', 0)).toEqual([0, 1, 1, 0, 0])
    expect(cells(table, 'history_detected', 0)).toEqual([1, 0, 1, 1, 1])
    expect(cells(table, 'history_flux', 0)).toEqual([2000, 100, -600, 2000, 2000])
    expect(cells(table, 'forced_flux', 0)).toEqual([1500, 100, -600])
  })

  test('37 s of TAI are taken off, and the night turns 12 h after midnight UTC', async () => {
    const noon = 60_827.5 + TAI_MINUS_UTC
    expect(cell(await decodeOne({}, { midpointMjdTai: noon }), 'night', 0)).toBe(20250601)
    expect(cell(await decodeOne({}, { midpointMjdTai: noon - 1e-5 }), 'night', 0)).toBe(20250531)
    expect(cell(await decodeOne({}), 'mjd', 0)).toBeCloseTo(LSST_MJD_TAI - TAI_MINUS_UTC, 9)
  })

  test('an object is named by diaObjectId, or by ssObjectId', async () => {
    const moving = { diaObjectId: null, ssObjectId: 2n ** 60n + 1n }
    expect(cell(await decodeOne({}, moving), 'object_id', 0)).toBe(`SSO${2n ** 60n + 1n}`)
    expect(cell(await decodeOne({}), 'object_id', 0)).toBe('5')
    const none = { diaObjectId: null, ssObjectId: null }
    expect(cell(await decodeOne({}, none), 'object_id', 0)).toBeNull()
    expect(cell(await decodeOne({}, { diaObjectId: 0n }), 'object_id', 0)).toBeNull()
  })

  test('a negative difference has a magnitude of its absolute flux', async () => {
    const table = await decodeOne({}, { psfFlux: -1000, psfFluxErr: 10, isNegative: true })
    expect(cell(table, 'flux', 0)).toBe(-1000)
    expect(cell(table, 'mag', 0)).toBeCloseTo(31.4 - 7.5, 9)
    expect(cell(table, 'is_positive', 0)).toBe(0)
  })

  test.each([
    [1000, true, 1],
    [-1000, false, 0],
    [1000, null, 1],
    [null, true, null]
  ])('psfFlux %s and isNegative %s: is_positive %s', async (psfFlux, isNegative, positive) => {
    const table = await decodeOne({}, { psfFlux, isNegative })
    expect(cell(table, 'is_positive', 0)).toBe(positive)
  })

  test('a forced point has the flux of the science image, and no template', async () => {
    const list = lsstAlert()['prvDiaForcedSources'] as Datum[]
    const noisy = list.map((point) => ({
      ...point,
      psfFlux: 1500,
      psfFluxErr: 100,
      scienceFlux: 5000,
      scienceFluxErr: 99
    }))
    const table = await decodeOne({ prvDiaForcedSources: noisy })
    const forced = cells(table, 'history_forced', 0)
    const of = (name: string) => cells(table, name, 0).filter((_, i) => forced[i] === 1)
    expect([of('history_flux'), of('history_flux_err')]).toEqual([
      [1500, 1500],
      [100, 100]
    ])
    expect([of('history_science_flux'), of('history_science_flux_err')]).toEqual([
      [5000, 5000],
      [99, 99]
    ])
    for (const name of ['flux', 'flux_err', 'distance']) {
      expect(of(`history_ref_${name}`)).toEqual([null, null])
    }
  })

  test('detections and the alert itself have both, as they were sent', async () => {
    const sent = { templateFlux: 700, templateFluxErr: 3, scienceFlux: 2200, scienceFluxErr: 95 }
    const list = lsstAlert()['prvDiaSources'] as Datum[]
    const prvDiaSources = list.map((source) => ({ ...source, ...sent, scienceFlux: 2100 }))
    const table = await decodeOne({ prvDiaSources, prvDiaForcedSources: null }, sent)
    const science = prvDiaSources.map(() => 2100)
    expect(cells(table, 'history_science_flux', 0)).toEqual([...science, 2200])
    expect(new Set(cells(table, 'history_science_flux_err', 0))).toEqual(new Set([95]))
    expect(new Set(cells(table, 'history_ref_flux', 0))).toEqual(new Set([700]))
  })

  test('no psfFlux: no flux and no magnitude, and still an alert', async () => {
    const table = await decodeOne({}, { psfFlux: null, psfFluxErr: null, isNegative: null })
    for (const name of ['flux', 'flux_err', 'mag', 'mag_err', 'is_positive']) {
      expect(cell(table, name, 0)).toBeNull()
    }
  })
})

describe('LSST: one exposure once', () => {
  const decodeLists = async (over: Datum, diaSource: Datum = {}, schema = lsstSchema()) => {
    const registered = new Map([[SYNTHETIC_ID, Buffer.from(JSON.stringify(schema))]])
    const bytes = confluent(SYNTHETIC_ID, encode(schema, lsstAlert(0, over, diaSource)))
    return onlyTable(await decode([{ name: 'one', bytes }], { registered }))
  }
  const alert = lsstAlert()
  const sources = alert['prvDiaSources'] as Datum[]
  const forced = alert['prvDiaForcedSources'] as Datum[]
  const HISTORY = ['mjd', 'band', 'flux', 'id', 'detected', 'forced'].map((n) => `history_${n}`)
  const all = (table: AlertTable) =>
    Object.fromEntries(
      [...HISTORY, 'forced_mjd', 'forced_flux'].map((n) => [n, cells(table, n, 0)])
    )

  test.each([
    ['twice', [...sources, ...sources], [...forced, ...forced]],
    ['backwards', sources.toReversed(), forced.toReversed()],
    ['the alert itself among its past', [...sources, alert['diaSource']], forced],
    [
      'the alert again, under another id',
      [{ ...(alert['diaSource'] as Datum), diaSourceId: 7n }, ...sources],
      forced
    ],
    [
      'entries without time',
      [{ ...sources[0], midpointMjdTai: Number.NaN }, ...sources],
      [...forced, { ...forced[0], midpointMjdTai: Number.NaN, visit: 1n }]
    ],
    [
      'times that are none',
      [...sources, { ...sources[0], midpointMjdTai: -999 }],
      [{ ...forced[0], midpointMjdTai: 0, visit: 1n }, ...forced]
    ],
    [
      'times a rounding apart',
      [...sources, { ...sources[0], midpointMjdTai: Number(sources[0]!['midpointMjdTai']) + 1e-8 }],
      forced
    ]
  ])('%s: as if sent plainly', async (_what, prvDiaSources, prvDiaForcedSources) => {
    const plain = await decodeLists({})
    const table = await decodeLists({ prvDiaSources, prvDiaForcedSources })
    expect(all(table)).toEqual(all(plain))
  })

  test('what the survey withdrew is no epoch, and leaves its visit to the forced photometry', async () => {
    const withdrawn = (entry: Datum) => ({ ...entry, timeWithdrawnMjdTai: 61_000 })
    const [first = {}, ...others] = sources
    const left = await decodeLists({
      prvDiaSources: [withdrawn(first), ...others],
      prvDiaForcedSources: [
        ...forced,
        withdrawn({ ...forced[0], visit: 77n, midpointMjdTai: 60_700 })
      ]
    })
    expect(all(left)).toEqual(all(await decodeLists({ prvDiaSources: others })))
    for (const timeWithdrawnMjdTai of [null, Number.NaN, 0, 10]) {
      const kept = { prvDiaSources: [{ ...first, timeWithdrawnMjdTai }, ...others] }
      expect(all(await decodeLists(kept))).toEqual(all(await decodeLists({})))
    }
  })

  test('a visit that is missing is not one with the number 0', async () => {
    const schema = lsstSchema()
    const nullable = (name: string) => {
      let type = schema.fields.find((field) => field.name === name)!.type
      if (Array.isArray(type)) type = (type[1] as { items: unknown }).items
      const { fields } = type as { fields: { name: string; type: unknown }[] }
      fields.find((field) => field.name === 'visit')!.type = ['null', 'long']
    }
    nullable('diaSource')
    nullable('prvDiaForcedSources')
    const without = (list: Datum[]) => list.map((entry) => ({ ...entry, visit: null }))
    const over = { prvDiaSources: without(sources), prvDiaForcedSources: without(forced) }
    const table = await decodeLists(over, { visit: null }, schema)
    expect(cell(table, 'lsst.diaSource.visit', 0)).toBeNull()
    expect(cells(table, 'history_forced', 0).filter((flag) => flag === 1)).toHaveLength(3)
  })
})
