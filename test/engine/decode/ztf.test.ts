import { beforeAll, expect, test } from 'vitest'
import type { DecodeResult } from '../../../engine/decode/decode.ts'
import { ZTF_CANDIDATE } from '../../../engine/surveys/ztf-fields.ts'
import type { AlertTable } from '../../../engine/table/table.ts'
import { openContainer } from '../../support/avro.ts'
import type { Datum } from '../../support/avro.ts'
import {
  cell,
  cells,
  decode,
  describeReal,
  onlyTable,
  realZtf,
  rowOf
} from '../../support/packets.ts'

const JD_OF_MJD_0 = 2_400_000.5
const BANDS: Record<number, string> = { 1: 'g', 2: 'r', 3: 'i' }

/** What the table must say of a value the survey sent. */
function meant(value: unknown): unknown {
  if (value === undefined || value === null || Number.isNaN(value)) return null
  return value === 'null' || [-999, -99999, -999n, -99999n].includes(value as number) ? null : value
}

const nanojansky = (mag: number) => 10 ** ((31.4 - mag) / 2.5)
const signOf = (isdiffpos: unknown) => (isdiffpos === 't' || isdiffpos === '1' ? 1 : -1)

/** Degrees between an epoch and its alert, near enough. */
function awayFrom(alert: Datum, epoch: Datum): number {
  const { ra, dec } = alert['candidate'] as { ra: number; dec: number }
  const east = (Number(epoch['ra']) - ra) * Math.cos((dec * Math.PI) / 180)
  return epoch['ra'] === null ? Infinity : Math.hypot(east, Number(epoch['dec']) - dec)
}

/** The light curve that an alert as avsc decoded it tells, this detection last. */
function historyOf(
  alert: Datum
): { mjd: number; band: string; flux: number | null; id: unknown }[] {
  const past = (alert['prv_candidates'] as Datum[] | null) ?? []
  const once = new Map<string, Datum>()
  for (const epoch of past) {
    const exposure = `${Number(epoch['jd'])} ${Number(epoch['fid'])}`
    const other = once.get(exposure)
    if (!other || awayFrom(alert, epoch) < awayFrom(alert, other)) once.set(exposure, epoch)
  }
  const sorted = [...once.values()].sort((a, b) => Number(a['jd']) - Number(b['jd']))
  const epochs = [...sorted, alert['candidate']]
  return (epochs as Datum[]).map((epoch) => ({
    mjd: Number(epoch['jd']) - JD_OF_MJD_0,
    band: BANDS[Number(epoch['fid'])]!,
    flux:
      epoch['magpsf'] === null
        ? null
        : signOf(epoch['isdiffpos']) * nanojansky(Number(epoch['magpsf'])),
    id: epoch['candid']
  }))
}

