import { describe, expect, test } from 'vitest'
import type { Decoded } from '../../../engine/decode/decode.ts'
import { FinkFormat } from '../../../engine/publish/fink.ts'
import { Enriched } from '../../../engine/table/enriched.ts'
import type { ColumnDef } from '../../../engine/table/schema.ts'
import { typeOf } from '../../support/avro.ts'
import type { Datum } from '../../support/avro.ts'
import {
  decode,
  hasReal,
  onlyAlerts,
  realLsst,
  realZtf,
  syntheticLsst,
  syntheticSchemas,
  syntheticZtf
} from '../../support/packets.ts'

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
} else console.log('skipped: Fink’s form of real packets, none are there')

const CUTOUTS = ['cutoutScience', 'cutoutTemplate', 'cutoutDifference']

function column(name: string, type: ColumnDef['type']): ColumnDef {
  return { name, type, unit: '', ucd: '', doc: `The ${name}.` }
}

const DEFS = [column('demo.status', 'utf8'), column('demo.size', 'float64')]
const MODULE = {
  name: 'demo',
  produces: { size: { type: 'float64', unit: '', doc: 'A size.' } }
}

function bound({ table, origins }: Decoded) {
  const batch = new Enriched(table)
  batch.add(MODULE as never)
  for (let row = 0; row < table.rows; row++) {
    batch.columns.get('demo.status')!.set(row, 'ok' as never)
    batch.columns.get('demo.size')!.set(row, (row + 0.5) as never)
  }
  const packetOf = (row: number) => ({
    buffer: origins.buffers[origins.buffer[row]!]!,
    start: origins.start[row]!,
    length: origins.length[row]!,
    schema: origins.schemas[origins.schema[row]!]!
  })
  return { encode: new FinkFormat(DEFS).bind(batch, packetOf), packetOf, rows: table.rows }
}

/** What a reader makes of a message and, with its own schema, of the packet in it. */
function bothOf({ encode, packetOf }: ReturnType<typeof bound>, row: number, bare: boolean) {
  const { schema, value } = encode(row, bare)!
  const read = typeOf(Buffer.from(schema).toString()).fromBuffer(Buffer.from(value)) as Datum
  const { buffer, start, length, schema: own } = packetOf(row)
  const datum = Buffer.from(buffer.subarray(start, start + length))
  const packet = typeOf(Buffer.from(own.text).toString()).fromBuffer(datum) as Datum
  return { read, packet }
}

describe.each(SETS)('%s in Fink’s form', (name, make) => {
  test('is the packet as it came, with the modules behind it', async () => {
    const made = bound(await make())
    for (let row = 0; row < made.rows; row++) {
      const { read, packet } = bothOf(made, row, false)
      for (const field of Object.keys(packet)) expect(read[field]).toEqual(packet[field])
      expect(read['demo']).toEqual({ status: 'ok', size: row + 0.5 })
      expect(read['cdsxmatch']).toBe(name.endsWith('ZTF') ? null : undefined)
    }
  })

  test('with empty stamps is otherwise the same', async () => {
    const made = bound(await make())
    for (let row = 0; row < made.rows; row++) {
      const { read, packet } = bothOf(made, row, true)
      for (const field of Object.keys(packet)) {
        if (!CUTOUTS.includes(field)) expect(read[field]).toEqual(packet[field])
        else if (packet[field] !== null) expect(bytesIn(read[field])).toHaveLength(0)
      }
      expect(read['demo']).toEqual({ status: 'ok', size: row + 0.5 })
    }
  })

  test('has one schema for all, without documentation and defaults', async () => {
    const { encode, rows } = bound(await make())
    const schemas = new Set(Array.from({ length: rows }, (_, row) => encode(row)!.schema))
    expect(schemas.size).toBeLessThanOrEqual(6) // one object a writer schema
    for (const schema of schemas)
      expect(Buffer.from(schema).toString()).not.toMatch(/"(doc|default)":/)
  })
})

function bytesIn(cutout: unknown): unknown {
  return cutout instanceof Uint8Array ? cutout : (cutout as Datum)['stampData']
}
