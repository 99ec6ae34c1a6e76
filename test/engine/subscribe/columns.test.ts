import { tableToIPC } from 'apache-arrow'
import type { Field } from 'apache-arrow'
import { parquetMetadata } from 'hyparquet'
import { expect, it } from 'vitest'
import { toParquet } from '../../../engine/lake/files/parquet.ts'
import { messageFormat } from '../../../engine/publish/message.ts'
import { Decoder } from '../../../engine/subscribe/alert.ts'
import { tableOf } from '../../../engine/subscribe/save/arrow.ts'
import { columnsOf, pathsOf } from '../../../engine/subscribe/save/avro-nodes.ts'
import { avroType } from '../../../engine/avro/type.ts'

const SCHEMA = JSON.stringify({
  type: 'record',
  name: 'alert',
  namespace: 'some.where',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'first', type: ['float', 'null'], default: null },
    {
      name: 'stamp',
      type: ['null', { type: 'record', name: 'cutout', fields: [{ name: 'data', type: 'bytes' }] }]
    },
    { name: 'other', type: ['null', 'cutout'] },
    { name: 'same', type: ['null', 'some.where.cutout'] },
    { name: 'list', type: ['null', { type: 'array', items: ['null', 'int'] }] },
    { name: 'either', type: ['null', 'int', 'string'] },
    { name: 'labels', type: { type: 'map', values: 'int' } },
    { name: 'kind', type: { type: 'enum', name: 'kind', symbols: ['a', 'b'] } }
  ]
})

const ALERTS = [
  {
    id: 2n ** 62n,
    first: 0.5,
    stamp: { data: Buffer.from('xy') },
    other: null,
    same: { data: Buffer.alloc(0) },
    list: [1, null, 3],
    either: 'text',
    labels: { n: 1 },
    kind: 'b'
  },
  {
    id: -1n,
    first: null,
    stamp: null,
    other: { data: Buffer.from('z') },
    same: null,
    list: null,
    either: null,
    labels: {},
    kind: 'a'
  }
]

it('gives every type of Avro a column, and text where there is none', () => {
  const columns = columnsOf(SCHEMA)
  expect(pathsOf(columns)).toEqual(
    'id first stamp stamp.data other other.data same same.data list either labels kind'.split(' ')
  )
  const type = avroType(SCHEMA)
  const decoder = new Decoder()
  const records = ALERTS.map((alert) => {
    const message = { topic: 't', place: 'p', schema: SCHEMA, datum: type.toBuffer(alert) }
    return decoder.decode(message).record
  })
  const table = tableOf(columns, records)
  expect(tableToIPC(table).length).toBeGreaterThan(0)
  expect(table.schema.fields.map(({ type }) => String(type))).toEqual([
    'Int64',
    'Float32',
    'Struct<{data:Binary}>',
    'Struct<{data:Binary}>',
    'Struct<{data:Binary}>',
    'List<Int32>',
    'Utf8',
    'Utf8',
    'Utf8'
  ])
  const [one, two] = table.toArray().map((row) => row.toJSON() as Record<string, unknown>)
  expect(one).toMatchObject({ id: 2n ** 62n, first: 0.5, other: null, either: '"text"', kind: 'b' })
  expect(one!['labels']).toBe('{"n":1}')
  expect([...(one!['list'] as Iterable<number>)]).toEqual([1, null, 3])
  expect(two).toMatchObject({
    id: -1n,
    first: null,
    stamp: null,
    same: null,
    list: null,
    kind: 'a'
  })
})

it('refuses a schema that is no record', () => {
  expect(() => columnsOf('"string"')).toThrow('the schema is no record')
})

it('hands units, UCDs and descriptions on, as metadata of the Arrow fields', () => {
  const columns = columnsOf(messageFormat([]).schema)
  const table = tableOf(columns, [])
  const field = (name: string) => table.schema.fields.find((own) => own.name === name)!
  expect(Object.fromEntries(field('flux_err').metadata)).toEqual({
    unit: 'nJy',
    ucd: 'stat.error;phot.flux.density',
    description: 'One standard deviation of flux.'
  })
  const epoch = field('light_curve').type.children[0]!.type
  const inner: readonly Field[] = epoch.children
  expect(inner.find(({ name }) => name === 'flux')!.metadata.get('unit')).toBe('nJy')
  expect(field('band').metadata.has('unit')).toBe(false)

  const { buffer, byteOffset, length } = toParquet(table, {})
  const { key_value_metadata: keys } = parquetMetadata(
    buffer.slice(byteOffset, byteOffset + length) as ArrayBuffer
  )
  const schema = keys!.find(({ key }) => key === 'ARROW:schema')!.value!
  expect(Buffer.from(schema, 'base64').includes('stat.error;phot.flux.density')).toBe(true)
})
