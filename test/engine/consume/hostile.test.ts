import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants, createGzip, gzipSync } from 'node:zlib'
import { once } from 'node:events'
import { beforeAll, describe, expect, test } from 'vitest'
import { Notes } from '../../../engine/consume/notes.ts'
import { openSources } from '../../../engine/consume/open.ts'
import { header, packetsIn, tarEntry, tarOf } from '../../support/archives.ts'
import { writeContainer } from '../../support/avro.ts'
import { syntheticZtf } from '../../support/packets.ts'
import type { Packet } from '../../support/packets.ts'
import { temporaryFolder } from '../../support/siskin.ts'
import { ztfSchema } from '../../support/synthetic.ts'
import type { PacketRange } from '../../../engine/packets.ts'

const MIB = 1024 * 1024
/** What a bomb inflates to; memory has to stay far below. */
const BLAST = 1024 * MIB
const folder = temporaryFolder()
const [one, two] = syntheticZtf(2) as [Packet, Packet]
const zeros = Buffer.alloc(16 * MIB)
let made = 0
let bomb: Buffer
let openContainer: Buffer

/** A gzip stream of a beginning and a gigabyte of zeros, never whole in memory. */
async function blast(...start: Uint8Array[]): Promise<Buffer> {
  const gzip = createGzip({ level: constants.Z_BEST_SPEED })
  const pieces: Buffer[] = []
  gzip.on('data', (piece: Buffer) => pieces.push(piece))
  for (const bytes of start) gzip.write(bytes)
  for (let left = BLAST; left > 0; left -= zeros.length) {
    if (!gzip.write(zeros)) await once(gzip, 'drain')
  }
  gzip.end()
  await once(gzip, 'end')
  return Buffer.concat(pieces)
}

interface Taken {
  readonly ranges: PacketRange[]
  /** The most memory outside V8's heap, above what there was before, bytes. */
  readonly peak: number
  readonly names: string[]
  readonly faults: { reason: string; length: number }[]
}

async function read(name: string, bytes: Uint8Array): Promise<Taken> {
  const path = join(folder, `${made++}-${name}`)
  writeFileSync(path, bytes)
  const before = process.memoryUsage().arrayBuffers
  let peak = 0
  const look = () => (peak = Math.max(peak, process.memoryUsage().arrayBuffers - before))
  const watch = setInterval(look, 5)
  const ranges: PacketRange[] = []
  const [source] = await openSources([path], { notes: new Notes() })
  const allocate = (size: number) => new ArrayBuffer(size)
  const cut = { packets: 1000, bytes: 8 * MIB }
  for await (const range of source!.ranges({ done: [], cut, allocate, onRead: look })) {
    ranges.push(range)
    look()
  }
  clearInterval(watch)
  const faults = ranges.flatMap((range) => [...range.faults.values()])
  return { ranges, peak, faults, names: packetsIn(ranges).map(({ name }) => name) }
}

beforeAll(async () => {
  bomb = await blast()
  // A container whose one block claims to be a terabyte.
  const start = Buffer.from(one.bytes)
  openContainer = await blast(start.subarray(0, start.length - 16))
}, 120_000)

describe('a few kilobytes that inflate to a gigabyte', () => {
  test('a gzipped packet: one in quarantine, of which the beginning is kept', async () => {
    for (const bytes of [bomb, openContainer]) {
      const { ranges, faults, peak } = await read('bomb.avro.gz', bytes)
      expect(faults).toHaveLength(1)
      expect(ranges).toHaveLength(1)
      expect(ranges[0]!.count).toBe(1)
      expect(ranges[0]!.bytes.byteLength).toBeLessThan(64 * MIB)
      expect(peak).toBeLessThan(160 * MIB)
    }
  })

  test('in an archive: what lies behind it comes', async () => {
    const entries = [one, { name: 'bomb.avro.gz', bytes: bomb }, two]
    const { names, faults, peak } = await read('a.tar', tarOf(entries))
    expect(names).toEqual([one.name, 'bomb.avro.gz', two.name])
    expect(faults).toMatchObject([{ reason: 'oversized' }])
    expect(peak).toBeLessThan(160 * MIB)
  })

  test('in a file of an archive that is no packet', async () => {
    const junk = header('junk.fits', BLAST, '0')
    const packed = Buffer.concat([await blast(junk), gzipSync(tarOf([two]))])
    const { names, peak } = await read('a.tar.gz', packed)
    expect(names).toEqual([two.name])
    expect(peak).toBeLessThan(160 * MIB)
  })

  test('behind the end mark', async () => {
    const packed = await blast(tarOf([one]))
    const { names, peak } = await read('a.tar.gz', packed)
    expect(names).toEqual([one.name])
    expect(peak).toBeLessThan(160 * MIB)
  })

  test('in a gzip stream in a gzip stream', async () => {
    const inner = { name: 'inner.avro.gz', bytes: gzipSync(bomb) }
    const { names, faults } = await read('a.tar', tarOf([inner, two]))
    expect(names).toEqual(['inner.avro.gz', two.name])
    expect(faults).toMatchObject([{ reason: 'not-avro' }])
  })
})

