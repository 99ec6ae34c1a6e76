import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { describe } from 'vitest'
import { rangesOf } from '../../engine/consume/archive.ts'
import { walkFile } from '../../engine/consume/walk.ts'
import { decodeRange } from '../../engine/decode/decode.ts'
import type { Decoded, DecodeOptions, DecodeResult } from '../../engine/decode/decode.ts'
import { SchemaCache } from '../../engine/decode/schemas.ts'
import type { PacketRange } from '../../engine/packets.ts'
import { TextColumn } from '../../engine/table/columns.ts'
import type { AlertTable } from '../../engine/table/table.ts'
import { confluent, writeContainer } from './avro.ts'
import { encode, lsstAlert, lsstSchema, ztfAlert, ztfSchema } from './synthetic.ts'

/** A packet file: its name and what is in it. */
export interface Packet {
  readonly name: string
  readonly bytes: Uint8Array
}

/** The shared real data, beside the repository. */
const DATA = fileURLToPath(new URL('../../../shared/data/', import.meta.url))
export const ZTF_SAMPLE = `${DATA}ztf/ztf_public_sample.tar.gz`
const LSST_SCHEMAS = `${DATA}lsst/schemas`
export const hasReal = existsSync(ZTF_SAMPLE) && existsSync(LSST_SCHEMAS)

/** Tests over real packets: skipped, with one line that says so, where the data is not there. */
export function describeReal(name: string, tests: () => void): void {
  if (!hasReal) console.log(`skipped: ${name}, no real packets in ${DATA}`)
  describe.skipIf(!hasReal)(name, tests)
}

/** All ZTF packets of the sample, by a reader of tar archives that is not ours. */
export function realZtf(): Packet[] {
  const tar = gunzipSync(readFileSync(ZTF_SAMPLE))
  const packets: Packet[] = []
  for (let at = 0; tar[at] !== 0;) {
    const name = tar.toString('latin1', at, tar.indexOf(0, at))
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8)
    packets.push({ name, bytes: tar.subarray(at + 512, at + 512 + size) })
    at += 512 + Math.ceil(size / 512) * 512
  }
  return packets
}

/** All LSST packets of the sample, in Confluent wire format. */
export function realLsst(): Packet[] {
  return readdirSync(`${DATA}lsst`)
    .filter((name) => name.endsWith('.confluent'))
    .sort()
    .map((name) => ({ name, bytes: readFileSync(`${DATA}lsst/${name}`) }))
}

/** The real LSST writer schemas by id. */
export function realSchemas(): Map<number, Uint8Array> {
  const files = readdirSync(LSST_SCHEMAS).filter((name) => name.endsWith('.avsc'))
  return new Map(
    files.map((name) => [Number.parseInt(name, 10), readFileSync(`${LSST_SCHEMAS}/${name}`)])
  )
}

/** The id under which `syntheticSchemas` knows the synthetic LSST schema. */
export const SYNTHETIC_ID = 1100

export function syntheticSchemas(): Map<number, Uint8Array> {
  return new Map([[SYNTHETIC_ID, Buffer.from(JSON.stringify(lsstSchema()))]])
}

/** Synthetic ZTF packets, one container each. */
export function syntheticZtf(count: number): Packet[] {
  const schema = ztfSchema()
  const text = JSON.stringify(schema)
  return Array.from({ length: count }, (_, i) => ({
    name: `ztf${i}.avro`,
    bytes: writeContainer(text, [encode(schema, ztfAlert(i))])
  }))
}

/** Synthetic LSST packets in Confluent wire format. */
export function syntheticLsst(count: number): Packet[] {
  const schema = lsstSchema()
  return Array.from({ length: count }, (_, i) => ({
    name: `lsst${i}.confluent`,
    bytes: confluent(SYNTHETIC_ID, encode(schema, lsstAlert(i)))
  }))
}

/** One range of all packets, made by the reader's own scanner from one file each. */
export async function rangeOf(packets: readonly Packet[]): Promise<PacketRange> {
  const bytes = packets.reduce((sum, packet) => sum + packet.bytes.length, 0)
  const cut = { packets: Number.POSITIVE_INFINITY, bytes: bytes + 1 }
  const options = {
    done: [],
    cut,
    onRead: () => {},
    allocate: (size: number) => new ArrayBuffer(size)
  }
  const ranges = rangesOf({ name: 'test' }, options, async function* (window) {
    for (const packet of packets) {
      window.from(once(packet.bytes))
      window.scanner.enter(packet.name)
      yield* walkFile(window, packet.bytes.length)
    }
  })
  const found = await Array.fromAsync(ranges)
  if (found.length !== 1) throw new Error(`${found.length} ranges of ${packets.length} packets`)
  return found[0]!
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

export interface Decode extends Partial<DecodeOptions> {
  readonly warn?: (message: string) => void
}

/** Decodes packets; without `registered`, LSST schemas are the real ones if they are there. */
export async function decode(packets: readonly Packet[], how: Decode = {}): Promise<DecodeResult> {
  return decodeRange(await rangeOf(packets), {
    schemas: new SchemaCache(how.warn ?? (() => {})),
    registered: hasReal ? realSchemas() : syntheticSchemas(),
    surveys: ['ztf', 'lsst'],
    claim: () => true,
    ...how
  })
}

/** The only table of a result. */
export function onlyTable(result: DecodeResult): AlertTable {
  return onlyAlerts(result).table
}

export function onlyAlerts({ alerts, quarantined }: DecodeResult): Decoded {
  const found = alerts[0]
  if (alerts.length !== 1 || !found) {
    const reasons = quarantined.map(({ reason, detail }) => `${reason}: ${detail}`)
    throw new Error(`${alerts.length} tables; ${reasons.join('; ')}`)
  }
  return found
}

export type Cell = number | bigint | string | null

/** A value of the alert table, null where it cannot say. */
export function cell(table: AlertTable, name: string, row: number): Cell {
  const column = table.column(name)
  if (column instanceof TextColumn) return column.get(row)
  return column.valid[row] === 0 ? null : column.values[row]!
}

/** The values of one alert in a list column. */
export function cells(table: AlertTable, name: string, row: number): Cell[] {
  const { offsets } = name.startsWith('forced_') ? table.forced : table.history
  const from = offsets[row]!
  return Array.from({ length: offsets[row + 1]! - from }, (_, i) => cell(table, name, from + i))
}

/** The row of an alert id. */
export function rowOf(table: AlertTable, id: bigint): number {
  for (let row = 0; row < table.rows; row++) if (cell(table, 'alert_id', row) === id) return row
  throw new Error(`no alert ${id}`)
}
