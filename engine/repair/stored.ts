import { Scanner } from '../consume/scanner.ts'
import { walkFile } from '../consume/walk.ts'
import { Window } from '../consume/window.ts'
import { BLOCK } from '../packets.ts'
import type { PacketRange } from '../packets.ts'
import { faultOf } from '../verify/file-content.ts'
import type { PartFile, PartRecord } from '../lake/ledger.ts'
import { readPlaces } from '../lake/files/places.ts'
import type { InputPlace } from '../lake/files/places.ts'
import type { Store } from '../store/store.ts'

function packetFiles({ files }: PartRecord): PartFile[] {
  return files.filter(({ kind }) => kind === 'packets')
}

/** True when every packet that became an alert of the part is in the lake, byte for byte. */
export async function hasPackets(store: Store, record: PartRecord): Promise<boolean> {
  const files = packetFiles(record)
  for (const file of files) {
    const size = await store.size(file.path)
    if (size === null || (await faultOf(store, file, size, true)) !== null) return false
  }
  return files.length > 0
}

/**
 * The part's alerts as a range, from the packets that the lake keeps. It reaches as far as the part
 * did, so that all files get their old names; what was a duplicate or went to quarantine is not in it.
 */
export async function storedRange(store: Store, record: PartRecord): Promise<PacketRange> {
  const { source, first, last, stream } = record
  const contents: Uint8Array[] = []
  const places: InputPlace[] = []
  for (const { path, places: text } of packetFiles(record)) {
    contents.push(await store.read(path))
    if (text !== undefined) places.push(...readPlaces(text))
  }
  const range = await rangeOfFiles(source, contents)
  if (!stream) return { ...range, first, count: last - first + 1 }
  const { messages, lost, begins, generation } = stream
  return {
    ...inOrder(range, places, first),
    first,
    messages: { last, count: messages, lost, begins, generation }
  }
}

/** All packets of some files as one range. */
export async function rangeOfFiles(
  source: string,
  contents: readonly Uint8Array[]
): Promise<PacketRange> {
  const bytes = new Uint8Array(Buffer.concat(contents))
  const everything = { packets: Number.POSITIVE_INFINITY, bytes: bytes.length + 1 }
  const scanner = new Scanner(source, everything, () => bytes.buffer)
  scanner.filled = bytes.length
  scanner.enter(source)
  const window = new Window(scanner)
  for (const { length } of contents) for await (const _ of walkFile(window, length));
  return scanner.take()
}

/** Packets in the order in which they came: those of a message may lie in files of several nights and schemas. */
function inOrder(range: PacketRange, places: readonly InputPlace[], first: number): PacketRange {
  const order = places
    .map((place, block) => ({ ...place, block }))
    .sort((a, b) => a.offset - b.offset || a.nth - b.nth)
  const blocks = new Float64Array(range.blocks.length)
  for (const [to, { block, offset }] of order.entries()) {
    const from = block * BLOCK.size
    blocks.set(range.blocks.subarray(from, from + BLOCK.size), to * BLOCK.size)
    blocks[to * BLOCK.size + BLOCK.offset] = first + offset
  }
  return { ...range, blocks }
}
