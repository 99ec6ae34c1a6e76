import { spawnSync } from 'node:child_process'
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { header, packetsIn, paxRecord, tarEntry, tarOf } from '../../support/archives.ts'
import type { LongNames } from '../../support/archives.ts'
import { writeContainer } from '../../support/avro.ts'
import { syntheticLsst, syntheticZtf } from '../../support/packets.ts'
import type { Packet } from '../../support/packets.ts'
import { ztfSchema } from '../../support/synthetic.ts'
import { alerts, MIB, place, read, readPath } from './support.ts'

const packets = [...syntheticZtf(3), ...syntheticLsst(2)]
const packetNames = packets.map(({ name }) => name)
const [one, two, three] = packets as [Packet, Packet, Packet]
const block = (bytes: Uint8Array) =>
  Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)])

describe('containers one behind the other in one file', () => {
  const schema = ztfSchema()
  const empty = writeContainer(JSON.stringify(schema), [], 'null', 1)
  const cases = [
    [alerts(0, 3), alerts(3, 5)],
    [alerts(0, 3, 'deflate'), empty, alerts(3, 4, 'snappy'), alerts(4, 5)],
    [empty, alerts(0, 5), empty]
  ].map((parts) => Buffer.concat(parts))
  const small = { packets: 2, bytes: 8 * MIB }

  test.each(cases.entries().toArray())('all of them come (%i)', async (_, bytes) => {
    for (const [name, file] of [
      ['c.avro', bytes],
      ['c.avro.gz', gzipSync(bytes)],
      ['c.tar', tarOf([{ name: 'c.avro', bytes }, one])],
      ['c.tar.gz', gzipSync(tarOf([{ name: 'c.avro', bytes: gzipSync(bytes) }, one]))]
    ] as const) {
      const { ranges, faults, damage } = await read(name, file, small)
      expect([faults, damage], name).toEqual([[], null])
      const count = ranges.reduce((sum, range) => sum + range.count, 0)
      expect(count, name).toBe(name.includes('tar') ? 6 : 5)
    }
  })

  test.each([
    ['zeros', Buffer.alloc(512), 'bad-container'],
    ['a line', Buffer.from('\n'), 'truncated'],
    ['a packet of another form', packets[3]!.bytes, 'bad-container'],
    ['half a head', alerts(0, 1).subarray(0, 20), 'truncated'],
    ['the begin of a mark', Buffer.from('Obj'), 'bad-container']
  ])('%s behind the last is counted, once', async (_, behind, reason) => {
    const bytes = Buffer.concat([alerts(0, 3), alerts(3, 5), behind])
    for (const name of ['c.avro', 'c.avro.gz']) {
      const { ranges, faults } = await read(name, name.endsWith('gz') ? gzipSync(bytes) : bytes)
      expect(ranges.reduce((sum, range) => sum + range.count, 0)).toBe(6)
      expect(faults).toMatchObject([{ reason }])
    }
  })
})

