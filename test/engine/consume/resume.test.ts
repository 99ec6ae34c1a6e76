import { closeSync, mkdtempSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { emptyBook } from '../../../engine/consume/book.ts'
import { openSources } from '../../../engine/consume/open.ts'
import type { Source } from '../../../engine/consume/source.ts'
import { contentOf, header, readAll, tarEntry, tarOf } from '../../support/archives.ts'
import { writeContainer } from '../../support/avro.ts'
import { decode, onlyTable, syntheticLsst, syntheticZtf } from '../../support/packets.ts'
import type { Packet } from '../../support/packets.ts'
import { encode, ztfAlert, ztfSchema } from '../../support/synthetic.ts'

const MIB = 1024 * 1024

async function sourceOf(name: string, bytes: Uint8Array, book = emptyBook()): Promise<Source> {
  const path = join(mkdtempSync(join(tmpdir(), 'siskin-resume-')), name)
  writeFileSync(path, bytes)
  const [source] = await openSources([path], { book })
  return source!
}

function container(count: number, perBlock: number): Buffer {
  const schema = ztfSchema()
  const alert = encode(schema, ztfAlert())
  const data = Array.from({ length: count }, () => alert)
  return writeContainer(JSON.stringify(schema), data, 'null', perBlock)
}

describe('cuts', () => {
  test('come after so many packets, or so many bytes, whichever is first; every time the same', async () => {
    const packets = [...syntheticZtf(20), ...syntheticLsst(15)]
    const source = await sourceOf('a.tar.gz', gzipSync(tarOf(packets)))
    const cut = { packets: 8, bytes: 36_000 }
    const first = await readAll(source, { cut })
    const second = await readAll(source, { cut })
    expect(first.ranges.map(contentOf)).toEqual(second.ranges.map(contentOf))
    const counts = first.ranges.map(({ count }) => count)
    expect(counts.reduce((sum, count) => sum + count)).toBe(35)
    expect(Math.max(...counts)).toBeLessThanOrEqual(8)
    // ZTF packets bring their schema with them: the bytes are full first; LSST packets are small.
    expect(counts.slice(0, 4)).toEqual([4, 4, 4, 4])
    expect(counts.at(-2)).toBe(8)
  })

  test('fall between the blocks of a container of thousands', async () => {
    const source = await sourceOf('many.avro', container(5000, 7))
    const { ranges } = await readAll(source, { cut: { packets: 1000, bytes: 1e7 } })
    expect(ranges.map(({ first, count }) => [first, count])).toEqual([
      [0, 1001],
      [1001, 1001],
      [2002, 1001],
      [3003, 1001],
      [4004, 996]
    ])
    expect(new Set(ranges.map((range) => range.names.join())).size).toBe(1)
    expect(ranges.every((range) => range.headers.length === 1)).toBe(true)
  })

  test('and a container larger than the buffer is read through', async () => {
    const whole = container(4000, 1)
    const source = await sourceOf('many.avro', whole)
    expect(whole.length).toBeGreaterThan(4 * MIB)
    const { ranges } = await readAll(source, { cut: { packets: 100_000, bytes: 64 * 1024 } })
    expect(ranges.length).toBeGreaterThan(10)
    const { alerts, quarantined } = await decode([{ name: 'a', bytes: whole }])
    expect([alerts[0]!.table.rows, quarantined]).toEqual([4000, []])
    expect(ranges.reduce((sum, { count }) => sum + count, 0)).toBe(4000)
  })
})

describe('going on where it stopped', () => {
  const archive = gzipSync(tarOf([...syntheticZtf(17), ...syntheticLsst(7)]))
  const cases: [string, string, Uint8Array, { packets: number; bytes: number }][] = [
    ['an archive, cut by packets', 'a.tar.gz', archive, { packets: 4, bytes: 1e7 }],
    ['an archive, cut by bytes', 'a.tar.gz', archive, { packets: 100, bytes: 20_000 }],
    ['a container', 'a.avro', container(48, 2), { packets: 4, bytes: 1e7 }]
  ]

  test.each(cases)(
    '%s: whatever is in the lake, the rest comes as it would have',
    async (_what, name, bytes, cut) => {
      const source = await sourceOf(name, bytes)
      const whole = (await readAll(source, { cut })).ranges
      const contents = whole.map(contentOf)
      expect(whole.length).toBeGreaterThanOrEqual(6)
      const subsets = 2 ** whole.length
      for (let set = 0; set < subsets; set += Math.ceil(subsets / 40)) {
        const isDone = (i: number) => ((set >> i) & 1) === 1
        const done: [number, number][] = []
        whole.forEach(({ first, count }, i) => {
          const before = done.at(-1)
          if (!isDone(i)) return
          if (before && before[1] === first - 1) before[1] = first + count - 1
          else done.push([first, first + count - 1])
        })
        const { ranges } = await readAll(source, { cut, done })
        expect(ranges.map(contentOf)).toEqual(contents.filter((_, i) => !isDone(i)))
      }
    }
  )

  test('a half of a range that was split is read over, the other comes', async () => {
    const source = await sourceOf('a.tar', tarOf(syntheticZtf(12)))
    const cut = { packets: 6, bytes: 1e7 }
    const { ranges } = await readAll(source, { cut, done: [[3, 5]] })
    expect(ranges.map(({ first, count }) => [first, count])).toEqual([
      [0, 3],
      [6, 6]
    ])
  })

  test('everything done: nothing comes', async () => {
    const source = await sourceOf('a.tar', tarOf(syntheticZtf(12)))
    expect((await readAll(source, { done: [[0, 11]] })).ranges).toEqual([])
  })

  test('an archive whose download broke off is known again when it is complete', async () => {
    const bytes = gzipSync(tarOf(syntheticZtf(40)), { level: 0 })
    const book = emptyBook()
    const half = await sourceOf('night.tar.gz', bytes.subarray(0, bytes.length >> 1), book)
    const whole = await sourceOf('night.tar.gz', bytes, book)
    expect(whole.name).toBe(half.name)
  })
})

describe('memory', () => {
  /** A gzip file of many members, each inflating to the same; nothing of it is ever whole in memory. */
  function largeArchive(): { path: string; packets: number } {
    const path = join(mkdtempSync(join(tmpdir(), 'siskin-large-')), 'large.tar.gz')
    const [packet] = syntheticZtf(1) as [Packet]
    const filler = Buffer.alloc(60_000, 1)
    const group = Array.from({ length: 300 }, (_, i) =>
      tarEntry({ name: `${i}.avro`, bytes: i % 3 === 0 ? filler : packet.bytes })
    )
    const packed = gzipSync(Buffer.concat(group), { level: 1 })
    const junk = tarEntry({ name: 'image.fits', bytes: Buffer.alloc(128 * MIB) })
    const file = openSync(path, 'w')
    for (let i = 0; i < 200; i++) {
      writeSync(file, packed)
      if (i === 50) writeSync(file, gzipSync(junk, { level: 1 }))
    }
    writeSync(file, gzipSync(Buffer.alloc(1024)))
    closeSync(file)
    return { path, packets: 60_000 }
  }

  test('an archive of two gigabytes goes through a few buffers', async () => {
    const { path, packets } = largeArchive()
    expect(statSync(path).size).toBeLessThan(100 * MIB)
    const [source] = await openSources([path])
    const cut = { packets: 400, bytes: 16 * MIB }
    const pool: ArrayBuffer[] = []
    const allocate = (size: number) => {
      const free = pool.findIndex((buffer) => buffer.byteLength >= size)
      return free < 0 ? new ArrayBuffer(size) : pool.splice(free, 1)[0]!
    }
    let count = 0
    let bytes = 0
    let peak = 0
    for await (const range of source!.ranges({ done: [], cut, allocate, onRead: () => {} })) {
      count += range.count
      bytes = Math.max(bytes, range.bytes.byteLength)
      peak = Math.max(peak, process.memoryUsage().arrayBuffers)
      pool.push(range.bytes as ArrayBuffer)
    }
    expect(count).toBe(packets)
    expect(bytes).toBeLessThan(32 * MIB)
    expect(peak).toBeLessThan(900 * MIB)
  })

  test('a file of packets that is far too large is stepped over, not kept', async () => {
    const zeros = gzipSync(Buffer.alloc(64 * MIB), { level: 1 })
    const size = 20 * 64 * MIB
    const [one, two] = syntheticZtf(2) as [Packet, Packet]
    const archive = Buffer.concat([
      gzipSync(Buffer.concat([tarEntry(one), header('huge.avro', size, '0')])),
      ...Array.from({ length: 20 }, () => zeros),
      gzipSync(tarOf([two]))
    ])
    const source = await sourceOf('huge.tar.gz', archive)
    const { ranges } = await readAll(source)
    expect(ranges).toHaveLength(1)
    expect(ranges[0]!.count).toBe(3)
    expect([...ranges[0]!.faults.values()]).toMatchObject([{ reason: 'oversized', length: size }])
    expect(ranges[0]!.bytes.byteLength).toBeLessThan(32 * MIB)
  })

  test('a header that never ends is not taken in whole', async () => {
    // A map of 2^40 entries, each of an empty key and an empty value.
    const start = Buffer.concat([
      Buffer.from('Obj\x01', 'latin1'),
      Buffer.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x40)
    ])
    const endless = { name: 'endless.avro', bytes: Buffer.concat([start, Buffer.alloc(40 * MIB)]) }
    const [good] = syntheticZtf(1) as [Packet]
    const source = await sourceOf('endless.tar', tarOf([endless, good]))
    const { ranges } = await readAll(source)
    expect([...ranges[0]!.faults.values()]).toMatchObject([{ reason: 'bad-container' }])
    expect(ranges[0]!.count).toBe(2)
  })

  test('a block that claims more packets than can be is damaged', async () => {
    const data = Buffer.alloc(200_000)
    const schema = JSON.stringify(ztfSchema())
    const claims = writeContainer(
      schema,
      Array.from({ length: 150_000 }, () => data.subarray(0, 1))
    )
    const { quarantined } = await decode([{ name: 'a.avro', bytes: claims }])
    expect(quarantined.map(({ reason }) => reason)).toEqual(['bad-container'])
    expect(onlyTable(await decode(syntheticZtf(1))).rows).toBe(1)
  })
})
