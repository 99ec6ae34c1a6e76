import { beforeAll, expect, test } from 'vitest'
import {
  LSST_DIA_OBJECT,
  LSST_DIA_SOURCE,
  LSST_MPC_ORBITS,
  LSST_SS_SOURCE
} from '../../../engine/surveys/lsst-fields.ts'
import type { AlertTable } from '../../../engine/table/table.ts'
import { confluent, typeOf } from '../../support/avro.ts'
import type { Datum } from '../../support/avro.ts'
import {
  cell,
  cells,
  decode,
  describeReal,
  onlyAlerts,
  onlyTable,
  realLsst,
  realSchemas
} from '../../support/packets.ts'
import { LSST_ID, LSST_MJD_TAI } from '../../support/synthetic.ts'

const TAI_MINUS_UTC = 37 / 86_400
const RECORDS = {
  diaSource: LSST_DIA_SOURCE,
  diaObject: LSST_DIA_OBJECT,
  ssSource: LSST_SS_SOURCE,
  mpc_orbits: LSST_MPC_ORBITS
} as const

/** The wire packet as avsc decodes it. */
function opened(bytes: Uint8Array, schemas: ReadonlyMap<number, Uint8Array>): Datum {
  const wire = Buffer.from(bytes)
  const schema = Buffer.from(schemas.get(wire.readUInt32BE(1))!).toString()
  return typeOf(schema).fromBuffer(wire.subarray(5)) as Datum
}

describeReal('real LSST packets', () => {
  const isOld = (name: string) => name.includes('v900')
  let table: AlertTable
  let alerts: Datum[]
  let names: string[]

  beforeAll(async () => {
    const packets = realLsst()
    const schemas = realSchemas()
    const result = await decode(packets)
    expect(result.quarantined).toEqual([])
    table = onlyTable(result)
    alerts = packets.map(({ bytes }) => opened(bytes, schemas))
    names = packets.map(({ name }) => name)
  })

  test('all 14 become alerts with their exact ids', () => {
    expect(table.rows).toBe(14)
    const ids = alerts.map((_, row) => cell(table, 'alert_id', row))
    expect(ids).toEqual(alerts.map((alert) => alert['diaSourceId']))
    expect(ids.some((id) => (id as bigint) > 2n ** 53n)).toBe(true)
  })

  test.each(Object.keys(RECORDS) as (keyof typeof RECORDS)[])(
    'every field of %s equals what avsc decodes',
    (record) => {
      let compared = 0
      alerts.forEach((alert, row) => {
        const sent = alert[record] as Datum | null | undefined
        for (const { name } of RECORDS[record]) {
          if (sent && !(name in sent)) continue // named otherwise in 9.0: the test below
          const value = sent?.[name] ?? null
          const ours = cell(table, `lsst.${record}.${name}`, row)
          const same = typeof value === 'boolean' ? Number(value) : value
          expect([name, ours]).toEqual([name, Number.isNaN(same) ? null : same])
          compared++
        }
        if (!sent || isOld(names[row]!)) return
        expect(Object.keys(sent).sort()).toEqual(RECORDS[record].map(({ name }) => name).sort())
      })
      expect(compared).toBeGreaterThan(100)
    }
  )

  test.each([
    ['diaObject', 'diaObject'],
    ['ssSource', 'ssSource'],
    ['mpc_orbits', 'MPCORB']
  ])('%s is there exactly where it was sent', (record, oldName) => {
    const sent = alerts.map((alert) => ((alert[record] ?? alert[oldName]) ? 1 : 0))
    expect([...table.present.get(`lsst.${record}`)!.subarray(0, 14)]).toEqual(sent)
  })

  test('ranges and velocities of ssSource are not in the units of its schema, as docs/columns.md says', () => {
    const row = alerts.findIndex((alert) => alert['ssSource'])
    const of = (name: string) => Number(cell(table, `lsst.${name}`, row))
    const q = of('mpc_orbits.q')
    const e = of('mpc_orbits.e')
    const range = of('ssSource.helioRange') * 149_597_870.7
    expect(range).toBeGreaterThan(q)
    expect(range).toBeLessThan((q * (1 + e)) / (1 - e))
    const speed = Math.hypot(...['vx', 'vy', 'vz'].map((axis) => of(`ssSource.helio_${axis}`)))
    // Speed on the orbit at that distance, AU/d; k is Gauss's constant.
    const k = 0.017_202_098_95
    expect(speed).toBeCloseTo(k * Math.sqrt(2 / range - (1 - e) / q), 4)
    expect([of('ssSource.galLat'), of('ssSource.ephVmag')]).toEqual([0, 0])
    expect(cell(table, 'lsst.ssSource.diaSourceId', row)).not.toBe(cell(table, 'alert_id', row))
  })

  test('times are UTC: 37 s before TAI; the night turns at noon', () => {
    alerts.forEach((alert, row) => {
      const tai = Number((alert['diaSource'] as Datum)['midpointMjdTai'])
      expect(cell(table, 'mjd', row)).toBeCloseTo(tai - TAI_MINUS_UTC, 9)
      const date = new Date((tai - TAI_MINUS_UTC - 0.5 - 40_587) * 86_400_000).toISOString()
      expect(cell(table, 'night', row)).toBe(Number(date.slice(0, 10).replaceAll('-', '')))
    })
  })

  test('the history is prvDiaSources, forced visits without one, and this alert', () => {
    alerts.forEach((alert, row) => {
      const sources = (alert['prvDiaSources'] as Datum[] | null) ?? []
      const visits = new Set([alert['diaSource'] as Datum, ...sources].map((s) => s['visit']))
      const forced = ((alert['prvDiaForcedSources'] as Datum[] | null) ?? []).filter(
        (source) => !visits.has(source['visit'])
      )
      const own = alert['diaSource'] as Datum
      const past = [...sources, ...forced].filter(
        (epoch) => Number(epoch['midpointMjdTai']) <= Number(own['midpointMjdTai'])
      )
      past.sort((a, b) => Number(a['midpointMjdTai']) - Number(b['midpointMjdTai']))
      const all = [...past, own]
      expect(cells(table, 'history_id', row)).toEqual(
        all.map((epoch) => epoch['diaForcedSourceId'] ?? epoch['diaSourceId'])
      )
      expect(cells(table, 'history_flux', row)).toEqual(all.map((epoch) => epoch['psfFlux']))
      expect(cells(table, 'history_band', row)).toEqual(all.map((epoch) => epoch['band']))
    })
  })

  test('stamps are bytes of the packet: FITS', async () => {
    const packets = realLsst()
    const { origins } = onlyAlerts(await decode(packets))
    const { start, length } = table.stamps.science
    for (let row = 0; row < table.rows; row++) {
      const bytes = origins.buffers[0]!.subarray(start[row], start[row]! + length[row]!)
      const sent = alerts[row]!['cutoutScience'] as Buffer
      expect(Buffer.compare(bytes, sent)).toBe(0)
      expect(sent.toString('latin1', 0, 6)).toBe('SIMPLE')
    }
  })

  test('the packet of schema 9.0 lands under the names of today', () => {
    const row = names.findIndex(isOld)
    const source = alerts[row]!['diaSource'] as Datum
    expect(cell(table, 'schema_version', row)).toBe('9.0')
    expect(cell(table, 'dec', row)).toBe(source['dec'] ?? source['decl'])
    expect(cell(table, 'band', row)).toBe(source['band'])
    expect(cell(table, 'lsst.diaSource.isNegative', row)).toBe(
      Number(source['isNegative'] ?? source['is_negative'])
    )
  })
})

