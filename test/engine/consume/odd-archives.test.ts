import { spawnSync } from 'node:child_process'
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { Notes } from '../../../engine/consume/notes.ts'
import { openSources } from '../../../engine/consume/open.ts'
import { header, packetsIn, paxRecord, readAll, tarEntry, tarOf } from '../../support/archives.ts'
import { writeContainer } from '../../support/avro.ts'
import { syntheticLsst, syntheticZtf } from '../../support/packets.ts'
import type { Packet } from '../../support/packets.ts'
import { random } from '../../support/random.ts'
import { temporaryFolder } from '../../support/siskin.ts'
import { encode, ztfAlert, ztfSchema } from '../../support/synthetic.ts'

const MIB = 1024 * 1024
const folder = temporaryFolder()
let made = 0

async function readPath(path: string, cut = { packets: 1000, bytes: 8 * MIB }) {
  const said: string[] = []
  const notes = new Notes((text) => said.push(text))
  const [source] = await openSources([path], { notes })
  const { ranges, damage } = await readAll(source!, { cut })
  return {
    ranges,
    damage,
    names: packetsIn(ranges).map(({ name }) => name),
    faults: ranges.flatMap((range) => [...range.faults.values()]),
    said: said.join('\n'),
    skipped: notes.skippedText
  }
}

function read(name: string, bytes: Uint8Array, cut?: { packets: number; bytes: number }) {
  const path = join(folder, `${made++}-${name}`)
  writeFileSync(path, bytes)
  return readPath(path, cut)
}

const packets = [...syntheticZtf(3), ...syntheticLsst(2)]
const packetNames = packets.map(({ name }) => name)
const [one, two, three] = packets as [Packet, Packet, Packet]
const block = (bytes: Uint8Array) =>
  Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)])

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
    const told = Number(/: (\d+) bytes behind the compressed data/.exec(said)?.[1])
    expect(Math.abs(told - length)).toBeLessThanOrEqual(2)
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
    expect(said).toContain(`${garbage.length} bytes behind the end mark are no packets`)
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

describe('gzipped packets', () => {
  const zip = ({ name, bytes }: Packet) => ({ name: `${name}.gz`, bytes: gzipSync(bytes) })

  test('in an archive, between others, in order', async () => {
    const entries = [one, zip(two), zip(packets[3]!), three, zip(packets[4]!)]
    for (const name of ['a.tar', 'a.tar.gz']) {
      const tar = tarOf(entries)
      const { names, damage, ranges } = await read(name, name === 'a.tar' ? tar : gzipSync(tar))
      expect([names, damage]).toEqual([entries.map((entry) => entry.name), null])
      const plain = await read('b.tar', tarOf([one, two, packets[3]!, three, packets[4]!]))
      expect(packetsIn(ranges).map(({ bytes }) => bytes)).toEqual(
        packetsIn(plain.ranges).map(({ bytes }) => bytes)
      )
    }
  })

  test('as files, told by their bytes and not by their names', async () => {
    const path = join(folder, 'loose')
    mkdirSync(path)
    writeFileSync(join(path, 'a.avro.gz'), gzipSync(one.bytes))
    writeFileSync(join(path, 'b.confluent.gz'), gzipSync(packets[3]!.bytes))
    writeFileSync(join(path, 'c.avro'), gzipSync(two.bytes))
    writeFileSync(join(path, 'd.avro.gz'), three.bytes)
    const { names, faults } = await readPath(path)
    expect(names).toEqual(['a.avro.gz', 'b.confluent.gz', 'c.avro', 'd.avro.gz'])
    expect(faults).toEqual([])
    expect((await readPath(join(path, 'a.avro.gz'))).ranges[0]!.count).toBe(1)
  })

  test('a container of thousands, cut as it would be unpacked', async () => {
    const schema = ztfSchema()
    const rng = random(8)
    const data = Array.from({ length: 9000 }, (_, i) =>
      Buffer.concat([encode(schema, ztfAlert(i)), Buffer.from([rng() * 256])])
    )
    const bytes = writeContainer(JSON.stringify(schema), data, 'null', 3)
    expect(bytes.length).toBeGreaterThan(9 * MIB)
    const cut = { packets: 700, bytes: 1e9 }
    const plain = await read('many.avro', bytes, cut)
    const packed = await read('many.avro.gz', gzipSync(bytes), cut)
    const inside = await read(
      'many.tar',
      tarOf([{ name: 'm.avro.gz', bytes: gzipSync(bytes) }, one]),
      cut
    )
    const counts = plain.ranges.map(({ count }) => count)
    expect(packed.ranges.map(({ count }) => count)).toEqual(counts)
    expect(inside.ranges.slice(0, counts.length - 1).map(({ count }) => count)).toEqual(
      counts.slice(0, -1)
    )
    expect(inside.names.at(-1)).toBe(one.name)
    expect([...plain.faults, ...packed.faults, ...inside.faults]).toEqual([])
  })

  test.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 12)],
    [
      'with wrong bytes',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 300), bytes.subarray(301)])
    ],
    [
      'with a wrong checksum',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -8), Buffer.alloc(8)])
    ],
    ['of two bytes', (bytes: Buffer) => bytes.subarray(0, 2)]
  ])('one %s is damaged, and those behind it come', async (_what, change) => {
    const bad = { name: 'bad.avro.gz', bytes: change(gzipSync(one.bytes)) }
    const inTar = await read('a.tar', tarOf([two, bad, three]))
    expect(inTar.damage).toBeNull()
    expect(inTar.faults).toMatchObject([{ reason: 'bad-codec', detail: /^gzip: / }])
    expect([inTar.names[0], inTar.names.at(-1)]).toEqual([two.name, three.name])
    const alone = await read('bad.avro.gz', bad.bytes)
    expect(alone.faults).toMatchObject([{ reason: 'bad-codec', detail: /^gzip: / }])
  })

  test('bytes behind one are said', async () => {
    const bytes = Buffer.concat([gzipSync(one.bytes), Buffer.from('more')])
    const { names, faults, said } = await read('a.tar', tarOf([{ name: 'a.avro.gz', bytes }, two]))
    expect([names, faults]).toEqual([['a.avro.gz', two.name], []])
    expect(said).toContain('a.avro.gz: bytes behind the compressed data are no packets')
  })

  test('an archive that breaks inside one is damage of the archive', async () => {
    const tar = tarOf([one, zip(two), three])
    const end = tar.indexOf(three.name)
    const { names, damage } = await read('a.tar', tar.subarray(0, end - 600))
    expect(names).toEqual([one.name])
    expect(damage?.fileOffset).toBeLessThanOrEqual(end - 600)
    expect(damage?.message).toContain(`the archive ends inside ${two.name}.gz`)
  })

  test('damage behind one is placed where it is', async () => {
    const tar = tarOf([zip(one), zip(two), three])
    const at = tar.indexOf(three.name)
    tar[at] = 0x7a ^ 1
    expect((await read('a.tar', tar)).damage?.fileOffset).toBe(at)
  })
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
    const own = join(folder, `sparse${made++}`)
    mkdirSync(own)
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
