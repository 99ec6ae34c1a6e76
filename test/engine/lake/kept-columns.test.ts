import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parquetMetadata } from 'hyparquet'
import { makePlan } from '../../../engine/enrich/plan.ts'
import { columnsPath, keepColumns } from '../../../engine/lake/kept-columns.ts'
import { openStore } from '../../../engine/store/open-store.ts'
import { columnDocument, describer, fieldMetadata } from '../../../engine/table/describe.ts'
import { ALERT_COLUMNS } from '../../../engine/table/schema.ts'
import { modules } from '../../../science-modules/registry.ts'
import { simulate } from '../../../simulator/index.ts'
import { ask } from '../../support/ask.ts'
import { siskin } from '../../support/siskin.ts'

interface Document {
  readonly columns: readonly {
    name: string
    type: string
    unit: string
    ucd: string
    description: string
  }[]
}

const folder = mkdtempSync(join(tmpdir(), 'siskin-test-'))
const { columns } = makePlan(modules, [])
const lake = join(folder, 'lake')

beforeAll(async () => {
  const archive = join(folder, 'night.tar.gz')
  await simulate({ survey: 'ztf', start: '2026-01-12', seed: 4, out: archive, scale: 0.001 })
  expect((await siskin(['run', archive, '--lake', lake])).code).toBe(0)
  const lsst = join(folder, 'lsst.tar.gz') // read without its schemas: all of it goes to quarantine
  await simulate({ survey: 'lsst', start: '2026-01-12', seed: 4, out: lsst, scale: 0.000_01 })
  await siskin(['run', lsst, '--lake', lake])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Column names of a Parquet file, and the document that its footer names. */
function describedIn(path: string): { names: string[]; document: Document } {
  const bytes = readFileSync(join(lake, path))
  const { key_value_metadata: keys, row_groups: groups } = parquetMetadata(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  )
  const own = JSON.parse(keys!.find(({ key }) => key === 'siskin')!.value!) as {
    'siskin.columns': string
  }
  const names = groups[0]!.columns.map(({ meta_data: leaf }) =>
    leaf!.path_in_schema.filter((step) => !/^(list|element)$/.test(step)).join('.')
  )
  const document = JSON.parse(readFileSync(join(lake, own['siskin.columns']), 'utf8')) as Document
  return { names, document }
}

const filesOf = (pattern: RegExp) =>
  readdirSync(lake, { recursive: true, encoding: 'utf8' }).filter((path) => pattern.test(path))

test('the footer of every alert file names the document that describes its columns', () => {
  const parts = filesOf(/^ztf\/alerts\/.*\.parquet$/)
  expect(parts.length).toBeGreaterThan(0)
  for (const part of parts) {
    const { names, document } = describedIn(part)
    const described = new Map(document.columns.map((column) => [column.name, column]))
    for (const name of names) expect([...described.keys()]).toContain(name)
    expect(described.get('history_flux')).toMatchObject({
      type: 'list of float64',
      unit: 'nJy',
      ucd: 'phot.flux.density'
    })
  }
})

test('so does that of a quarantine file, and inspect says the same', async () => {
  const files = filesOf(/^quarantine\/.*\.parquet$/)
  expect(files).toHaveLength(1)
  const { names, document } = describedIn(files[0]!)
  expect(document.columns.map(({ name }) => name)).toEqual(names)
  for (const column of document.columns) {
    expect(column.ucd, column.name).not.toBe('')
    expect(column.description, column.name).toMatch(/\.$/)
  }
  const { stdout } = await siskin(['inspect', join(lake, files[0]!), '--json'])
  const { described } = JSON.parse(stdout) as { described: Document['columns'] }
  expect(described).toEqual(
    document.columns.map(({ name, unit, ucd, description }) => ({ name, unit, ucd, description }))
  )
})

test('a part that requeue makes finds its document, where another version wrote the lake', async () => {
  rmSync(join(lake, '_siskin/columns'), { recursive: true })
  const schemas = join(folder, 'schemas')
  const { code, stderr } = await siskin(['requeue', '--lake', lake, '--schemas', schemas, '--yes'])
  expect(code, stderr).toBe(0)
  const [part = ''] = filesOf(/^lsst\/alerts\/.*\.parquet$/)
  expect(describedIn(part).document.columns.map(({ name }) => name)).toContain('flux')
})

test('a document that broke off is made anew, one that is whole is left alone', async () => {
  const store = openStore(lake)
  const path = columnsPath(columns)
  truncateSync(join(lake, path), 100)
  await keepColumns(store, columns)
  const { text } = columnDocument(columns)
  expect(readFileSync(join(lake, path), 'utf8')).toBe(text)
  await keepColumns(store, columns)
  expect(readdirSync(join(lake, '_siskin/columns'))).toHaveLength(2)
  expect((await ask(['verify', '--lake', lake])).code).toBe(0)
})

test('other columns are another document, the same columns the same', () => {
  const fewer = makePlan(
    modules.filter(({ name }) => name === 'quality'),
    []
  ).columns
  expect(columnsPath(fewer)).not.toBe(columnsPath(columns))
  expect(columnDocument([...columns]).fingerprint).toBe(columnDocument(columns).fingerprint)
})

test('descriptions by the names of the lake and of messages', () => {
  const describe = describer(columns)
  const flux = ALERT_COLUMNS.find(({ name }) => name === 'history_flux')
  expect(describe('history_flux')).toBe(flux)
  expect(describe('light_curve.flux')).toBe(flux)
  expect(describe('forced_photometry.mjd')).toMatchObject({ unit: 'd' })
  expect(describe('rate.mag_rate')).toMatchObject({ unit: 'mag/d', ucd: 'arith.rate;phot.mag' })
  expect(describe('cutout_science')).toBeNull()
  expect(Object.fromEntries(fieldMetadata(describe('ra')!))).toMatchObject({
    unit: 'deg',
    ucd: 'pos.eq.ra;meta.main',
    description: expect.stringMatching(/^Right ascension/)
  })
  expect(fieldMetadata(describe('band')!).has('unit')).toBe(false)
})
