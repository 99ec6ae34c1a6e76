import { describe, expect, test } from 'vitest'
import { confluent, writeContainer } from '../../support/avro.ts'
import type { Datum } from '../../support/avro.ts'
import {
  cell,
  cells,
  decode,
  onlyAlerts,
  onlyTable,
  SYNTHETIC_ID,
  syntheticLsst,
  syntheticSchemas,
  syntheticZtf
} from '../../support/packets.ts'
import type { Decode, Packet } from '../../support/packets.ts'
import {
  encode,
  LSST_ID,
  lsstAlert,
  lsstSchema,
  ztfAlert,
  ztfSchema
} from '../../support/synthetic.ts'

const TEXT = JSON.stringify(ztfSchema())
const registered = syntheticSchemas()

function datum(index: number, over: Datum = {}, candidate: Datum = {}): Buffer {
  return encode(ztfSchema(), ztfAlert(index, over, candidate))
}

function container(data: readonly Uint8Array[], codec = 'null', perBlock = data.length): Packet {
  return { name: 'many.avro', bytes: writeContainer(TEXT, data, codec, perBlock) }
}

const reasonsOf = async (packets: readonly Packet[], how?: Decode) =>
  (await decode(packets, { registered, ...how })).quarantined.map(({ reason }) => reason)

const ids = (count: number) => Array.from({ length: count }, (_, i) => `ZTF19aaaa00${i}`)

describe('containers', () => {
  const data = [0, 1, 2, 3, 4, 5, 6].map((i) => datum(i))

  test.each([
    ['null', 1],
    ['null', 3],
    ['null', 7],
    ['deflate', 1],
    ['deflate', 3],
    ['snappy', 3],
    ['snappy', 7],
    ['zstandard', 3],
    ['zstandard', 7]
  ])('codec %s, %i packets a block', async (codec, perBlock) => {
    const result = await decode([container(data, codec, perBlock)])
    const { table, origins } = onlyAlerts(result)
    expect(result.quarantined).toEqual([])
    expect(data.map((_, row) => cell(table, 'object_id', row))).toEqual(ids(7))
    data.forEach((bytes, row) => {
      const start = origins.start[row]!
      const kept = origins.buffers[origins.buffer[row]!]!.subarray(
        start,
        start + origins.length[row]!
      )
      expect(Buffer.compare(kept, bytes)).toBe(0)
      const { start: from, length } = table.stamps.difference
      const stamp = origins.buffers[origins.buffer[row]!]!.subarray(
        from[row],
        from[row]! + length[row]!
      )
      expect(Buffer.from(stamp).toString()).toBe(`difference of ${row}`.repeat(20))
    })
  })

  test('a codec that is not known, or does not inflate: bad-codec for the block', async () => {
    expect(await reasonsOf([container(data.slice(0, 2), 'bzip2')])).toEqual([
      'bad-codec',
      'after-damage'
    ])
    for (const codec of ['deflate', 'snappy', 'zstandard']) {
      const text = TEXT.replace('"ztf"', '"ztf" ') // another schema text: nothing is cached
      const broken = writeContainer(text, [Buffer.alloc(64, 0xff)], 'null')
      const bytes = Buffer.from(
        broken.toString('latin1').replace('\x08null', codecName(codec)),
        'latin1'
      )
      expect(await reasonsOf([{ name: codec, bytes }])).toEqual(['bad-codec'])
    }
  })

  test('a block that inflates without end is refused', async () => {
    const bomb = Buffer.alloc(300 * 1024 * 1024)
    const packet = container([bomb], 'zstandard')
    expect(packet.bytes.length).toBeLessThan(100_000)
    expect(await reasonsOf([packet])).toEqual(['bad-codec'])
  })

  test('a damaged packet inside a block takes those behind it, not those before', async () => {
    const broken = Buffer.from(data[3]!)
    broken[0] = 0xff // a length that the packet cannot hold
    broken[1] = 0xff
    broken[2] = 0x7f
    const result = await decode([container([...data.slice(0, 3), broken, ...data.slice(4)])])
    expect(onlyTable(result).rows).toBe(3)
    expect(result.quarantined.map(({ position, reason }) => [position, reason])).toEqual([
      [3, 'bad-length'],
      [4, 'after-damage'],
      [5, 'after-damage'],
      [6, 'after-damage']
    ])
    expect(result.quarantined[0]!.bytes.length).toBe(data.slice(3).flatMap((b) => [...b]).length)
    expect(result.quarantined[1]!.detail).toBe('after packet 3')
  })
})