describeReal('real ZTF packets', () => {
  let result: DecodeResult
  let table: AlertTable
  let alerts: Datum[]

  beforeAll(async () => {
    const packets = realZtf()
    result = await decode(packets)
    table = onlyTable(result)
    const opened = await Promise.all(packets.map((packet) => openContainer(packet.bytes)))
    alerts = opened.flatMap(({ data }) => data)
  })

  test('all 117 become alerts, in the order they came', () => {
    expect([table.rows, alerts.length, result.quarantined]).toEqual([117, 117, []])
    const ids = alerts.map((_, row) => cell(table, 'alert_id', row))
    expect(ids).toEqual(alerts.map((alert) => alert['candid']))
  })

  test('ids are BigInts, many beyond 2^53', () => {
    const ids = alerts.map((_, row) => cell(table, 'alert_id', row))
    expect(ids.every((id) => typeof id === 'bigint')).toBe(true)
    expect(ids.filter((id) => (id as bigint) > 2n ** 53n).length).toBeGreaterThan(100)
  })

  test('every candidate field equals what avsc decodes, sentinels as null', () => {
    const ours: Datum[] = []
    const theirs: Datum[] = []
    alerts.forEach((alert, row) => {
      const candidate = alert['candidate'] as Datum
      const pick = (value: (name: string) => unknown) =>
        Object.fromEntries(ZTF_CANDIDATE.map(({ name }) => [name, value(name)]))
      ours.push(
        pick((name) => {
          const value = cell(table, `ztf.${name}`, row)
          return typeof candidate[name] === 'boolean' ? value === 1 : value
        })
      )
      theirs.push(pick((name) => meant(candidate[name])))
    })
    expect(ours).toEqual(theirs)
  })

  test('every field of the real schemas is in the table, or known to be left out', async () => {
    const known = new Set(ZTF_CANDIDATE.map(({ name }) => name))
    const missing = alerts.flatMap((alert) =>
      Object.keys(alert['candidate'] as Datum).filter((name) => !known.has(name))
    )
    expect([...new Set(missing)]).toEqual([])
  })

  test('the history is prv_candidates and this alert, ascending, upper limits without flux', () => {
    alerts.forEach((alert, row) => {
      const expected = historyOf(alert)
      expect(cells(table, 'history_mjd', row)).toEqual(expected.map(({ mjd }) => mjd))
      expect(cells(table, 'history_band', row)).toEqual(expected.map(({ band }) => band))
      expect(cells(table, 'history_id', row)).toEqual(expected.map(({ id }) => id))
      const flux = cells(table, 'history_flux', row)
      expect(flux.map((value) => value === null)).toEqual(expected.map((e) => e.flux === null))
      flux.forEach((value, i) => {
        if (value !== null) expect(Number(value) / expected[i]!.flux!).toBeCloseTo(1, 9)
      })
      const detected = cells(table, 'history_detected', row)
      expect(detected).toEqual(expected.map(({ flux }) => (flux === null ? 0 : 1)))
      const times = cells(table, 'history_mjd', row).map(Number)
      expect(times).toEqual(times.toSorted((a, b) => a - b))
    })
  })

  test('all history columns of an alert have one length', () => {
    for (const { offsets, columns, length } of [table.history, table.forced]) {
      expect(offsets[table.rows]).toBe(length)
      for (const column of columns) expect(column.valid.length).toBeGreaterThanOrEqual(length)
      expect([...offsets.subarray(0, table.rows + 1)]).toEqual(
        [...offsets.subarray(0, table.rows + 1)].sort((a, b) => a - b)
      )
    }
  })

  test('forced photometry is fp_hists in nJy, only where procstatus is 0 good', () => {
    const sent = alerts.map((alert) => (alert['fp_hists'] as Datum[] | null | undefined) ?? [])
    const faded = sent.flat().filter((epoch) => Number(epoch['forcediffimflux']) <= -998)
    const real = faded.filter((epoch) => epoch['forcediffimflux'] !== -99999)
    expect([faded.length, real.length]).toEqual([178, 20])
    sent.forEach((list, row) => {
      const sorted = list.toSorted((a, b) => Number(a['jd']) - Number(b['jd']))
      expect(cells(table, 'forced_mjd', row)).toEqual(
        sorted.map((epoch) => Number(epoch['jd']) - JD_OF_MJD_0)
      )
      expect(cells(table, 'forced_good', row)).toEqual(
        sorted.map((epoch) => (epoch['procstatus'] === '0' ? 1 : 0))
      )
      cells(table, 'forced_flux', row).forEach((flux, i) => {
        const raw = sorted[i]!['forcediffimflux'] as number | null
        if (raw === null || raw === -99999) expect(flux).toBeNull()
        else expect(Number(flux)).toBeCloseTo(raw * nanojansky(Number(sorted[i]!['magzpsci'])), 3)
      })
    })
  })

  test('the night is the UTC date of the exposure', () => {
    alerts.forEach((alert, row) => {
      const jd = Number((alert['candidate'] as Datum)['jd'])
      const iso = new Date((jd - 2_440_587.5) * 86_400_000).toISOString()
      expect(cell(table, 'night', row)).toBe(Number(iso.slice(0, 10).replaceAll('-', '')))
    })
  })

  test('a negative difference of 15.37 mag', () => {
    const row = rowOf(table, 739_260_766_315_010_006n)
    expect(cell(table, 'is_positive', row)).toBe(0)
    expect(cell(table, 'mag', row)).toBeCloseTo(15.3711338, 6)
    expect(Number(cell(table, 'flux', row))).toBeCloseTo(-nanojansky(15.3711338), 1)
    expect(cell(table, 'night', row)).toBe(20190110)
  })

  test('stamps are where the packet has them: gzipped FITS', async () => {
    const range = result.alerts[0]!
    for (const { start, length } of Object.values(table.stamps)) {
      for (let row = 0; row < table.rows; row++) {
        const bytes = range.origins.buffers[range.origins.buffer[row]!]!
        expect(length[row]).toBeGreaterThan(1000)
        expect([...bytes.subarray(start[row], start[row]! + 2)]).toEqual([0x1f, 0x8b])
      }
    }
  })
})
