import { DuckDBInstance } from '@duckdb/node-api'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parquetMetadata } from 'hyparquet'
import { describe, expect, test } from 'vitest'
import type { Decoded, DecodeResult } from '../../../engine/decode/decode.ts'
import { layQuarantine } from '../../../engine/lake/part.ts'
import type { LaidFile } from '../../../engine/lake/part.ts'
import { Enriched } from '../../../engine/table/enriched.ts'
import { openContainer, writeContainer } from '../../support/avro.ts'
import {
  cell,
  cells,
  decode,
  hasReal,
  onlyAlerts,
  realLsst,
  realZtf,
  syntheticLsst,
  syntheticSchemas,
  syntheticZtf
} from '../../support/packets.ts'
import type { Packet } from '../../support/packets.ts'
import { contentOf, lay } from '../../support/parts.ts'
import { encode, ztfAlert, ztfSchema } from '../../support/synthetic.ts'

const SETS: [string, () => Promise<Decoded>][] = [
  ['synthetic ZTF', async () => onlyAlerts(await decode(syntheticZtf(20)))],
  [
    'synthetic LSST',
    async () => onlyAlerts(await decode(syntheticLsst(20), { registered: syntheticSchemas() }))
  ]
]
if (hasReal) {
  SETS.push(['real ZTF', async () => onlyAlerts(await decode(realZtf()))])
  SETS.push(['real LSST', async () => onlyAlerts(await decode(realLsst()))])
} else console.log('skipped: parts of real packets, none are there')

async function query(files: readonly LaidFile[], sql: string) {
  const folder = mkdtempSync(join(tmpdir(), 'siskin-part-'))
  for (const file of files) {
    mkdirSync(dirname(join(folder, file.path)), { recursive: true })
    writeFileSync(join(folder, file.path), contentOf(file))
  }
  const duck = await (await DuckDBInstance.create()).connect()
  return (await duck.runAndReadAll(sql.replace('LAKE', folder))).getRowObjectsJS()
}

const alerts = "read_parquet('LAKE/*/alerts/**/*.parquet', hive_partitioning = true)"

describe.each(SETS)('a part of %s packets', (_name, decoded) => {
  test('each packet is one range read, and equals the datum that came', async () => {
    const found = await decoded()
    const files = lay('part', found)
    const { table, origins } = found
    for (let row = 0; row < table.rows; row++) {
      const file = files.find(({ path }) => path === cell(table, 'packet_file', row))!
      const offset = Number(cell(table, 'packet_offset', row))
      const length = Number(cell(table, 'packet_length', row))
      const read = contentOf(file).subarray(offset, offset + length)
      const start = origins.start[row]!
      const came = origins.buffers[origins.buffer[row]!]!.subarray(start, start + length)
      expect(Buffer.compare(read, came)).toBe(0)
      expect(length).toBe(origins.length[row])
    }
    const packets = files.filter(({ account }) => account.kind === 'packets')
    expect(packets.reduce((sum, { account }) => sum + account.rows, 0)).toBe(table.rows)
  })

  test('its packet files are containers that anyone reads', async () => {
    const found = await decoded()
    const own = lay('part', found).filter(({ account }) => account.kind === 'packets')
    let packets = 0
    for (const file of own) {
      const { data, schema } = await openContainer(contentOf(file))
      expect(data).toHaveLength(file.account.rows)
      expect(JSON.parse(schema)).toHaveProperty('fields')
      packets += data.length
    }
    expect(packets).toBe(found.table.rows)
  })

  test('DuckDB reads back what the table holds, lists and structs too', async () => {
    const found = await decoded()
    const { table } = found
    const files = lay('part', found)
    const rows = await query(files, `SELECT * REPLACE (night::INT AS night) FROM ${alerts}`)
    expect(rows).toHaveLength(table.rows)
    const byId = new Map(rows.map((row) => [row['alert_id'], row]))
    for (let row = 0; row < table.rows; row++) {
      const read = byId.get(cell(table, 'alert_id', row))!
      for (const name of table.columns.keys()) {
        const value = name
          .split('.')
          .reduce((at: unknown, key) => (at as Record<string, unknown> | null)?.[key] ?? null, read)
        const mean = /^(history|forced)_/.test(name)
          ? cells(table, name, row)
          : cell(table, name, row)
        const path = name.split('.').slice(0, 2).join('.')
        if (table.present.has(path) && table.present.get(path)![row] === 0) {
          expect([name, value]).toEqual([name, null])
        } else {
          expect([name, plain(value)]).toEqual([name, plain(mean)])
        }
      }
      expect(read[table.survey === 'ztf' ? 'lsst' : 'ztf']).toBeNull()
    }
  })

  test('rows are sorted by sky pixel; the file says where it comes from', async () => {
    const found = await decoded()
    const files = lay('part', found).filter(({ account }) => account.kind === 'alerts')
    let rows = 0
    for (const file of files) {
      const content = contentOf(file)
      const { buffer, byteOffset, byteLength } = content
      const metadata = parquetMetadata(
        buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer
      )
      const pairs = new Map(metadata.key_value_metadata?.map(({ key, value }) => [key, value]))
      expect(JSON.parse(pairs.get('siskin')!)).toMatchObject({
        'siskin.part': 'part',
        'siskin.survey': found.table.survey,
        'siskin.rows': String(file.account.rows)
      })
      const sorted = await query([file], `SELECT healpix FROM ${alerts}`)
      const pixels = sorted.map((row) => row['healpix'] as bigint)
      expect(pixels).toEqual(pixels.toSorted((a, b) => Number(a - b)))
      expect(file.path).toMatch(/^(ztf|lsst)\/alerts\/night=\d{8}\/part\.parquet$/)
      rows += file.account.rows
    }
    expect(rows).toBe(found.table.rows)
  })

  test('laid out twice, the bytes are the same', async () => {
    const [one, two] = [lay('part', await decoded()), lay('part', await decoded())]
    expect(one.map(({ path }) => path)).toEqual(two.map(({ path }) => path))
    one.forEach((file, i) => expect(Buffer.compare(contentOf(file), contentOf(two[i]!))).toBe(0))
  })
})

