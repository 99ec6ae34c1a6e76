import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { openSources } from '../../../engine/consume/open.ts'
import { emptyBook } from '../../../engine/consume/book.ts'
import type { PacketRange } from '../../../engine/packets.ts'
import {
  contentOf,
  header,
  packetsIn,
  paxRecord,
  readAll,
  tarEntry,
  tarOf
} from '../../support/archives.ts'
import type { LongNames } from '../../support/archives.ts'
import { writeContainer } from '../../support/avro.ts'
import {
  describeReal,
  realZtf,
  syntheticLsst,
  syntheticZtf,
  ZTF_SAMPLE
} from '../../support/packets.ts'
import type { Packet } from '../../support/packets.ts'
import { encode, ztfAlert, ztfSchema } from '../../support/synthetic.ts'

function folderOf(...files: Packet[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'siskin-consume-'))
  for (const { name, bytes } of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), bytes)
  }
  return folder
}

async function read(name: string, bytes: Uint8Array) {
  const [source] = await openSources([join(folderOf({ name, bytes }), name)])
  return readAll(source!)
}

const names = (ranges: readonly PacketRange[]) => packetsIn(ranges).map(({ name }) => name)
const deep = `${'a-folder-with-a-long-name/'.repeat(8)}alert`

describe('archives', () => {
  const packets = [...syntheticZtf(3), ...syntheticLsst(2)]

  test.each([
    ['a.tar', (tar: Buffer) => tar],
    ['a.tar.gz', (tar: Buffer) => gzipSync(tar)],
    ['a.tgz', (tar: Buffer) => gzipSync(tar)],
    ['gzipped-all-the-same.tar', (tar: Buffer) => gzipSync(tar)],
    ['of-many-members.tar.gz', inMembers]
  ])('%s gives every packet file in order', async (name, pack) => {
    const { ranges, damage } = await read(name, pack(tarOf(packets)))
    expect(damage).toBeNull()
    expect(names(ranges)).toEqual(packets.map((packet) => packet.name))
    expect(ranges.map(({ first, count }) => [first, count])).toEqual([[0, 5]])
  })

  test('what is no packet file is stepped over', async () => {
    const others = ['README', '.hidden.avro', 'a.fits', 'table.avro.txt'].map((name) => ({
      name,
      bytes: Buffer.from('Obj\x01 but not to be read')
    }))
    const entries = [others[0]!, packets[0]!, others[1]!, others[2]!, packets[1]!, others[3]!]
    const folder = header('folder.avro/', 0, '5')
    const link = header('link.avro', 0, '2')
    const tar = Buffer.concat([folder, link, tarOf(entries)])
    const { ranges, damage } = await read('mixed.tar', tar)
    expect([names(ranges), damage]).toEqual([['ztf0.avro', 'ztf1.avro'], null])
  })

  test.each<LongNames>(['pax', 'gnu'])('long names as %s writes them', async (kind) => {
    const entries = packets.map(({ bytes }, i) => ({ name: `${deep}-\u03b1-${i}.avro`, bytes }))
    const plain = { name: 'b.avro', bytes: packets[0]!.bytes }
    const parts = [...entries.map((entry) => tarEntry(entry, kind)), tarOf([plain])]
    const { ranges } = await read('long.tar', Buffer.concat(parts))
    expect(names(ranges)).toEqual([...entries.map((entry) => entry.name), 'b.avro'])
  })

  test('a size that only pax gives, and one in binary, are believed', async () => {
    const { bytes } = packets[0]!
    const pax = Buffer.from(paxRecord('size', String(bytes.length)))
    const padding = (size: number) => Buffer.alloc((512 - (size % 512)) % 512)
    const binary = header('binary.avro', 0, '0')
    binary.fill(0, 124, 136)
    binary[124] = 0x80
    binary.writeUInt32BE(bytes.length, 132)
    binary.write('        ', 148)
    const sum = binary.reduce((total, byte) => total + byte, 0)
    binary.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    const tar = Buffer.concat([
      header('x', pax.length, 'x'),
      pax,
      padding(pax.length),
      header('pax.avro', 0, '0'),
      bytes,
      padding(bytes.length),
      binary,
      bytes,
      padding(bytes.length),
      tarOf([packets[1]!])
    ])
    const { ranges, damage } = await read('sizes.tar', tar)
    expect([names(ranges), damage]).toEqual([['pax.avro', 'binary.avro', 'ztf1.avro'], null])
  })

  test.each([0, 1, 511, 512, 513, 1024])('a file of %i bytes is padded to 512', async (size) => {
    const odd = { name: 'odd.avro', bytes: Buffer.alloc(size, 7) }
    const { ranges } = await read('padded.tar', tarOf([odd, packets[0]!, odd, packets[1]!]))
    expect(names(ranges)).toEqual(['odd.avro', 'ztf0.avro', 'odd.avro', 'ztf1.avro'])
    expect(ranges[0]!.faults.size).toBe(2)
  })

  const versions = spawnSync('tar', ['--version'], { encoding: 'utf8' })
  const hasTar = versions.status === 0
  if (!hasTar) console.log('skipped: archives made with the tar of this machine, there is none')

  test.skipIf(!hasTar).each([
    ['--format=ustar', 'short/alert'],
    ['--format=pax', deep],
    ['--format=gnu', deep],
    ['--format=gnu', 'short/alert'],
    ['--format=v7', 'short/alert']
  ])('archives of tar %s', async (format, stem) => {
    const entries = packets.map(({ bytes }, i) => ({ name: `${stem}${i}.avro`, bytes }))
    const folder = folderOf(...entries)
    const archive = join(folder, 'all.tar.gz')
    const files = entries.map((entry) => entry.name)
    const made = spawnSync('tar', [format, '-czf', archive, '-C', folder, ...files])
    expect(String(made.stderr)).toBe('')
    const [source] = await openSources([archive])
    const { ranges, damage } = await readAll(source!)
    expect(damage).toBeNull()
    expect(packetsIn(ranges).map(({ name }) => name)).toEqual(files)
  })
})