function codecName(name: string): string {
  return `${String.fromCharCode(name.length * 2)}${name}`
}

describe('packets that are not whole', () => {
  test('left-over bytes: trailing-bytes', async () => {
    expect(await reasonsOf([container([Buffer.concat([datum(0), Buffer.of(0)])])])).toEqual([
      'trailing-bytes'
    ])
  })

  test('cut anywhere, a packet never becomes an alert', async () => {
    const whole = datum(0)
    const packets = Array.from({ length: whole.length }, (_, size) =>
      container([whole.subarray(0, size)])
    )
    const result = await decode([...packets, ...syntheticZtf(1)])
    expect(onlyTable(result).rows).toBe(1)
    expect(result.quarantined).toHaveLength(whole.length)
    const reasons = new Set(result.quarantined.map(({ reason }) => reason))
    expect([...reasons].sort()).toEqual(['truncated'])
  })

  test('a Confluent packet of a few bytes: truncated', async () => {
    const packets = [1, 2, 5].map((size) => ({ name: `${size}`, bytes: Buffer.alloc(size) }))
    expect(await reasonsOf(packets)).toEqual(['truncated', 'truncated', 'truncated'])
  })

  test('an id that no registry knows: unknown-schema', async () => {
    const bytes = confluent(4711, encode(lsstSchema(), lsstAlert()))
    const { quarantined } = await decode([{ name: 'a', bytes }], { registered })
    expect(quarantined[0]).toMatchObject({ reason: 'unknown-schema', detail: 'schema id 4711' })
    expect(Buffer.from(quarantined[0]!.bytes)).toEqual(bytes)
  })

  test('neither container nor wire format: not-avro', async () => {
    const packets = ['', 'hello', '{"json": true}', 'Ob', 'Obj'].map((text, i) => ({
      name: `${i}`,
      bytes: Buffer.from(text)
    }))
    expect(await reasonsOf(packets)).toEqual(packets.map(() => 'not-avro'))
  })

  test('larger than a packet may be: oversized, with only its beginning kept', async () => {
    const large = Buffer.alloc(9 * 1024 * 1024)
    const inContainer = container([
      datum(0, { cutoutScience: { fileName: 'x', stampData: large } })
    ])
    const result = await decode([
      { name: 'large', bytes: large },
      inContainer,
      container([datum(1)])
    ])
    expect(result.quarantined.map(({ reason }) => reason)).toEqual(['oversized', 'oversized'])
    expect(result.quarantined[0]!.bytes.length).toBe(1024 * 1024)
    expect(onlyTable(result).rows).toBe(1)
  })

  test('a survey that is not asked for: wrong-survey', async () => {
    const packets = [...syntheticZtf(2), ...syntheticLsst(1)]
    const result = await decode(packets, { registered, surveys: ['ztf'] })
    expect(result.quarantined.map(({ reason, position }) => [reason, position])).toEqual([
      ['wrong-survey', 2]
    ])
    expect(onlyTable(result).rows).toBe(2)
    const [kept] = result.quarantined
    expect(Buffer.from(kept!.bytes)).toEqual(Buffer.from(packets[2]!.bytes))
    expect(kept!.writer).toEqual({ codec: 'confluent', schema: registered.get(SYNTHETIC_ID) })
  })

  test.each(['null', 'deflate'])(
    'one that is not asked for, in a block of codec %s: each packet by itself',
    async (codec) => {
      const data = [0, 1, 2].map((i) => datum(i))
      const result = await decode([container(data, codec)], { surveys: ['lsst'] })
      const kept = result.quarantined.map(({ reason, position, bytes, writer }) => {
        return { reason, position, bytes: Buffer.from(bytes), codec: writer?.codec }
      })
      const wanted = data.map((bytes, position) => {
        return { reason: 'wrong-survey', position, bytes, codec: 'null' }
      })
      expect(kept).toEqual(wanted)
    }
  )

  test('both surveys in one range make two tables', async () => {
    const packets = [...syntheticZtf(2), ...syntheticLsst(3), ...syntheticZtf(1)]
    const { alerts } = await decode(packets, { registered })
    expect(alerts.map(({ table }) => [table.survey, table.rows])).toEqual([
      ['ztf', 3],
      ['lsst', 3]
    ])
  })
})

