import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { packetsIn, tarOf } from '../../support/archives.ts'
import { writeContainer } from '../../support/avro.ts'
import { syntheticLsst, syntheticZtf } from '../../support/packets.ts'
import type { Packet } from '../../support/packets.ts'
import { random } from '../../support/random.ts'
import { encode, ztfAlert, ztfSchema } from '../../support/synthetic.ts'
import { MIB, read, readPath, root } from './support.ts'

const packets = [...syntheticZtf(3), ...syntheticLsst(2)]
const [one, two, three] = packets as [Packet, Packet, Packet]

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
    const path = join(root, 'loose')
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
    expect(said).toContain('a.avro.gz: bytes behind the compressed data hold no packet')
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
