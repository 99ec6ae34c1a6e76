import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, describe, expect, test } from 'vitest'
import { simulate } from '../../simulator/index.ts'
import { INSTALL_MS, pythonFor, runPython } from '../support/python.ts'
import type { Python } from '../support/python.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const PAGE = fileURLToPath(new URL('../../docs/subscribe.md', import.meta.url))

/** As the page says, of a file of the folder. */
const READ_CSV = /pandas\.read_csv\(.*?\)/
  .exec(readFileSync(PAGE, 'utf8'))![0]
  .replace("'night.csv'", "sys.argv[1] + '/' + name")

const PROGRAM = `
import json, sys, warnings, numpy, pandas, fastavro, pyarrow.parquet
from astropy.table import Table
from astropy.io import fits
at = sys.argv[1] + '/py.'
readCsv = lambda name: ${READ_CSV}
csv = readCsv('py.csv')
ecsv = Table.read(at + 'ecsv', format='ascii.ecsv')
vot = Table.read(at + 'vot')
parquet = pyarrow.parquet.read_table(at + 'parquet')
with fits.open(at + 'fits') as file:
  file.verify('exception')
  header = dict(file[1].header)
  mag = file[1].columns.names.index('mag') + 1
with warnings.catch_warnings(action='ignore'):
  table = Table.read(at + 'fits')
avro = list(fastavro.reader(open(at + 'avro', 'rb')))
print(json.dumps({
  'ids': [[str(i) for i in ids] for ids in (csv['alert_id'], ecsv['alert_id'], vot['alert_id'], table['alert_id'], parquet['alert_id'].to_pylist(), [a['alert_id'] for a in avro])],
  'topics': [list(map(str, topics)) for topics in (csv['topic'], ecsv['topic'], vot['topic'], table['topic'], parquet['topic'].to_pylist(), [a['topic'] for a in avro])],
  'points': [len(json.loads(csv['light_curve.mjd'][0])), len(ecsv['light_curve.mjd'][0]), len(vot['light_curve.mjd'][0]), len(table['light_curve.mjd'][0]), len(parquet['light_curve'][0]), len(avro[0]['light_curve'])],
  'units': [str(ecsv['mag'].unit), str(vot['mag'].unit), str(table['mag'].unit), parquet.schema.field('mag').metadata[b'unit'].decode()],
  'rates': [[None if numpy.ma.is_masked(v) or pandas.isna(v) else float(v) for v in values] for values in (csv['rate.mag_rate'], vot['rate.mag_rate'], table['rate.mag_rate'])],
  'wide': [str(readCsv('wide.csv')['gaia'][0]), '9007199254740993'],
  'ucds': [vot['mag'].meta['ucd'], header[f'TUCD{mag}']],
  'nulls': [sum(map(bool, numpy.ma.getmaskarray(values))) for values in (vot['lsst.diaObject.nDiaSources'], table['lsst.diaObject.nDiaSources'])],
  'docs': [ecsv['mag'].description, vot['mag'].description, header[f'TCOMM{mag}'], parquet.schema.field('mag').metadata[b'description'].decode()]
}))`

const folder = temporaryFolder()
const lake = join(folder, 'lake')
const env = { XDG_STATE_HOME: join(folder, 'state') }

beforeAll(async () => {
  const archive = join(folder, 'night.tar')
  const inject = { kilonova: 10 }
  await simulate({
    out: archive,
    survey: 'ztf',
    start: '2026-01-12',
    scale: 0.002,
    seed: 5,
    inject
  })
  const { code, stderr } = await siskin(['run', archive, '--lake', lake])
  expect(code, stderr).toBe(0)
})

async function save(name: string, ...more: readonly string[]): Promise<string> {
  const path = join(folder, name)
  const args = ['subscribe', 'fast-riser', '--lake', lake, '--from', 'earliest', '--save', path]
  const { code, stderr } = await siskin([...args, ...more], env)
  expect(code, stderr).toBe(0)
  return path
}

describe('the queries of the page', () => {
  const rows: string[][] = []

  beforeAll(async () => {
    const night = await save('night.parquet')
    const connection = await (await DuckDBInstance.create()).connect()
    const blocks = [...readFileSync(PAGE, 'utf8').matchAll(/```sql\n(.*?)```/gs)]
    for (const [, sql = ''] of blocks) {
      const own = sql.replaceAll("'lake/", `'${lake}/`).replaceAll('night.parquet', night)
      const only = `SELECT * FROM (${own}) WHERE alert_id IN (SELECT alert_id FROM '${night}') ORDER BY ALL`
      const found = await connection.runAndReadAll(only)
      rows.push(found.getRowsJson().map((row) => JSON.stringify(row)))
    }
  })

  test('a light curve and forced photometry are the same in messages and in the lake', () => {
    expect(rows).toHaveLength(6)
    const [points = [], ofLake, forced = [], forcedOfLake] = rows
    expect(points.length).toBeGreaterThan(10)
    expect(ofLake).toEqual(points)
    expect(forced.length).toBeGreaterThan(10)
    expect(forcedOfLake).toEqual(forced)
  })

  test('each can be given the shape of the other', () => {
    const [lists = [], epochs = []] = rows.slice(4)
    const parse = (row: string) => JSON.parse(row) as unknown[]
    const shaped = epochs.map((row) => {
      const [id, curve] = parse(row) as [string, { mjd: number; flux: number | null }[]]
      return [id, curve.map(({ mjd }) => mjd), curve.map(({ flux }) => flux)]
    })
    expect(lists.length).toBeGreaterThan(3)
    expect(shaped).toEqual(lists.map(parse))
  })
})

test(
  'files open in Python with the plainest call, with units',
  { timeout: INSTALL_MS },
  async (context) => {
    await openSaved(await pythonFor(context))
  }
)

async function openSaved(python: Python): Promise<void> {
  for (const form of ['csv', 'ecsv', 'vot', 'fits', 'parquet', 'avro']) {
    await save(`py.${form}`, 'new-source')
  }
  writeFileSync(join(folder, 'wide.csv'), 'gaia,n\n9007199254740993,1\n,2\n')
  const { code, stdout, stderr } = await runPython(python, ['-c', PROGRAM, folder])
  expect(code, stderr).toBe(0)
  const found = JSON.parse(stdout) as Record<
    'ids' | 'topics' | 'points' | 'units' | 'rates' | 'ucds' | 'nulls' | 'docs',
    unknown[]
  >
  for (const [name, all] of Object.entries(found)) {
    for (const one of all) expect(one, name).toEqual(all[0])
  }
  const ids = found.ids[0] as string[]
  expect(ids.length).toBeGreaterThan(5)
  expect(new Set(found.topics[0] as string[])).toEqual(new Set(['fast-riser', 'new-source']))
  expect(found.nulls[0]).toBe(ids.length)
  expect(found.units[0]).toBe('mag')
  expect(found.points[0]).toBeGreaterThan(3)
}