describe('bytes behind a gzip stream', () => {
  const packed = gzipSync(tarOf(packets))
  const garbage = Buffer.from('this is no gzip member, '.repeat(40))

  test.each([
    ['one zero', Buffer.alloc(1), 1],
    ['zeros', Buffer.alloc(1024), 1024],
    ['zeros of more than a chunk', Buffer.alloc(3 * MIB), 3 * MIB],
    ['garbage', garbage, garbage.length],
    ['a letter', Buffer.from('x'), 1],
    ['zeros and garbage', Buffer.concat([Buffer.alloc(700), garbage]), 700 + garbage.length],
    ['a member that is none', Buffer.from('1f8b0900ffff', 'hex'), 6]
  ])('%s: all packets come, and it is said', async (_what, behind, length) => {
    const { names, damage, said } = await read('a.tar.gz', Buffer.concat([packed, behind]))
    expect(names).toEqual(packetNames)
    expect(damage).toBeNull()
    const told = Number(/: (\d+) bytes? behind the compressed data/.exec(said)?.[1])
    // zlib takes up to three bytes of a header before it sees that it is none.
    expect(length - told).toBeLessThanOrEqual(3)
    expect(told).toBeLessThanOrEqual(length)
  })

  test.each([0, 1, 512, 100_000, 2 * MIB])('a member behind %i zeros goes on', async (zeros) => {
    const tar = tarOf(packets)
    const half = tar.length >> 1
    const parts = [
      gzipSync(tar.subarray(0, half)),
      Buffer.alloc(zeros),
      gzipSync(tar.subarray(half))
    ]
    const { names, damage, said } = await read('a.tar.gz', Buffer.concat(parts))
    expect([names, damage, said]).toEqual([packetNames, null, ''])
  })

  test('a second archive behind the first, packed or not: its packets come too', async () => {
    const rest = [{ name: 'late.avro', bytes: one.bytes }]
    const both = await read('a.tar.gz', Buffer.concat([packed, gzipSync(tarOf(rest))]))
    expect([both.names, both.damage]).toEqual([[...packetNames, 'late.avro'], null])
    const plain = await read(
      'a.tar',
      Buffer.concat([tarOf(packets), Buffer.alloc(8192), tarOf(rest)])
    )
    expect([plain.names, plain.damage]).toEqual([[...packetNames, 'late.avro'], null])
  })

  test('garbage behind the end mark of a tar is said', async () => {
    const { names, damage, said } = await read('a.tar', Buffer.concat([tarOf(packets), garbage]))
    expect([names, damage]).toEqual([packetNames, null])
    expect(said).toContain(`${garbage.length} bytes behind the end mark hold no packet`)
  })
})

describe('pax headers', () => {
  function withPax(records: string, entry: Packet): Buffer {
    const pax = Buffer.from(records)
    return Buffer.concat([header('PaxHeaders/x', pax.length, 'x'), block(pax), tarEntry(entry)])
  }

  test.each([
    ['comment', 'line\n17 path=wrong.avro\n20 size=99999999999\nend'],
    ['SCHILY.xattr.user.note', '\n\n\n=\n'],
    ['comment', `12 size=5\n${'x'.repeat(5000)}`]
  ])('%s with newlines in its value is one attribute', async (key, value) => {
    const records = paxRecord(key, value) + paxRecord('path', 'right.avro')
    const { names, damage } = await read(
      'a.tar',
      Buffer.concat([withPax(records, one), tarOf([two])])
    )
    expect([names, damage]).toEqual([['right.avro', two.name], null])
  })

  test('a global header and volume labels are no files; the last of two values counts', async () => {
    const global = Buffer.from(paxRecord('comment', 'a git archive') + paxRecord('path', 'no.avro'))
    const records = paxRecord('path', 'first.avro') + paxRecord('path', 'last.avro')
    const tar = Buffer.concat([
      header('label', 0, 'V'),
      header('pax_global_header', global.length, 'g'),
      block(global),
      withPax(records, one),
      tarOf([two])
    ])
    const { names, skipped } = await read('a.tar', tar)
    expect([names, skipped]).toEqual([['last.avro', two.name], null])
  })

  test.each(['9999 path=a\n', 'x path=a\n', '12 pathless\n\n', '5 a=b'])(
    'the record %j is damage',
    async (record) => {
      const { damage } = await read('a.tar', Buffer.concat([withPax(record, one), tarOf([two])]))
      expect(damage?.message).toContain('a pax header with a record of another length')
    }
  )
})