describe('a row that is taken back leaves nothing behind', () => {
  const after = (name: string, rows: readonly number[], table: ReturnType<typeof onlyTable>) =>
    rows.map((row) => (/^(history|forced)_/.test(name) ? cells : cell)(table, name, row))

  test('a second copy does not lend its light curve to the next alert', async () => {
    const seen = new Set<number>()
    const claim = (_: string, low: number) => seen.size < seen.add(low).size
    for (const packets of [syntheticZtf(3), syntheticLsst(3)]) {
      seen.clear()
      const [one, two, three] = packets as [Packet, Packet, Packet]
      const twice = await decode([one, one, two, two, one, three], { registered, claim })
      const once = onlyTable(await decode([one, two, three], { registered }))
      expect(twice.duplicates).toBe(3)
      const table = onlyTable(twice)
      for (const name of once.columns.keys()) {
        expect([name, after(name, [0, 1, 2], table)]).toEqual([name, after(name, [0, 1, 2], once)])
      }
    }
  })

  test('values of a refused packet do not show where the next schema has no field', async () => {
    const full = { rb: 0.5, ssnamenr: 'Ceres', dec: 95 }
    const past = (ztfAlert()['prv_candidates'] as Datum[]).map((epoch) => ({ ...epoch, rb: 0.5 }))
    const refused = container([datum(0, { prv_candidates: past }, full)])
    const schema = ztfSchema()
    for (const name of ['cutoutScience', 'cutoutTemplate', 'cutoutDifference']) {
      schema.fields.splice(
        schema.fields.findIndex((field) => field.name === name),
        1
      )
    }
    for (const at of [4, 5]) {
      let type = schema.fields[at]!.type as { fields: { name: string }[] }
      if (Array.isArray(type)) type = (type[1] as { items: typeof type }).items
      type.fields = type.fields.filter(({ name }) => name !== 'rb' && name !== 'ssnamenr')
    }
    const bytes = writeContainer(JSON.stringify(schema), [encode(schema, ztfAlert(1))])
    const { table } = onlyAlerts(await decode([refused, { name: 'lean.avro', bytes }]))
    expect(table.rows).toBe(1)
    expect(cells(table, 'history_reliability', 0)).toEqual([null, null, null, null, null])
    expect([cell(table, 'ztf.rb', 0), cell(table, 'ztf.ssnamenr', 0)]).toEqual([null, null])
    for (const { length } of Object.values(table.stamps)) expect(length[0]).toBe(0)
  })

  test('a refused LSST packet does not leave its records behind', async () => {
    const lean = lsstAlert(1, { diaObject: null })
    const packets = [lsstAlert(0, {}, { dec: -95 }), lean].map((alert, i) => ({
      name: `${i}`,
      bytes: confluent(SYNTHETIC_ID, encode(lsstSchema(), alert))
    }))
    const table = onlyTable(await decode(packets, { registered }))
    expect(cell(table, 'alert_id', 0)).toBe(LSST_ID + 1n)
    expect(table.present.get('lsst.diaObject')![0]).toBe(0)
    expect(cells(table, 'history_mjd', 0)).toHaveLength(5)
  })
})

describe('text', () => {
  test('bytes that are no UTF-8 are mended, so that the files stay readable', async () => {
    const bytes = datum(0, { objectId: 'ZTF19\u00e9\u00e9' })
    const at = bytes.indexOf(Buffer.from('\u00e9\u00e9'))
    bytes[at] = 0xff
    const table = onlyTable(
      await decode([container([bytes]), container([datum(1, { objectId: '\u03b1 Cen' })])])
    )
    const column = table.text('object_id')
    const kept = column.bytes.subarray(column.starts[0], column.ends[0])
    expect(new TextDecoder('utf-8', { fatal: true }).decode(kept)).toMatch(/^ZTF19\ufffd+\u00e9$/)
    expect(cell(table, 'object_id', 1)).toBe('\u03b1 Cen')
  })
})
