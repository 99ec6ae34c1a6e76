import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import avsc from 'avsc'
import { avroType } from '../engine/avro/type.ts'
import { tarFiles } from './archive/tar.ts'
import type { TarFile } from './archive/tar.ts'

/** Reads archives and packets back, for tests and the report: small and plain, with `avsc`. */

export type Decoded = { readonly [name: string]: unknown }

/** Files of a `.tar` or `.tar.gz`, in order. */
export function readArchive(path: string): TarFile[] {
  const file = readFileSync(path)
  return tarFiles(path.endsWith('.gz') ? gunzipSync(file) : file)
}

const HEADER = avsc.Type.forSchema({
  type: 'record',
  name: 'Header',
  fields: [
    { name: 'magic', type: { type: 'fixed', name: 'Magic', size: 4 } },
    { name: 'meta', type: { type: 'map', values: 'bytes' } },
    { name: 'sync', type: { type: 'fixed', name: 'Sync', size: 16 } }
  ]
})

const types = new Map<string, avsc.Type>()

function typeOf(text: string): avsc.Type {
  const type = types.get(text) ?? avroType(text)
  types.set(text, type)
  return type
}

/** The writer schema inside a ZTF packet. */
export function schemaInside(packet: Buffer): string {
  const header: { value: { meta: Record<string, Buffer> } } = HEADER.decode(packet, 0)
  return header.value.meta['avro.schema']?.toString() ?? ''
}

/** Decodes a ZTF packet and checks that its frame is whole. */
export function decodeZtf(packet: Buffer): Decoded {
  const header: { value: { sync: Buffer }; offset: number } = HEADER.decode(packet, 0)
  const plain = avsc.Type.forSchema('long')
  const count: { offset: number } = plain.decode(packet, header.offset)
  const size: { value: number; offset: number } = plain.decode(packet, count.offset)
  const end = size.offset + size.value
  if (!packet.subarray(end).equals(header.value.sync)) throw new Error('no sync marker at the end')
  return typeOf(schemaInside(packet)).fromBuffer(packet.subarray(size.offset, end)) as Decoded
}

/** Decodes an LSST packet with the schema that its id names. */
export function decodeLsst(packet: Buffer, schemaOfId: (id: number) => string): Decoded {
  return typeOf(schemaOfId(packet.readUInt32BE(1))).fromBuffer(packet.subarray(5)) as Decoded
}

/** Where the survey's real packets are, beside the repository; null where they are not. */
export function realData(): string | null {
  const path = new URL('../../shared/data/', import.meta.url).pathname
  return existsSync(path) ? path : null
}