test('a packet, and behind it many files that are none: their room is used again', async () => {
  const group = Array.from({ length: 400 }, (_, i) =>
    tarEntry({ name: `${i}.txt`, bytes: Buffer.alloc(5000, i) })
  )
  const packed = gzipSync(Buffer.concat(group))
  const parts = Array.from({ length: 300 }, () => packed)
  const archive = [gzipSync(tarEntry(one)), ...parts, gzipSync(tarOf([two]))]
  const { names, ranges, peak } = await read('a.tar.gz', Buffer.concat(archive))
  expect(names).toEqual([one.name, two.name])
  expect(ranges[0]!.bytes.byteLength).toBeLessThan(32 * MIB)
  expect(peak).toBeLessThan(160 * MIB)
  const [start, length] = ranges[0]!.blocks
  const sync = Buffer.from(ranges[0]!.bytes, start! + length!, 16)
  expect(sync.equals(one.bytes.subarray(-16))).toBe(true)
})

describe('what claims to be large', () => {
  test.each([
    ['a name', 'L'],
    ['a pax header', 'x'],
    ['a long link', 'K']
  ])('%s of a gigabyte takes no memory', async (_what, type) => {
    const packed = await blast(header('x', BLAST, type))
    const path = join(folder, `${made++}.tar.gz`)
    writeFileSync(path, packed)
    const [source] = await openSources([path])
    const before = process.memoryUsage().arrayBuffers
    let peak = 0
    const onRead = () => (peak = Math.max(peak, process.memoryUsage().arrayBuffers - before))
    const options = { done: [], cut: { packets: 9, bytes: MIB }, onRead }
    const ranges = source!.ranges({ ...options, allocate: (size) => new ArrayBuffer(size) })
    await expect(Array.fromAsync(ranges)).rejects.toThrow(/is damaged at byte/)
    expect(peak).toBeLessThan(160 * MIB)
  })

  test('a sparse file of terabytes is skipped and said', async () => {
    const sparse = header('sparse.avro', 512, 'S')
    sparse.write('ustar  \0', 257)
    sparse.write('00000000000\0', 386)
    sparse.write('00000001000\0', 398)
    sparse.write('77777777777\0', 483)
    sparse.write('        ', 148)
    const sum = sparse.reduce((total, byte) => total + byte, 0)
    sparse.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    const notes = new Notes()
    const path = join(folder, `${made++}.tar`)
    writeFileSync(path, Buffer.concat([sparse, Buffer.alloc(512), tarOf([one])]))
    const [source] = await openSources([path], { notes })
    const cut = { packets: 9, bytes: MIB }
    const allocate = (size: number) => new ArrayBuffer(size)
    const ranges = await Array.fromAsync(
      source!.ranges({ done: [], cut, allocate, onRead: () => {} })
    )
    expect(packetsIn(ranges).map(({ name }) => name)).toEqual([one.name])
    expect(notes.skippedText).toBe('1 file skipped: sparse.avro (sparse, with a map that is none)')
  })

  test('a header without end, gzipped', async () => {
    const start = Buffer.concat([
      Buffer.from('Obj\x01', 'latin1'),
      Buffer.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x40)
    ])
    const { faults, ranges, peak } = await read('endless.avro.gz', await blast(start))
    expect(faults).toMatchObject([
      { reason: 'bad-container', detail: 'a header of 1099511627776 entries' }
    ])
    expect(ranges[0]!.count).toBe(1)
    expect(peak).toBeLessThan(160 * MIB)
  })

  test('blocks that claim more packets than a part may have: a part of its own each, of its own size', async () => {
    const block = Array.from({ length: 90_000 }, () => Buffer.alloc(1))
    const data = Array.from({ length: 5 }, () => block).flat()
    const bytes = writeContainer(JSON.stringify(ztfSchema()), data, 'null', 90_000)
    const { ranges } = await read('claims.avro', bytes)
    expect(ranges.map(({ count }) => count)).toEqual([90_000, 90_000, 90_000, 90_000, 90_000])
    expect(Math.max(...ranges.map(({ bytes: { byteLength } }) => byteLength))).toBeLessThan(
      32 * MIB
    )
  })
})

test('small packed packets by the thousand take no longer than their bytes', async () => {
  const entries = Array.from({ length: 3000 }, (_, i) => ({
    name: `${i}.avro.gz`,
    bytes: gzipSync(i % 2 ? one.bytes : two.bytes)
  }))
  const { names, faults } = await read('many.tar', Buffer.concat([tarEntry(one), tarOf(entries)]))
  expect(names).toHaveLength(3001)
  expect(faults).toEqual([])
})
