import type avro from 'avsc'
import { describe, expect, test } from 'vitest'
import type { Decoded } from '../../../engine/decode/decode.ts'
import { layTopic } from '../../../engine/lake/part.ts'
import { messageFormat } from '../../../engine/publish/message.ts'
import { AvroWriter } from '../../../engine/avro/writer.ts'
import { Enriched } from '../../../engine/table/enriched.ts'
import { STAMPS } from '../../../engine/table/table.ts'
import type { ColumnDef } from '../../../engine/table/schema.ts'
import { openContainer, typeOf } from '../../support/avro.ts'
import type { Datum } from '../../support/avro.ts'
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
import { contentOf } from '../../support/parts.ts'
import { random } from '../../support/random.ts'

const SETS: [string, () => Promise<Decoded>][] = [
  ['synthetic ZTF', async () => onlyAlerts(await decode(syntheticZtf(5)))],
  [
    'synthetic LSST',
    async () => onlyAlerts(await decode(syntheticLsst(5), { registered: syntheticSchemas() }))
  ]
]
if (hasReal) {
  SETS.push(['real ZTF', async () => onlyAlerts(await decode(realZtf()))])
  SETS.push(['real LSST', async () => onlyAlerts(await decode(realLsst()))])
} else console.log('skipped: messages of real packets, none are there')

const LISTS: Record<string, string> = { history: 'light_curve', forced: 'forced_photometry' }

function column(name: string, type: ColumnDef['type']): ColumnDef {
  return { name, type, unit: '', ucd: '', doc: `The ${name}.` }
}

const MODULE = {
  name: 'demo',
  produces: {
    label: { type: 'utf8', unit: '', doc: 'A label.' },
    big: { type: 'int64', unit: '', doc: 'A large number.' },
    deep: { type: 'group', outputs: { flag: { type: 'bool', unit: '', doc: 'A flag.' } } }
  }
}
const DEFS = [
  column('demo.status', 'utf8'),
  column('demo.label', 'utf8'),
  column('demo.big', 'int64'),
  column('demo.deep.flag', 'bool')
]

/** The messages of all rows of a batch, with one module's columns. */
function messagesOf({ table, origins }: Decoded) {
  const batch = new Enriched(table)
  batch.add(MODULE as never)
  batch.columns.get('demo.status')!.set(0, 'ok' as never)
  batch.columns.get('demo.label')!.set(0, 'caf\u00e9' as never)
  batch.columns.get('demo.big')!.set(0, -(2n ** 63n) as never)
  batch.columns.get('demo.deep.flag')!.set(0, 1 as never)
  const format = messageFormat(DEFS)
  const encode = format.bind(batch, (row) => origins.buffers[origins.buffer[row]!]!)
  const messages = Array.from({ length: table.rows }, (_, row) => encode(row))
  return { batch, format, messages }
}

describe.each(SETS)('messages of %s alerts', (_name, make) => {
  test('decode with avsc to what the table holds', async () => {
    const decoded = await make()
    const { table } = decoded
    const { format, messages } = messagesOf(decoded)
    const type: avro.Type = typeOf(format.schema)
    messages.forEach((message, row) => {
      const read = type.fromBuffer(message) as Datum
      for (const name of table.columns.keys()) {
        if (name.startsWith('packet_')) continue
        const group = /^(history|forced)_(.*)/.exec(name)
        const ours = group ? cells(table, name, row) : cell(table, name, row)
        const theirs = group
          ? (read[LISTS[group[1]!]!] as Datum[]).map((epoch) => epoch[group[2]!])
          : name.split('.').reduce((at: unknown, key) => (at as Datum | null)?.[key] ?? null, read)
        const record = name.split('.').slice(0, 2).join('.')
        const isAbsent = table.present.has(record) && table.present.get(record)![row] === 0
        expect([name, plain(theirs)]).toEqual([name, isAbsent ? null : plain(ours)])
      }
      expect(read[table.survey === 'ztf' ? 'lsst' : 'ztf']).toBeNull()
    })
  })

  test('hold the stamps byte for byte, null where none was sent', async () => {
    const decoded = await make()
    const { table, origins } = decoded
    const { format, messages } = messagesOf(decoded)
    const type = typeOf(format.schema)
    messages.forEach((message, row) => {
      const read = type.fromBuffer(message) as Datum
      for (const name of STAMPS) {
        const from = table.stamps[name].start[row]!
        const length = table.stamps[name].length[row]!
        const sent = origins.buffers[origins.buffer[row]!]!.subarray(from, from + length)
        const stamp = read[`cutout_${name}`] as Buffer | null
        if (length === 0) expect(stamp).toBeNull()
        else expect(Buffer.compare(stamp!, sent)).toBe(0)
      }
    })
  })

  test('as a topic file are a container that anyone reads', async () => {
    const decoded = await make()
    const { format, messages } = messagesOf(decoded)
    const file = layTopic('part', 'topic', 20200101, format.schema, { 'siskin.a': 'b' }, messages)
    const { data } = await openContainer(contentOf(file))
    const ids = data.map((alert) => alert['alert_id'])
    expect(ids).toEqual(messages.map((_, row) => cell(decoded.table, 'alert_id', row)))
    expect(file.account).toMatchObject({ kind: 'topic', rows: messages.length })
  })
})

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  return typeof value === 'boolean' ? Number(value) : (value ?? null)
}