function inMembers(tar: Buffer): Buffer {
  const half = tar.length >> 1
  return Buffer.concat([gzipSync(tar.subarray(0, half)), gzipSync(tar.subarray(half))])
}

describe('files and folders', () => {
  const [one, two, three] = syntheticZtf(3) as [Packet, Packet, Packet]
  const [lsst] = syntheticLsst(1) as [Packet]

  test('a file of many packets; a file of one', async () => {
    const schema = ztfSchema()
    const data = Array.from({ length: 5 }, (_, i) => encode(schema, ztfAlert(i)))
    const many = writeContainer(JSON.stringify(schema), data, 'null', 2)
    const { ranges } = await read('many.avro', many)
    expect(ranges[0]!.count).toBe(5)
    expect(contentOf(ranges[0]!).blocks.map(({ packets }) => packets)).toEqual([2, 2, 1])
    expect((await read('one.confluent', lsst.bytes)).ranges[0]!.count).toBe(1)
  })

  test('a folder is searched; each archive in it is a source of its own', async () => {
    const folder = folderOf(
      { name: 'b/two.avro', bytes: two.bytes },
      { name: 'a.avro', bytes: one.bytes },
      { name: 'b/c/lsst.confluent', bytes: lsst.bytes },
      { name: 'b/c/night.tar.gz', bytes: gzipSync(tarOf([three])) },
      { name: 'notes.txt', bytes: Buffer.from('no packet') },
      { name: '.part.avro', bytes: one.bytes }
    )
    const sources = await openSources([folder])
    const found = await Promise.all(sources.map((source) => readAll(source)))
    expect(found.map(({ ranges }) => names(ranges))).toEqual([
      ['ztf2.avro'],
      ['a.avro', 'b/c/lsst.confluent', 'b/two.avro']
    ])
  })

  test('positions of a folder stay when files are added', async () => {
    const kept = { book: emptyBook() }
    const folder = folderOf(
      { name: 'm.avro', bytes: one.bytes },
      { name: 'n.avro', bytes: two.bytes }
    )
    const [before] = await openSources([folder], kept)
    expect(names((await readAll(before!)).ranges)).toEqual(['m.avro', 'n.avro'])
    writeFileSync(join(folder, 'a.avro'), three.bytes)
    const [after] = await openSources([folder], kept)
    expect(after!.name).toBe(before!.name)
    const { ranges } = await readAll(after!, { done: [[0, 1]] })
    expect(ranges.map(({ first }) => first)).toEqual([2])
    expect(names(ranges)).toEqual(['a.avro'])
  })

  test.each([
    ['no such file', join(tmpdir(), 'siskin-nowhere'), /no such file or folder/],
    [
      'a file of another kind',
      join(folderOf({ name: 'a.txt', bytes: Buffer.of(1) }), 'a.txt'),
      /neither a folder nor/
    ],
    [
      'a folder of other files',
      folderOf({ name: 'README', bytes: Buffer.of(1) }),
      /holds no \.avro.*1 file skipped: README/
    ]
  ])('%s: wrong use', async (_what, path, message) => {
    await expect(openSources([path])).rejects.toThrow(message)
    await expect(openSources([path])).rejects.toMatchObject({ exitCode: 2 })
  })

  test('the same archive twice: wrong use', async () => {
    const path = join(folderOf({ name: 'a.tar', bytes: tarOf([one]) }), 'a.tar')
    await expect(openSources([path, path])).rejects.toThrow(/named twice/)
  })
})

describeReal('the real archive', () => {
  test('gives the 117 packets byte for byte', async () => {
    const [source] = await openSources([ZTF_SAMPLE])
    const { ranges, damage } = await readAll(source!, { cut: { packets: 50, bytes: 1e9 } })
    expect(damage).toBeNull()
    expect(ranges.map(({ first, count }) => [first, count])).toEqual([
      [0, 50],
      [50, 50],
      [100, 17]
    ])
    const real = realZtf()
    expect(names(ranges)).toEqual(real.map(({ name }) => name))
    packetsIn(ranges).forEach(({ bytes }, i) => {
      expect(Buffer.from(real[i]!.bytes).includes(Buffer.from(bytes, 'base64'))).toBe(true)
    })
  })
})
