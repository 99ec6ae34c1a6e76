import { PacketFiles } from '../lake/files/packet-files.ts'
import type { PacketPlace } from '../lake/files/packet-files.ts'
import { BLOCK } from '../packets.ts'
import type { Header, PacketRange } from '../packets.ts'
import { atOnce } from '../store/at-once.ts'
import type { Store } from '../store/store.ts'

const READ_AT_ONCE = 8

/**
 * Packets of a lake as a range, in the order of their places: a range read each, and one a file for the writer schema. A
 * file of which most is asked for is read whole.
 * @throws SiskinError for a packet file that is not there, or none.
 */
export async function packetsAt(
  store: Store,
  places: readonly PacketPlace[]
): Promise<PacketRange> {
  const files = [...new Set(places.map(({ path }) => path))]
  const packetFiles = new PacketFiles(store)
  const headers: Header[] = []
  for (const path of files) headers.push(await packetFiles.header(path))
  const packets: Uint8Array[] = []
  const whole = await readWhole(store, places)
  await atOnce([...places.entries()], READ_AT_ONCE, async ([i, { path, offset, length }]) => {
    const content = whole.get(path)?.subarray(offset, offset + length)
    packets[i] = content ?? (await store.read(path, offset, length))
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
    headers,
    names: files,
    faults: new Map()
  }
}

async function readWhole(
  store: Store,
  places: readonly PacketPlace[]
): Promise<Map<string, Uint8Array>> {
  const whole = new Map<string, Uint8Array>()
  for (const [path, own] of Map.groupBy(places, (place) => place.path)) {
    const asked = own.reduce((sum, { length }) => sum + length, 0)
    const isMost = own.length > READ_AT_ONCE && asked * 2 > ((await store.size(path)) ?? Infinity)
    if (isMost) whole.set(path, await store.read(path))
  }
  return whole
}