describe('what is no plain file', () => {
  test('links and others are counted and said, folders are not', async () => {
    const link = header('again.avro', 0, '1')
    link.write('ztf0.avro', 157)
    const tar = Buffer.concat([
      header('folder/', 0, '5'),
      tarEntry(one),
      summed(link),
      header('symbolic.avro', 0, '2'),
      header('pipe.avro', 0, '6'),
      tarEntry({ name: 'README', bytes: Buffer.alloc(700) }),
      tarOf([two])
    ])
    const { names, damage, skipped } = await read('a.tar', tar)
    expect([names, damage]).toEqual([[one.name, two.name], null])
    expect(skipped).toMatch(/^4 files skipped: again\.avro \(link to ztf0\.avro\); symbolic\.avro/)
    expect(skipped).toContain('README (no packet files)')
  })

  test.each<LongNames>(['pax', 'gnu'])(
    'a long name of a folder, as %s writes it, is not that of the next file',
    async (kind) => {
      const folder = tarEntry({ name: 'long/'.repeat(40), bytes: Buffer.alloc(0) }, kind)
      folder.write('5', folder.length - 512 + 156)
      summed(folder.subarray(-512))
      const tar = Buffer.concat([tarEntry(one), folder, tarOf([two, three])])
      const { names, damage, skipped } = await read('a.tar', tar)
      expect([names, damage, skipped]).toEqual([[one.name, two.name, three.name], null, null])
    }
  )

  test.each([
    ['a folder', '5'],
    ['a character device', '3'],
    ['a block device', '4'],
    ['a pipe', '6']
  ])('the size of %s is none of the archive', async (_what, type) => {
    const odd = header('odd/', 4096, type)
    const tar = Buffer.concat([tarEntry(one), odd, tarEntry(two), odd, tarOf([three])])
    const { names, damage } = await read('a.tar', tar)
    expect([names, damage]).toEqual([[one.name, two.name, three.name], null])
  })

  test('a hard link that tells the size of its target, and one that has its content', async () => {
    const told = summed(header('told.avro', one.bytes.length, '1'))
    const has = Buffer.concat([summed(header('has.avro', two.bytes.length, '1')), block(two.bytes)])
    const { names, damage } = await read(
      'a.tar',
      Buffer.concat([tarEntry(one), told, has, tarOf([three])])
    )
    expect([names, damage]).toEqual([[one.name, 'has.avro', three.name], null])
  })

  test('a name in which bytes above 127 were summed as negative ones', async () => {
    const entry = tarEntry({ name: '\u00e9\u00e9.avro', bytes: one.bytes })
    const sum = entry.subarray(0, 512).reduce((all, byte, i) => {
      if (i >= 148 && i < 156) return all + 32
      return all + (byte > 127 ? byte - 256 : byte)
    }, 0)
    entry.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    const { names, damage } = await read('a.tar', Buffer.concat([entry, tarOf([two])]))
    expect([names, damage]).toEqual([['\u00e9\u00e9.avro', two.name], null])
  })

  const hasTar =
    spawnSync('tar', ['--version'], { encoding: 'utf8' }).stdout?.includes('GNU') ?? false
  if (!hasTar) console.log('skipped: sparse files, there is no GNU tar on this machine')

  test.skipIf(!hasTar).each([
    ['gnu', []],
    ['posix', ['--sparse-version=0.0']],
    ['posix', ['--sparse-version=0.1']],
    ['posix', ['--sparse-version=1.0']]
  ])('sparse files as tar --format=%s %j writes them', async (format, flags) => {
    const own = place('sparse')
    mkdirSync(own, { recursive: true })
    const datum = Buffer.alloc(3 * MIB)
    for (let i = 0; i < 30; i++) datum.fill(i + 1, i * 100_000, i * 100_000 + 5000)
    const bytes = writeContainer(JSON.stringify(ztfSchema()), [datum])
    sparseFile(join(own, 'a.avro'), bytes)
    writeFileSync(join(own, 'b.avro'), one.bytes)
    const archive = join(own, 'a.tar')
    const made_ = spawnSync('tar', [
      '-S',
      `--format=${format}`,
      ...flags,
      '-cf',
      archive,
      '-C',
      own,
      'a.avro',
      'b.avro'
    ])
    expect(String(made_.stderr)).toBe('')
    const { names, damage, skipped, ranges, faults } = await readPath(archive)
    expect([names, damage, skipped, faults]).toEqual([['a.avro', 'b.avro'], null, null, []])
    const [content] = packetsIn(ranges)
    expect(Buffer.from(content!.bytes, 'base64').equals(datum)).toBe(true)
  })
})

/** A header whose checksum is right again. */
function summed(head: Buffer): Buffer {
  head.write('        ', 148)
  const sum = head.reduce((total, byte) => total + byte, 0)
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return head
}

/** Pages of zeros are left out, as a file system with holes has them. */
function sparseFile(path: string, bytes: Buffer): void {
  const file = openSync(path, 'w')
  ftruncateSync(file, bytes.length)
  for (let at = 0; at < bytes.length; at += 4096) {
    const page = bytes.subarray(at, at + 4096)
    if (page.some((byte) => byte !== 0)) writeSync(file, page, 0, page.length, at)
  }
  closeSync(file)
}
