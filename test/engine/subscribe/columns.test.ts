import { tableToIPC } from 'apache-arrow'
import { expect, it } from 'vitest'
import { Decoder } from '../../../engine/subscribe/alert.ts'
import { tableOf } from '../../../engine/subscribe/arrow.ts'
import { columnsOf, pathsOf } from '../../../engine/subscribe/avro-nodes.ts'
import { avroType } from '../../../engine/avro-type.ts'

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
