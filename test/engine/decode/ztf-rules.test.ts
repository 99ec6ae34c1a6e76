import { describe, expect, test } from 'vitest'
import { writeContainer } from '../../support/avro.ts'
import type { Datum } from '../../support/avro.ts'
import { cell, cells, decode, onlyTable, syntheticZtf } from '../../support/packets.ts'
import { encode, ZTF_ID, ZTF_JD, ztfAlert, ztfSchema } from '../../support/synthetic.ts'

const JD_OF_MJD_0 = 2_400_000.5
const nanojansky = (mag: number) => 10 ** ((31.4 - mag) / 2.5)

describe('two detections of one exposure', () => {
  const past = ztfAlert()['prv_candidates'] as Datum[]
  const at = past.findIndex((epoch) => epoch['magpsf'] !== null)
  const own = past[at]!
  const { ra, dec } = ztfAlert()['candidate'] as { ra: number; dec: number }
  const near = { ...own, candid: 900n, magpsf: 17, ra: ra + 0.00001, dec }
  const far = { ...own, candid: 100n, magpsf: 20, ra: ra + 0.0003, dec }
  const fluxes = async (...twins: Datum[]) => {
    const prv = past.toSpliced(at, 1, ...twins)
    const alert = encode(ztfSchema(), ztfAlert(0, { prv_candidates: prv }))
    const bytes = writeContainer(JSON.stringify(ztfSchema()), [alert])
    return cells(onlyTable(await decode([{ name: 'one', bytes }])), 'history_flux', 0)
  }

  test('the nearest to the alert counts, whatever their ids and order', async () => {
    const alone = await fluxes(near)
    expect(await fluxes(far, near)).toEqual(alone)
    expect(await fluxes(near, far)).toEqual(alone)
  })

  test('one without a position gives way; at one place the lower id counts', async () => {
    const nowhere = { ...near, candid: 1n, magpsf: 21, ra: null, dec: null }
    expect(await fluxes(nowhere, far)).toEqual(await fluxes(far))
    const again = { ...near, candid: 901n, magpsf: 19 }
    expect(await fluxes(again, near)).toEqual(await fluxes(near))
  })

  test('the alert itself always counts, also against one nearer to where it says it is', async () => {
    const now = ztfAlert()['candidate'] as Datum
    const twin = { ...own, jd: now['jd'], fid: now['fid'], candid: 1n, magpsf: 12, ra, dec }
    expect(await fluxes(own, twin)).toEqual(await fluxes(own))
  })
})

