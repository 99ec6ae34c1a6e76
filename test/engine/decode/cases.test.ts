import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import type { DecodeResult } from '../../../engine/decode/decode.ts'
import { enrich } from '../../../engine/enrich/enrich.ts'
import { makePlan } from '../../../engine/enrich/plan.ts'
import { ModuleRunner } from '../../../engine/enrich/run-module.ts'
import { valueAt } from '../../../engine/table/columns.ts'
import type { AlertTable } from '../../../engine/table/table.ts'
import { modules } from '../../../science-modules/registry.ts'
import { openContainer } from '../../support/avro.ts'
import {
  cell,
  cells,
  decode,
  describeReal,
  onlyTable,
  realSchemas,
  rowOf
} from '../../support/packets.ts'
import type { Cell, Decode, Packet } from '../../support/packets.ts'

const CASES = fileURLToPath(new URL('../../../../shared/data/cases/', import.meta.url))

const packet = (path: string): Packet => ({ name: path, bytes: readFileSync(`${CASES}${path}`) })

/** Every schema of the cases, beside the survey's own. */
function allSchemas(): Map<number, Uint8Array> {
  const schemas = realSchemas()
  for (const name of ['c01-recursive', 'c02-names']) {
    for (const file of readdirSync(`${CASES}${name}/schemas`)) {
      schemas.set(Number.parseInt(file, 10), readFileSync(`${CASES}${name}/schemas/${file}`))
    }
  }
  return schemas
}

/** All that the table says of a row, but what differs by intent. */
function rowAt(table: AlertTable, row: number, without: readonly string[] = []) {
  const values: Record<string, Cell | Cell[]> = {}
  for (const name of table.columns.keys()) {
    if (name.startsWith('packet_') || without.includes(name)) continue
    values[name] = (/^(history|forced)_/.test(name) ? cells : cell)(table, name, row)
  }
  return values
}

const IDS = ['alert_id', 'history_id', 'ztf.candid', 'lsst.diaSource.diaSourceId']