/** Flags as numbers, NaN and undefined as null: what both sides can say. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === 'boolean') return Number(value)
  return value ?? null
}

describe('parts', () => {
  test('of both surveys are read as one table', async () => {
    const packets = [...syntheticZtf(3), ...syntheticLsst(4)]
    const { alerts: both } = await decode(packets, { registered: syntheticSchemas() })
    const files = both.flatMap((found) => lay(`part-${found.table.survey}`, found))
    const sql = `SELECT survey, count(*) n, count(ztf) z, count(lsst) l, sum(len(history_mjd)) h FROM ${alerts} GROUP BY survey ORDER BY survey`
    expect(await query(files, sql)).toEqual([
      { survey: 'lsst', n: 4n, z: 0n, l: 4n, h: 20n },
      { survey: 'ztf', n: 3n, z: 3n, l: 0n, h: 15n }
    ])
  })

  test('of two writer schemas have a packet file for each', async () => {
    const schema = { ...ztfSchema(), doc: 'another' }
    const other = writeContainer(JSON.stringify(schema), [encode(ztfSchema(), ztfAlert(9))])
    const found = onlyAlerts(
      await decode([...syntheticZtf(2), { name: 'other.avro', bytes: other }])
    )
    const packets = lay('part', found).filter(({ account }) => account.kind === 'packets')
    expect(packets.map(({ account }) => account.rows)).toEqual([2, 1])
    expect(new Set(packets.map(({ path }) => path)).size).toBe(2)
  })

  test('over two nights have files for each', async () => {
    const schema = ztfSchema()
    const later = writeContainer(JSON.stringify(schema), [
      encode(schema, ztfAlert(9, {}, { jd: 2_458_500.5 }))
    ])
    const found = onlyAlerts(
      await decode([...syntheticZtf(2), { name: 'later.avro', bytes: later }])
    )
    const files = lay('part', found)
    expect(files.map(({ path }) => /night=\d+/.exec(path)![0])).toEqual([
      'night=20190109',
      'night=20190109',
      'night=20190117',
      'night=20190117'
    ])
    const sql = `SELECT night, count(*) n FROM ${alerts} GROUP BY night ORDER BY night`
    expect((await query(files, sql)).map(({ n }) => n)).toEqual([2n, 1n])
  })

  test('have a struct for each module, null where it cannot say', async () => {
    const found = onlyAlerts(await decode(syntheticZtf(3)))
    const batch = new Enriched(found.table)
    batch.add(MODULE as never)
    batch.columns.get('demo.status')!.set(0, 'ok' as never)
    batch.columns.get('demo.deep.count')!.set(0, 7 as never)
    batch.columns.get('demo.label')!.set(1, 'b' as never)
    const rows = await query(
      lay('part', found, batch),
      `SELECT demo.status s, demo.deep.count c, demo.label l FROM ${alerts} ORDER BY alert_id`
    )
    expect(rows).toEqual([
      { s: 'ok', c: 7, l: null },
      { s: null, c: null, l: 'b' },
      { s: null, c: null, l: null }
    ])
  })
})

/** As much of a module as the columns of a batch are made from. */
const MODULE = {
  name: 'demo',
  produces: {
    label: { type: 'utf8', unit: '', doc: 'A label.' },
    deep: { type: 'group', outputs: { count: { type: 'int32', unit: '', doc: 'A count.' } } }
  }
}

describe('quarantine', () => {
  test('is a table that DuckDB reads, bytes and all', async () => {
    const packets: Packet[] = [
      { name: 'junk.avro', bytes: Buffer.from([1, 2, 0, 255]) },
      { name: '\u03b1.avro', bytes: Buffer.alloc(0) },
      ...syntheticZtf(1)
    ]
    const { quarantined }: DecodeResult = await decode(packets)
    const files = layQuarantine('part', 'source-x', quarantined, {})
    const rows = await query(files, "SELECT * FROM read_parquet('LAKE/quarantine/*.parquet')")
    expect(rows).toMatchObject([
      { source: 'source-x', position: 0n, file: 'junk.avro', byte_offset: 0n, reason: 'not-avro' },
      { source: 'source-x', position: 1n, file: '\u03b1.avro', byte_offset: 4n, reason: 'not-avro' }
    ])
    expect(Buffer.from(rows[0]!['packet'] as never)).toEqual(Buffer.from([1, 2, 0, 255]))
    expect(layQuarantine('part', 'source-x', [], {})).toEqual([])
    const messages = quarantined.map((packet) => ({ ...packet, offset: null }))
    const offsets = await query(
      layQuarantine('part', 'topic-0', messages, {}),
      "SELECT byte_offset FROM read_parquet('LAKE/quarantine/*.parquet')"
    )
    expect(offsets).toEqual([{ byte_offset: null }, { byte_offset: null }])
  })
})