describe('ZTF rules', () => {
  const text = JSON.stringify(ztfSchema())
  const decodeOne = async (over: Datum, candidate: Datum) => {
    const bytes = writeContainer(text, [encode(ztfSchema(), ztfAlert(0, over, candidate))])
    return onlyTable(await decode([{ name: 'one.avro', bytes }]))
  }

  test('an id beyond 2^53 stays exact', async () => {
    const table = onlyTable(await decode(syntheticZtf(3)))
    expect(cell(table, 'alert_id', 2)).toBe(ZTF_ID + 2000n)
    expect(cells(table, 'history_id', 0)).toEqual([null, ZTF_ID - 2n, null, ZTF_ID - 1n, ZTF_ID])
  })

  test.each([
    ['t', 1],
    ['1', 1],
    ['f', 0],
    ['0', 0],
    ['x', null],
    ['', null],
    ['true', null]
  ])('isdiffpos %j gives is_positive %j', async (isdiffpos, positive) => {
    const table = await decodeOne({}, { isdiffpos })
    expect(cell(table, 'is_positive', 0)).toBe(positive)
    const flux = cell(table, 'flux', 0)
    if (positive === null) expect(flux).toBeNull()
    else expect(Number(flux) / nanojansky(18)).toBeCloseTo(positive === 1 ? 1 : -1, 9)
    expect(cell(table, 'ztf.isdiffpos', 0)).toBe(isdiffpos)
  })

  test.each([
    ['ssdistnr', -999],
    ['ssnamenr', 'null'],
    ['sgscore2', -999],
    ['objectidps1', -999n],
    ['magnr', -99999],
    ['tooflag', -999],
    ['rb', Number.NaN],
    ['rb', Number.POSITIVE_INFINITY]
  ])('%s of %s says nothing', async (name, value) => {
    const table = await decodeOne({}, { [name]: value })
    expect(cell(table, `ztf.${name}`, 0)).toBeNull()
  })

  test('a value near a sentinel is a value', async () => {
    const near = {
      sgscore1: 0.5,
      sky: -998.5,
      scorr: -1000,
      dsdiff: -99998,
      magnr: 999,
      ssnamenr: 'nul',
      programpi: 'Null'
    }
    const table = await decodeOne({}, near)
    for (const [name, value] of Object.entries(near)) {
      expect(cell(table, `ztf.${name}`, 0)).toBe(value)
    }
  })

  test('sentinels of earlier epochs are null too, and no detection comes of them', async () => {
    const past = (ztfAlert()['prv_candidates'] as Datum[]).map((epoch) => ({
      ...epoch,
      magpsf: -999,
      sigmapsf: -999,
      diffmaglim: -999,
      rb: -999
    }))
    const table = await decodeOne({ prv_candidates: past }, {})
    for (const name of ['flux', 'flux_err', 'mag_limit', 'reliability']) {
      expect(cells(table, `history_${name}`, 0).slice(0, -1)).toEqual([null, null, null, null])
    }
    expect(cells(table, 'history_detected', 0)).toEqual([0, 0, 0, 0, 1])
  })

  test('forced fluxes of -998 DN and below are fadings; the sentinel is -99999 alone', async () => {
    const fluxes = [-997, -998, -999, -1000, -5000.5, -99998, -99999, -100000]
    const [point] = ztfAlert()['fp_hists'] as Datum[]
    const points = fluxes.map((flux, i) => ({
      ...point,
      jd: ZTF_JD - 10 + i,
      forcediffimflux: flux,
      forcediffimfluxunc: 10
    }))
    const table = await decodeOne({ fp_hists: points }, {})
    const scale = nanojansky(26.25)
    const expected = fluxes.map((flux) => (flux === -99999 ? null : flux))
    const inDn = cells(table, 'forced_flux', 0).map((flux) =>
      flux === null ? null : Math.round((Number(flux) / scale) * 10) / 10
    )
    expect(inDn).toEqual(expected)
  })

  test('an object id that says "null" is none', async () => {
    expect(cell(await decodeOne({ objectId: 'null' }, {}), 'object_id', 0)).toBeNull()
  })

  test('epochs out of order are sorted; epochs later than the alert are left out', async () => {
    const past = (ztfAlert()['prv_candidates'] as Datum[]).toReversed()
    const later = { ...past[0]!, jd: ZTF_JD + 1 }
    const table = await decodeOne({ prv_candidates: [later, ...past] }, {})
    const before = [5.5, 4, 2.5, 1, 0].map((days) => ZTF_JD - days - JD_OF_MJD_0)
    expect(cells(table, 'history_mjd', 0)).toEqual(before)
    expect(cells(table, 'history_detected', 0)).toEqual([0, 1, 0, 1, 1])
  })

  test('no history is a history of one', async () => {
    const table = await decodeOne({ prv_candidates: null, fp_hists: null }, {})
    expect(cells(table, 'history_id', 0)).toEqual([ZTF_ID])
    expect(cells(table, 'forced_mjd', 0)).toEqual([])
  })

  test('fluxes have the zero point that light-curve classifiers know', async () => {
    const table = await decodeOne({}, { magpsf: 19.1224995, sigmapsf: 0.156931 })
    const fluxcal = 10 ** (-0.4 * (31.4 - 27.5)) // from 1 nJy to a zero point of 27.5
    expect(Number(cell(table, 'flux', 0)) * fluxcal).toBeCloseTo(2243.883, 2)
    expect(Number(cell(table, 'flux_err', 0)) * fluxcal).toBeCloseTo(324.328, 2)
  })

  test('an exposure at midnight belongs to the new date', async () => {
    const midnight = 2_458_492.5 // 2019-01-09 00:00 UTC
    expect(cell(await decodeOne({}, { jd: midnight }), 'night', 0)).toBe(20190109)
    expect(cell(await decodeOne({}, { jd: midnight - 1e-5 }), 'night', 0)).toBe(20190108)
  })
})
