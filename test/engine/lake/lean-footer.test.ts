import {
  Bool,
  Float64,
  Int32,
  List,
  Field,
  Table,
  tableFromIPC,
  tableToIPC,
  Utf8,
  vectorFromArray
} from 'apache-arrow'
import { parquetMetadata } from 'hyparquet'
import { readParquet, Table as WasmTable, writeParquet } from 'parquet-wasm'
import { expect, test } from 'vitest'
import { withoutArrowSchema } from '../../../engine/lake/files/lean-footer.ts'
import { contentOf, lay } from '../../support/parts.ts'
import { decode, onlyAlerts, syntheticZtf } from '../../support/packets.ts'

const metadataOf = (bytes: Uint8Array) => parquetMetadata(Uint8Array.from(bytes).buffer)
const keysOf = (bytes: Uint8Array) =>
  (metadataOf(bytes).key_value_metadata ?? []).map(({ key }) => key)

const read = (bytes: Uint8Array) => tableFromIPC(readParquet(bytes).intoIPCStream())

test('a file without the Arrow schema has the same columns, types and values', () => {
  const list = new List(new Field('element', new Float64(), true))
  const table = new Table({
    text: vectorFromArray(['a', null, 'ö'], new Utf8()),
    number: vectorFromArray([1, 2, null], new Int32()),
    truth: vectorFromArray([true, null, false], new Bool()),
    list: vectorFromArray([[1, null], [], null], list)
  })
  const whole = writeParquet(WasmTable.fromIPCStream(tableToIPC(table, 'stream')))
  const lean = withoutArrowSchema(whole)
  expect(keysOf(whole)).toContain('ARROW:schema')
  expect(keysOf(lean)).not.toContain('ARROW:schema')
  expect(read(lean).schema.fields.map(String)).toEqual(read(whole).schema.fields.map(String))
  expect(read(lean).toArray().map(String)).toEqual(read(whole).toArray().map(String))
  expect(withoutArrowSchema(lean)).toBe(lean)
})

test('a part keeps its provenance and statistics of what queries look for, and nothing else in its footer', async () => {
  const decoded = onlyAlerts(await decode(syntheticZtf(3)))
  const file = lay('part', decoded).find(({ account }) => account.kind === 'alerts')!
  const bytes = contentOf(file)
  expect(keysOf(bytes)).toEqual(['siskin'])
  const columns = metadataOf(bytes).row_groups[0]!.columns.flatMap(
    ({ meta_data: own }) => own ?? []
  )
  const told = columns.filter(({ statistics }) => statistics?.min_value !== undefined)
  const names = told.map(({ path_in_schema: path }) => path.join('.')).sort()
  expect(names).toEqual(['alert_id', 'dec', 'healpix', 'mjd', 'object_id', 'ra'])
  expect(columns.length).toBeGreaterThan(400)
})
