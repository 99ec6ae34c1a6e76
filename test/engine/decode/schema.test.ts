import { describe, expect, test } from 'vitest'
import { confluent, writeContainer } from '../../support/avro.ts'
import type { Datum } from '../../support/avro.ts'
import { cell, cells, decode, onlyTable, SYNTHETIC_ID } from '../../support/packets.ts'
import type { Packet } from '../../support/packets.ts'
import { encode, lsstAlert, lsstSchema, ztfAlert, ztfSchema } from '../../support/synthetic.ts'
import type { RecordSchema, SchemaField } from '../../support/synthetic.ts'

/** The fields of the record inside `name`, to be changed in place. */
function inside(schema: RecordSchema, name: string): SchemaField[] {
  let type = schema.fields.find((field) => field.name === name)!.type
  if (Array.isArray(type)) type = type[1] as unknown
  const { fields, items } = type as { fields?: SchemaField[]; items?: RecordSchema }
  return fields ?? items!.fields
}

function retype(fields: SchemaField[], name: string, type: unknown): void {
  fields.find((field) => field.name === name)!.type = type
}

function remove(fields: SchemaField[], name: string): void {
  fields.splice(
    fields.findIndex((field) => field.name === name),
    1
  )
}

function ztfPackets(schema: RecordSchema, ...alerts: Datum[]): Packet[] {
  const text = JSON.stringify(schema)
  return alerts.map((alert, i) => ({
    name: `${i}.avro`,
    bytes: writeContainer(text, [encode(schema, alert)])
  }))
}

async function warned(packets: readonly Packet[]) {
  const warnings: string[] = []
  const result = await decode(packets, { warn: (message) => warnings.push(message) })
  return { result, warnings }
}