describeReal('LSST schemas of all versions', () => {
  test.each([704, 800, 900, 1000, 1100])('%i decodes what avsc wrote', async (id) => {
    const type = typeOf(Buffer.from(realSchemas().get(id)!).toString())
    const alert = filled(JSON.parse(Buffer.from(realSchemas().get(id)!).toString()) as Json)
    const bytes = confluent(id, type.toBuffer(alert))
    const table = onlyTable(await decode([{ name: `${id}.confluent`, bytes }]))
    expect(cell(table, 'alert_id', 0)).toBe((alert['diaSource'] as Datum)['diaSourceId'])
    expect(cell(table, 'schema_version', 0)).toBe(`${Math.floor(id / 100)}.${id % 100}`)
    expect(cell(table, 'flux', 0)).toBe(1.5)
    expect(cell(table, 'dec', 0)).toBe(12.25)
    expect(cells(table, 'history_mjd', 0)).toHaveLength(1)
  })
})

type Json = { name: string; type: unknown; fields: { name: string; type: unknown }[] }

/** An alert with every field set that is not nullable, and the few that the table needs. */
function filled(schema: Json): Datum {
  const needed: Datum = {
    diaSourceId: LSST_ID,
    midpointMjdTai: LSST_MJD_TAI,
    ra: 45.5,
    dec: 12.25,
    decl: 12.25,
    band: 'r',
    psfFlux: 1.5
  }
  const zero = { long: 7n, int: 7, float: 0.5, double: 0.5, boolean: true, string: 'r', bytes: '' }
  const entries = schema.fields.map(({ name, type }): [string, unknown] => {
    if (typeof type === 'object' && type && 'fields' in type) return [name, filled(type as Json)]
    if (name in needed) return [name, needed[name]]
    const plain = (typeof type === 'object' && type && 'type' in type ? type.type : type) as string
    return [name, Array.isArray(type) ? null : zero[plain as keyof typeof zero]]
  })
  return Object.fromEntries(entries)
}
