import type { PacketRange } from '../../engine/packets.ts'
import { BLOCK } from '../../engine/packets.ts'
import type { ReadOptions, Source } from '../../engine/consume/source.ts'
import { Damage } from '../../engine/consume/bytes.ts'
import type { Packet } from './packets.ts'

const RECORD = 512

export type LongNames = 'plain' | 'pax' | 'gnu'

/** A tar archive with its end mark. */
export function tarOf(entries: readonly Packet[], names: LongNames = 'plain'): Buffer {
  return Buffer.concat([
    ...entries.map((entry) => tarEntry(entry, names)),
    Buffer.alloc(2 * RECORD)
  ])
}

/** One entry; its name in front of it as pax or GNU tar write one that is too long. */
export function tarEntry({ name, bytes }: Packet, names: LongNames = 'plain'): Buffer {
  const short = names === 'plain' ? name : `cut/${name.slice(0, 20)}`
  const parts = [...longName(name, names), header(short, bytes.length, '0'), padded(bytes)]
  return Buffer.concat(parts)
}

function longName(name: string, names: LongNames): Buffer[] {
  if (names === 'plain') return []
  if (names === 'gnu') {
    const content = Buffer.from(`${name}\0`)
    return [header('././@LongLink', content.length, 'L'), padded(content)]
  }
  const content = Buffer.from(paxRecord('mtime', '1577836800.5') + paxRecord('path', name))
  return [header('PaxHeaders/x', content.length, 'x'), padded(content)]
}

/** `<length> <key>=<value>\n`, where the length counts its own digits. */
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  let size = Buffer.byteLength(rest) + 1
  while (String(size).length + Buffer.byteLength(rest) !== size) size++
  return `${size}${rest}`
}

export function header(name: string, size: number, type: string): Buffer {
  const head = Buffer.alloc(RECORD)
  head.write(name, 0, 100)
  head.write('0000644\0', 100)
  head.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  head.write('        ', 148)
  head.write(type, 156)
  head.write('ustar\x0000', 257)
  const sum = head.reduce((total, byte) => total + byte, 0)
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return head
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((RECORD - (bytes.length % RECORD)) % RECORD)])
}

export interface Read {
  readonly ranges: PacketRange[]
  readonly damage: Damage | null
}

/** Everything a source gives, and where it broke off. Other errors are thrown. */
export async function readAll(source: Source, how: Partial<ReadOptions> = {}): Promise<Read> {
  const ranges: PacketRange[] = []
  const options = {
    done: [],
    cut: { packets: 1000, bytes: 8 * 1024 * 1024 },
    onRead: () => {},
    allocate: (size: number) => new ArrayBuffer(size),
    ...how
  }
  try {
    for await (const range of source.ranges(options)) ranges.push(range)
  } catch (error) {
    if (!(error instanceof Damage)) throw error
    return { ranges, damage: error }
  }
  return { ranges, damage: null }
}

/** What a range holds, apart from where in memory it lies. */
export interface Content {
  readonly first: number
  readonly count: number
  readonly blocks: { kind: number; packets: number; offset: number; name: string; bytes: string }[]
}

export function contentOf(range: PacketRange): Content {
  const blocks: Content['blocks'] = []
  for (let at = 0; at < range.blocks.length; at += BLOCK.size) {
    const field = (key: keyof typeof BLOCK) => range.blocks[at + BLOCK[key]]!
    const bytes = Buffer.from(range.bytes, field('start'), field('length'))
    blocks.push({
      kind: Math.min(0, field('header')),
      packets: field('packets'),
      offset: field('offset'),
      name: range.names[field('name')] ?? '',
      bytes: bytes.toString('base64')
    })
  }
  return { first: range.first, count: range.count, blocks }
}

/** The packets of ranges by name, in order: block bytes as base64. */
export function packetsIn(ranges: readonly PacketRange[]): { name: string; bytes: string }[] {
  return ranges.flatMap((range) =>
    contentOf(range).blocks.map(({ name, bytes }) => ({ name, bytes }))
  )
}