describe('a schema that nobody has seen before', () => {
  test('unknown fields of every kind are kept out', async () => {
    const schema = ztfSchema()
    const kinds: [string, unknown, unknown][] = [
      [
        'a_record',
        { type: 'record', name: 'new_record', fields: [{ name: 'x', type: 'int' }] },
        { x: 1 }
      ],
      ['an_array', { type: 'array', items: ['null', 'string'] }, [null, 'a', 'b']],
      ['a_map', { type: 'map', values: 'double' }, { a: 1, b: 2 }],
      ['an_enum', { type: 'enum', name: 'new_enum', symbols: ['A', 'B'] }, 'B'],
      ['a_fixed', { type: 'fixed', name: 'new_fixed', size: 7 }, Buffer.alloc(7, 1)],
      ['a_union', ['null', 'boolean', 'string'], 'c'],
      ['a_long', 'long', -(2n ** 62n)],
      ['jd2', 'double', 5.5]
    ]
    const values = Object.fromEntries(kinds.map(([name, , value]) => [name, value]))
    const fields = kinds.map(([name, type]) => ({ name, type }))
    inside(schema, 'candidate').splice(3, 0, ...fields)
    inside(schema, 'prv_candidates').push({ name: 'newer', type: ['null', 'float'] })
    schema.fields.unshift({ name: 'first', type: { type: 'array', items: 'new_enum' } })
    schema.fields.push({ name: 'last', type: 'string' })
    // The enum must be defined where it is first met.
    schema.fields[0]!.type = { type: 'array', items: kinds[3]![1] }
    retype(inside(schema, 'candidate'), 'an_enum', 'new_enum')
    const past = (ztfAlert()['prv_candidates'] as Datum[]).map((e) => ({ ...e, newer: 1 }))
    const alert = ztfAlert(0, { first: ['A', 'B'], last: 'z', prv_candidates: past }, values)
    const { result, warnings } = await warned(ztfPackets(schema, alert))
    const plain = onlyTable(await decode(ztfPackets(ztfSchema(), ztfAlert())))
    const table = onlyTable(result)
    for (const name of table.columns.keys()) {
      const read = /^(history|forced)_/.test(name) ? cells : cell
      expect([name, read(table, name, 0)]).toEqual([name, read(plain, name, 0)])
    }
    expect(warnings).toEqual([])
  })

  test('a field that is gone is null', async () => {
    const schema = ztfSchema()
    remove(inside(schema, 'candidate'), 'rb')
    remove(inside(schema, 'prv_candidates'), 'rb')
    remove(schema.fields, 'fp_hists')
    remove(schema.fields, 'schemavsn')
    const { result, warnings } = await warned(ztfPackets(schema, ztfAlert()))
    const table = onlyTable(result)
    expect(cell(table, 'ztf.rb', 0)).toBeNull()
    expect(cells(table, 'history_reliability', 0)).toEqual([null, null, null, null, null])
    expect(cells(table, 'forced_mjd', 0)).toEqual([])
    expect(warnings).toEqual([])
  })

  test.each([
    ['candidate', 'rb', 'double', 0.1],
    ['candidate', 'rb', ['null', 'int'], 3],
    ['candidate', 'jd', 'float', 2_458_492.75],
    ['candidate', 'pid', 'int', 7],
    ['candidate', 'fid', 'long', 2n],
    ['candidate', 'rb', ['float', 'null'], 0.25]
  ])('%s.%s as %o is taken', async (record, name, type, value) => {
    const schema = ztfSchema()
    retype(inside(schema, record), name, type)
    const { result, warnings } = await warned(
      ztfPackets(schema, ztfAlert(0, {}, { [name]: value }))
    )
    expect(Number(cell(onlyTable(result), `ztf.${name}`, 0))).toBeCloseTo(Number(value), 6)
    expect(warnings).toEqual([])
  })

  test('a field whose type no longer fits is null, and named exactly once', async () => {
    const schema = ztfSchema()
    retype(inside(schema, 'candidate'), 'rb', ['null', 'string'])
    retype(inside(schema, 'candidate'), 'nid', 'double')
    const alerts = [0, 1, 2].map((i) => ztfAlert(i, {}, { rb: 'high', nid: 1.5 }))
    const { result, warnings } = await warned(ztfPackets(schema, ...alerts))
    const table = onlyTable(result)
    expect(table.rows).toBe(3)
    expect([0, 1, 2].map((row) => cell(table, 'ztf.rb', row))).toEqual([null, null, null])
    expect(cell(table, 'ztf.nid', 0)).toBeNull()
    expect(warnings.filter((line) => line.includes('candidate.rb'))).toHaveLength(1)
    expect(warnings.find((line) => line.includes('rb'))).toMatch(/string does not fit float32/)
    expect(warnings).toHaveLength(2)
  })

  test('a branch of a union that does not fit is named once, with field and type; others are taken', async () => {
    const schema = ztfSchema()
    retype(inside(schema, 'candidate'), 'magpsf', ['null', 'int', 'double', 'string', 'boolean'])
    const mags = [{ double: 18.5 }, { string: '18.5' }, { int: 18 }]
    const alerts = mags.map((magpsf, i) => ztfAlert(i, {}, { magpsf }))
    const { result, warnings } = await warned(ztfPackets(schema, ...alerts))
    const table = onlyTable(result)
    expect([0, 1, 2].map((row) => cell(table, 'mag', row))).toEqual([18.5, null, 18])
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain(
      'candidate.magpsf: string, boolean does not fit float32; the column is null where its packets send it so'
    )
  })

  test('an enum lands as its symbol', async () => {
    const schema = lsstSchema()
    const band = { type: 'enum', name: 'bands', symbols: ['u', 'g', 'r', 'i', 'z', 'y'] }
    retype(inside(schema, 'diaSource'), 'band', band)
    const bytes = confluent(SYNTHETIC_ID, encode(schema, lsstAlert(0, {}, { band: 'z' })))
    const registered = new Map([[SYNTHETIC_ID, Buffer.from(JSON.stringify(schema))]])
    const table = onlyTable(await decode([{ name: 'a', bytes }], { registered }))
    expect(cell(table, 'band', 0)).toBe('z')
    expect(cells(table, 'history_band', 0)).toEqual(['r', 'i', 'i', 'r', 'z'])
  })

  test('a value that its narrower column cannot hold is null', async () => {
    const schema = ztfSchema()
    retype(inside(schema, 'candidate'), 'nid', 'long')
    const alert = ztfAlert(0, {}, { nid: 2n ** 40n })
    expect(cell(onlyTable(await decode(ztfPackets(schema, alert))), 'ztf.nid', 0)).toBeNull()
  })
})

