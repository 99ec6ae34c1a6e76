import { isContainer, readHeader } from '../avro/heads.ts'
import { SiskinError } from '../errors.ts'
import { BLOCK } from '../packets.ts'
import type { PacketRange } from '../packets.ts'
import { atOnce } from '../store/at-once.ts'
import type { Store } from '../store/store.ts'

/** Where an alert says that its packet lies. */
export interface PacketPlace {
  readonly path: string
  readonly offset: number
  readonly length: number
}

const FIRST_READ = 64 * 1024
const READ_AT_ONCE = 8

/**
 * Packets of a lake as a range, in the order of their places: a range read each, and one a file for the writer schema.
 * @throws SiskinError for a packet file that is not there, or none.
 */
export async function packetsAt(
  store: Store,
  places: readonly PacketPlace[]
): Promise<PacketRange> {
  const files = [...new Set(places.map(({ path }) => path))]
  const schemas = new Map<string, Uint8Array>()
  for (const path of files) schemas.set(path, await writerSchema(store, path))
  const packets: Uint8Array[] = []
  await atOnce([...places.entries()], READ_AT_ONCE, async ([i, { path, offset, length }]) => {
    packets[i] = await store.read(path, offset, length)
  })
  const blocks = new Float64Array(places.length * BLOCK.size)
  let start = 0
  for (const [i, { path, offset }] of places.entries()) {
    const at = i * BLOCK.size
    blocks[at + BLOCK.start] = start
    blocks[at + BLOCK.length] = packets[i]!.length
    blocks[at + BLOCK.header] = blocks[at + BLOCK.name] = files.indexOf(path)
    blocks[at + BLOCK.packets] = 1
    blocks[at + BLOCK.offset] = offset
    start += packets[i]!.length
  }
  return {
    source: files.join(' '),
    first: 0,
    count: places.length,
    bytes: new Uint8Array(Buffer.concat(packets)).buffer,
    blocks,
    headers: files.map((path) => ({ schema: schemas.get(path)!, codec: 'null' })),
    names: files,
    faults: new Map()
  }
}

async function writerSchema(store: Store, path: string): Promise<Uint8Array> {
  const size = await store.size(path)
  if (size === null) throw new SiskinError(`the packet file ${path} is not in the lake`)
  for (let want = FIRST_READ; ; want *= 4) {
    const head = await store.read(path, 0, Math.min(want, size))
    if (!isContainer(head, 0)) throw new SiskinError(`${path} is no Avro object container`)
    const header = readHeader(head, 0, head.length)
    if (header) return header.schema
    if (want >= size) throw new SiskinError(`the header of ${path} is not all there`)
  }
}