describeReal('small inputs that failed once', () => {
  let base: Record<string, AlertTable>
  let registered: Map<number, Uint8Array>

  const decodeCase = (paths: string[], how: Decode = {}) =>
    decode(paths.map(packet), { registered, ...how })
  const tableOf = async (path: string) => onlyTable(await decodeCase([path]))
  const reasonsOf = ({ quarantined }: DecodeResult) => quarantined.map(({ reason }) => reason)

  beforeAll(async () => {
    registered = allSchemas()
    base = {
      ztf: await tableOf('c00-base/ztf.avro'),
      lsst: await tableOf('c00-base/lsst.confluent')
    }
  })

  test('the base packets: 21 epochs of ZTF, 17 of LSST', () => {
    expect(cells(base['ztf']!, 'history_mjd', 0)).toHaveLength(21)
    expect(cells(base['lsst']!, 'history_mjd', 0)).toHaveLength(17)
  })

  test.each([
    ['c01-recursive/ztf.avro', 'ztf'],
    ['c01-recursive/lsst.confluent', 'lsst'],
    ['c02-names/a-dotted.confluent', 'lsst'],
    ['c02-names/b-overridden.confluent', 'lsst'],
    ['c02-names/c-null-namespace.confluent', 'lsst'],
    ['c02-names/d-same-short-name.confluent', 'lsst'],
    ['c02-names/e-short-names-only.confluent', 'lsst'],
    ['c03-zero-width/empty-record.avro', 'ztf'],
    ['c03-zero-width/null.avro', 'ztf'],
    ['c20-hard-schema/ztf.avro', 'ztf'],
    ['c20-hard-schema/ztf-plain-enum.avro', 'ztf'],
    ['c04-same-epoch/lsst-past-exact.confluent', 'lsst']
  ])('%s: the same alert as the base', async (path, survey) => {
    const warnings: string[] = []
    const result = await decodeCase([path], { warn: (message) => warnings.push(message) })
    expect(warnings).toEqual([])
    expect(rowAt(onlyTable(result), 0, IDS)).toEqual(rowAt(base[survey]!, 0, IDS))
  })

  test('c20: a column whose type moved is null and named; beyond float32 is null, not infinite', async () => {
    const warnings: string[] = []
    const how = { warn: (message: string) => warnings.push(message) }
    const table = onlyTable(await decodeCase(['c20-hard-schema/moved.avro'], how))
    expect([cell(table, 'ztf.xpos', 0), cell(table, 'ztf.fwhm', 0)]).toEqual([null, null])
    expect(warnings).toHaveLength(2)
    expect(warnings[0]).toMatch(/candidate\.xpos: string .* null for its packets$/)
    expect(warnings[1]).toMatch(/candidate\.field: string .* null where its packets send it so$/)
    const moved = [...IDS, 'ztf.xpos', 'ztf.fwhm']
    expect(rowAt(table, 0, moved)).toEqual(rowAt(base['ztf']!, 0, moved))
  })

  test.each(['past-exact', 'past-new-candid', 'self'])(
    'c04 ztf-%s: an exposure counts once',
    async (name) => {
      const table = await tableOf(`c04-same-epoch/ztf-${name}.avro`)
      for (const column of ['history_mjd', 'history_band', 'history_flux', 'history_detected']) {
        expect(cells(table, column, 0)).toEqual(cells(base['ztf']!, column, 0))
      }
      const values = await valuesOf(table)
      expect(values['detections.n_detections']).toBe(5)
      expect(values['features.g.amplitude'] ?? values['features.r.amplitude']).toBeGreaterThan(0)
      expect(values).toEqual(await valuesOf(base['ztf']!))
    }
  )

  test('c04 lsst: a forced point and the alert among its past count once', async () => {
    const forced = await tableOf('c04-same-epoch/lsst-forced-twice.confluent')
    expect(cells(forced, 'history_mjd', 0)).toHaveLength(23)
    expect(cells(forced, 'history_forced', 0).filter((flag) => flag === 1)).toHaveLength(6)
    expect(cells(forced, 'forced_mjd', 0)).toHaveLength(6)
    const self = await tableOf('c04-same-epoch/lsst-self.confluent')
    expect(rowAt(self, 0)).toEqual(rowAt(base['lsst']!, 0))
  })

  test('c06: an alert of each survey with one number are two alerts', async () => {
    const seen = new Set<string>()
    const claim = (survey: string, low: number, high: number) =>
      seen.size < seen.add(`${survey} ${low} ${high}`).size
    const files = ['c06-two-surveys/ztf.avro', 'c06-two-surveys/lsst.confluent']
    const both = await decodeCase(files, { claim })
    expect(both.alerts.map(({ table }) => [table.survey, table.rows])).toEqual([
      ['ztf', 1],
      ['lsst', 1]
    ])
    const [ztf, lsst] = both.alerts.map(({ table }) => cell(table, 'alert_id', 0))
    expect([ztf === lsst, both.duplicates]).toEqual([true, 0])
    expect((await decodeCase(files, { claim })).duplicates).toBe(2)
  })

  test('c18: every position has its pixel; ra a rounding outside [0, 360) is taken in', async () => {
    const table = await tableOf('c18-sky/edges.avro')
    const positions = JSON.parse(
      readFileSync(`${CASES}c18-sky/positions.json`, 'utf8').replace(/\[(\d+),/g, '["$1",')
    ) as [string, number, number][]
    expect(table.rows).toBe(positions.length)
    for (const [i, [candid, ra]] of positions.entries()) {
      const row = rowOf(table, BigInt(candid))
      const found = Number(cell(table, 'ra', row))
      expect(found >= 0 && found < 360 && !Object.is(found, -0)).toBe(true)
      expect(Math.cos(((found - ra) * Math.PI) / 180)).toBeCloseTo(1, 12)
      expect([candid, cell(table, 'healpix', row)]).toEqual([candid, PIXELS[i]])
      expect(cell(table, 'ztf.ra', row)).toBe(ra)
    }
  })

  test.each(['bzip2', 'deflate', 'no-codec-entry', 'null', 'snappy', 'xz', 'zstandard'])(
    'c19: codec %s gives 5 alerts, as avsc reads them without compression',
    async (codec) => {
      const { data } = await openContainer(packet('c19-codecs/null.avro').bytes)
      const table = await tableOf(`c19-codecs/${codec}.avro`)
      const ids = data.map((_, row) => cell(table, 'alert_id', row))
      expect([table.rows, ids]).toEqual([5, data.map((alert) => alert['candid'])])
    }
  )

  test('c23: another telescope with packets of this shape is none of ours', async () => {
    const result = await decodeCase(['c23-other-telescope/alert.avro'])
    expect([result.alerts, reasonsOf(result)]).toEqual([[], ['wrong-survey']])
    expect(result.quarantined[0]!.detail).toContain('infrared')
  })

  test('c32: a snappy block whose checksum does not match is kept as it came', async () => {
    const result = await decodeCase(['c32-snappy-crc/changed.avro'])
    expect(onlyTable(result).rows).toBe(3)
    expect(reasonsOf(result)).toEqual(['bad-codec', 'after-damage'])
    const file = Buffer.from(packet('c32-snappy-crc/changed.avro').bytes)
    expect(file.includes(Buffer.from(result.quarantined[0]!.bytes))).toBe(true)
  })
})

/** What healpy 1.20 says of the positions, in their order: corners and meridians of faces, nearly all. */
const PIXELS = [
  1073741823n,
  1073741823n,
  2147483647n,
  8589934592n,
  8589934592n,
  5100273664n,
  5100273664n,
  5112869875n,
  5150657743n,
  715827882n,
  1789569706n,
  11453246122n,
  4294967295n,
  11811160064n,
  5150657743n,
  5150657743n
]

/** What detections and features say of the first row. */
async function valuesOf(table: AlertTable): Promise<Record<string, Cell>> {
  const plan = makePlan(modules, [])
  const runner = new ModuleRunner((_, message) => {
    throw new Error(message)
  })
  const { columns } = await enrich(table, plan, { runner, stopped: new Set(), onStart() {} })
  const chosen = [...columns.keys()].filter((name) => /^(detections|features)\./.test(name))
  return Object.fromEntries(
    chosen.map((name) => {
      const column = columns.get(name)!
      return [name, valueAt(column, 0) as Cell]
    })
  )
}