describe('what the table cannot do without', () => {
  test.each([
    ['jd', 'missing-time'],
    ['ra', 'missing-position'],
    ['dec', 'missing-position']
  ])('a schema without candidate.%s: %s, said once', async (name, reason) => {
    const schema = ztfSchema()
    remove(inside(schema, 'candidate'), name)
    const { result, warnings } = await warned(ztfPackets(schema, ztfAlert(0), ztfAlert(1)))
    expect(result.alerts).toEqual([])
    expect(result.quarantined.map((packet) => packet.reason)).toEqual([reason, reason])
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain(`candidate.${name}`)
  })

  test('a schema without any candid: missing-id; the one at the top is enough', async () => {
    const schema = ztfSchema()
    remove(inside(schema, 'candidate'), 'candid')
    expect(onlyTable(await decode(ztfPackets(schema, ztfAlert()))).rows).toBe(1)
    remove(schema.fields, 'candid')
    const { quarantined } = await decode(ztfPackets(schema, ztfAlert()))
    expect(quarantined[0]?.reason).toBe('missing-id')
  })

  test.each([
    ['missing-id', { candid: 0n }],
    ['missing-id', { candid: -1n }],
    ['missing-id', { candid: -999n }],
    ['missing-time', { jd: Number.NaN }],
    ['missing-time', { jd: -999 }],
    ['missing-time', { jd: 1e300 }],
    ['missing-position', { ra: -999 }],
    ['missing-position', { ra: 360.5 }],
    ['missing-position', { dec: Number.NaN }],
    ['missing-position', { dec: 90.1 }]
  ])('%s: %o', async (reason, candidate) => {
    const over = 'candid' in candidate ? { candid: candidate.candid } : {}
    const packets = ztfPackets(ztfSchema(), ztfAlert(0, over, candidate), ztfAlert(1))
    const result = await decode(packets)
    expect(result.quarantined.map((packet) => packet.reason)).toEqual([reason])
    expect(Buffer.from(result.quarantined[0]!.bytes)).toEqual(
      encode(ztfSchema(), ztfAlert(0, over, candidate))
    )
    expect(cell(onlyTable(result), 'object_id', 0)).toBe('ZTF19aaaa001')
  })

  test.each([
    ['missing-time', { midpointMjdTai: -999 }],
    ['missing-position', { dec: -91 }]
  ])('LSST %s: %o', async (reason, diaSource) => {
    const bytes = confluent(SYNTHETIC_ID, encode(lsstSchema(), lsstAlert(0, {}, diaSource)))
    const registered = new Map([[SYNTHETIC_ID, Buffer.from(JSON.stringify(lsstSchema()))]])
    const { quarantined, alerts } = await decode([{ name: 'a', bytes }], { registered })
    expect(alerts).toEqual([])
    expect(quarantined[0]?.reason).toBe(reason)
  })
})

describe('schemas that are none', () => {
  const cases: [string, string, string][] = [
    ['no JSON', '{"type": "rec', 'unreadable-schema'],
    ['a primitive', '"string"', 'wrong-survey'],
    ['another survey', JSON.stringify({ ...ztfSchema(), fields: [] }), 'wrong-survey'],
    ['a type that it does not define', schemaWith('nowhere'), 'unreadable-schema'],
    [
      'a fixed of no size',
      schemaWith({ type: 'fixed', name: 'f', size: '1;boom()' }),
      'unreadable-schema'
    ],
    ['records without end', schemaWith('ztf.alert'), 'unreadable-schema'],
    ['records that double at every level', doubling(), 'unreadable-schema']
  ]

  test.each(cases)('%s', async (_what, text, reason) => {
    const bytes = writeContainer(text, [encode(ztfSchema(), ztfAlert())])
    const good = ztfPackets(ztfSchema(), ztfAlert(1))
    const result = await decode([{ name: 'bad.avro', bytes }, ...good])
    expect(result.quarantined.map((packet) => packet.reason)).toEqual([reason])
    expect(onlyTable(result).rows).toBe(1)
  })
})

/** The ZTF schema with one more field of this type. */
function schemaWith(type: unknown): string {
  const schema = ztfSchema()
  schema.fields.push({ name: 'extra', type })
  return JSON.stringify(schema)
}

/** Thirty records, each with two fields of the one before: a billion fields when written out. */
function doubling(): string {
  const schema = ztfSchema()
  let type: unknown = 'int'
  for (let level = 0; level < 30; level++) {
    const fields = [
      { name: 'a', type },
      { name: 'b', type: level === 0 ? 'int' : `ztf.level${level - 1}` }
    ]
    type = { type: 'record', name: `level${level}`, fields }
  }
  schema.fields.push({ name: 'extra', type })
  return JSON.stringify(schema)
}