describe('the message', () => {
  test('says of every field what it is, in which unit and of which kind', () => {
    const { fields } = JSON.parse(messageFormat(DEFS).schema) as { fields: Datum[] }
    const named = (list: unknown, name: string) =>
      (list as Datum[]).find((field) => field['name'] === name)!
    const inside = (field: Datum) => (field['type'] as Datum)['items'] as Datum
    expect(named(fields, 'flux')).toMatchObject({ unit: 'nJy', ucd: 'phot.flux.density' })
    const epoch = inside(named(fields, 'light_curve'))
    expect(named(epoch['fields'], 'ra')).toMatchObject({ unit: 'deg', ucd: 'pos.eq.ra' })
    expect(named(fields, 'band')).not.toHaveProperty('unit')
  })

  test('has every module as a record, null where it cannot say', async () => {
    const { format, messages } = messagesOf(onlyAlerts(await decode(syntheticZtf(2))))
    const type = typeOf(format.schema)
    const [first, second] = messages.map((message) => type.fromBuffer(message) as Datum)
    expect(first!['demo']).toEqual({
      status: 'ok',
      label: 'caf\u00e9',
      big: -(2n ** 63n),
      deep: { flag: true }
    })
    expect(second!['demo']).toEqual({ status: null, label: null, big: null, deep: { flag: null } })
  })

  test('schema is named and versioned, ids are long, and it has no illegal default', () => {
    const { schema, fingerprint } = messageFormat(DEFS)
    const json = JSON.parse(schema) as {
      namespace: string
      fields: { name: string; type: unknown }[]
    }
    expect(json.namespace).toBe('siskin.v1_0')
    const id = json.fields.find((field) => field.name === 'alert_id')
    expect(id?.type).toEqual(['null', 'long'])
    expect(messageFormat(DEFS).fingerprint).toBe(fingerprint)
    expect(messageFormat([]).fingerprint).not.toBe(fingerprint)
    for (const [text] of schema.matchAll(/"type":\[[^\]]*\][^}]*"default":null/g)) {
      expect(text).toMatch(/^"type":\["null"/)
    }
  })

  test('stays as it was when the next one is written', async () => {
    const { messages } = messagesOf(onlyAlerts(await decode(syntheticZtf(5))))
    const copies = messagesOf(onlyAlerts(await decode(syntheticZtf(5)))).messages.toReversed()
    copies.reverse()
    messages.forEach((message, row) => expect(message.equals(copies[row]!)).toBe(true))
  })
})

describe('the Avro writer', () => {
  const read = (type: string, bytes: Buffer) =>
    typeOf(JSON.stringify(type)).fromBuffer(bytes) as unknown

  test('writes every integer as avsc reads it', () => {
    const rng = random(64)
    const words = new Int32Array(2)
    const int64 = new BigInt64Array(words.buffer)
    const edges = [
      0n,
      1n,
      -1n,
      63n,
      64n,
      -64n,
      -65n,
      2n ** 31n,
      2n ** 53n,
      2n ** 63n - 1n,
      -(2n ** 63n)
    ]
    const some = Array.from({ length: 2000 }, () =>
      BigInt.asIntN(64, BigInt(Math.floor(rng() * 2 ** 53)) << BigInt(Math.floor(rng() * 12)))
    )
    for (const value of [...edges, ...some.map((v, i) => (i % 2 ? v : -v))]) {
      const out = new AvroWriter()
      int64[0] = value
      out.words(words[0]!, words[1]!)
      expect(read('long', out.since(0))).toBe(value)
      if (value >= -(2n ** 52n) && value < 2n ** 52n) {
        const small = new AvroWriter()
        small.long(Number(value))
        expect(small.since(0).equals(out.since(0))).toBe(true)
      }
    }
  })

  test('grows with what is written', () => {
    const out = new AvroWriter()
    const large = Buffer.alloc(300_000, 7)
    out.double(0.1)
    out.float(0.5)
    out.blob(large, 0, large.length)
    out.blob(large, 5, 10)
    expect(out.since(0).length).toBe(8 + 4 + 3 + 300_000 + 1 + 5)
    expect(read('double', out.since(0).subarray(0, 8))).toBe(0.1)
    expect((read('bytes', out.since(12).subarray(0, 300_003)) as Buffer).equals(large)).toBe(true)
  })
})
