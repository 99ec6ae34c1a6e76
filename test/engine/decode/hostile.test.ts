import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { inflate } from '../../../engine/avro/codecs.ts'
import { MAX_PACKET_BYTES } from '../../../engine/packets.ts'
import { PacketError } from '../../../engine/reasons.ts'
import { writeContainer } from '../../support/avro.ts'
import type { Datum } from '../../support/avro.ts'
import { cell, decode, onlyTable } from '../../support/packets.ts'
import type { Packet } from '../../support/packets.ts'
import { siskin, temporaryFolder } from '../../support/siskin.ts'
import { encode, ztfAlert, ztfSchema } from '../../support/synthetic.ts'

const TEXT = JSON.stringify(ztfSchema())
const MIB = 1024 * 1024
const datum = (index: number, over: Datum = {}) => encode(ztfSchema(), ztfAlert(index, over))
const file = (data: readonly Uint8Array[], codec: string, perBlock = data.length): Packet => ({
  name: `${codec}.avro`,
  bytes: writeContainer(TEXT, data, codec, perBlock)
})

const hasPython = spawnSync('python3', ['-c', 'import bz2, lzma']).status === 0
if (!hasPython) console.log('skipped: bzip2 and xz as Python writes them, no Python')

/** What Python's own libraries make of bytes. */
function compressed(module: 'bz2' | 'lzma', bytes: Uint8Array, how = ''): Uint8Array {
  const script = `import ${module}, sys; sys.stdout.buffer.write(${module}.compress(sys.stdin.buffer.read()${how}))`
  return execFileSync('python3', ['-c', script], { input: bytes, maxBuffer: 256 * MIB })
}

/** A snappy block that says it has `length` bytes, and is all copies of one. */
function snappyBomb(length: number): Uint8Array {
  const head: number[] = []
  for (let rest = length; ; rest = Math.floor(rest / 128)) {
    head.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) break
  }
  const copies = Buffer.alloc(3 * Math.ceil(length / 64), Buffer.of((63 << 2) | 2, 1, 0))
  return Buffer.concat([Buffer.from(head), Buffer.of(0, 0), copies, Buffer.alloc(4)])
}

describe('what inflates without end', () => {
  const large = Buffer.alloc(40 * MIB)
  const bombs: [string, () => Uint8Array][] = [
    ['deflate', () => deflateRawSync(large)],
    ['zstandard', () => zstdCompressSync(large)],
    ['snappy', () => snappyBomb(large.length)],
    ['snappy', () => snappyBomb(8 * MIB).subarray(0, 1000)]
  ]
  if (hasPython) {
    bombs.push(['bzip2', () => compressed('bz2', large)], ['xz', () => compressed('lzma', large)])
  }

  test.each(bombs)('%s: refused at the bound of one packet', (codec, bomb) => {
    const bytes = bomb()
    expect(() => inflate(codec, bytes, 1)).toThrow(PacketError)
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 3; i++) expect(() => inflate(codec, bytes, 1)).toThrow(/bytes|Buffer/)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * MAX_PACKET_BYTES)
  })

  test('quarantine keeps the block as it came, at most 8 MiB of it, with a note', async () => {
    const bomb = file([Buffer.alloc(100 * MIB)], 'deflate')
    const bulky = Buffer.alloc(11 * MIB)
    for (let i = 0; i < bulky.length; i++) bulky[i] = (i * 2654435761) >>> 24
    const broken = Buffer.concat([bulky, Buffer.alloc(10)])
    const result = await decode([bomb, file([broken], 'zstandard'), file([datum(1)], 'deflate')])
    const [first, second] = result.quarantined
    expect(Buffer.from(bomb.bytes).includes(Buffer.from(first!.bytes))).toBe(true)
    expect(first!.bytes.length).toBeGreaterThan(90_000)
    expect(second!.bytes.length).toBeLessThanOrEqual(8 * MIB)
    expect(onlyTable(result).rows).toBe(1)
    const plain = await decode([file([Buffer.alloc(9 * MIB, 0xff)], 'null')])
    expect(plain.quarantined[0]!.bytes.length).toBe(8 * MIB)
    const told = `the first ${8 * MIB} of ${9 * MIB} bytes are kept`
    expect(plain.quarantined[0]!.detail).toContain(told)
  })

  test('a damaged packet in a compressed block: what it and those behind it inflate to, and the schema', async () => {
    const bad = datum(1)
    bad.fill(0xff, 0, 3)
    const packet = file([datum(0), bad, datum(2)], 'deflate')
    const result = await decode([packet])
    expect(onlyTable(result).rows).toBe(1)
    expect(result.quarantined.map(({ reason }) => reason)).toEqual(['bad-length', 'after-damage'])
    expect(result.quarantined[0]!.detail).toContain('packet 2 of 3 in a deflate block')
    const { bytes, writer } = result.quarantined[0]!
    expect(Buffer.compare(bytes, Buffer.concat([bad, datum(2)]))).toBe(0)
    expect(writer?.codec).toBe('null')
    expect(JSON.parse(Buffer.from(writer!.schema).toString())).toEqual(ztfSchema())
  })

  test('a range that inflates to more than a member may hold is taken in by halves, all of it', async () => {
    const stampData = Buffer.alloc(7 * MIB)
    const fat = (i: number) => datum(i, { cutoutScience: { fileName: 'x', stampData } })
    const data = Array.from({ length: 40 }, (_, i) => fat(i))
    const night = file(data, 'zstandard', 1)
    await expect(decode([night])).rejects.toThrow('it is taken in by halves')
    const folder = temporaryFolder()
    const archive = join(folder, night.name)
    writeFileSync(archive, night.bytes)
    const { code, stdout } = await siskin([
      'run',
      archive,
      '--lake',
      join(folder, 'lake'),
      '--json'
    ])
    expect(JSON.parse(stdout)).toMatchObject({ received: 40, alerts: 40, quarantined: {} })
    expect(code).toBe(0)
  })
})

describe('tables grow with packets that decode', () => {
  test('a block that claims 90,000 packets does not make a table of so many rows', async () => {
    const block = Buffer.concat([datum(0), Buffer.alloc(100_000, 0xff)])
    const bytes = writeContainer(TEXT, [block], 'null')
    const head = bytes.length - 16 - block.length
    const claims = Buffer.concat([varint(90_000), varint(block.length)])
    const old = Buffer.concat([varint(1), varint(block.length)])
    const changed = Buffer.concat([
      bytes.subarray(0, head - old.length),
      claims,
      bytes.subarray(head)
    ])
    const result = await decode([{ name: 'claims.avro', bytes: changed }])
    const table = onlyTable(result)
    expect([table.rows, result.quarantined.length]).toEqual([1, 89_999])
    expect(table.capacity).toBeLessThan(2000)
  })

  test('more rows than a table began with: all of them, as if each were alone', async () => {
    const data = Array.from({ length: 2500 }, (_, i) => datum(i))
    const result = await decode([file(data, 'null')])
    const table = onlyTable(result)
    expect([table.rows, result.quarantined]).toEqual([2500, []])
    const { origins } = result.alerts[0]!
    for (const row of [0, 1023, 1024, 2047, 2048, 2499]) {
      const start = origins.start[row]!
      const bytes = origins.buffers[0]!.subarray(start, start + origins.length[row]!)
      expect(Buffer.compare(bytes, data[row]!)).toBe(0)
      expect(cell(table, 'object_id', row)).toBe(`ZTF19aaaa${String(row).padStart(3, '0')}`)
      expect(table.stamps.difference.length[row]).toBeGreaterThan(0)
      expect(table.history.offsets[row + 1]).toBe((row + 1) * 5)
    }
  })

  test('a list of more entries than any light curve: oversized', async () => {
    const [epoch] = ztfAlert()['prv_candidates'] as Datum[]
    const prv = Array.from({ length: 100_001 }, () => epoch!)
    const result = await decode([file([datum(0, { prv_candidates: prv })], 'null')])
    expect(result.quarantined[0]?.reason).toBe('oversized')
  })
})

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value * 2; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 128)
  }
}

describe('schemas without bound', () => {
  const withField = (type: unknown): string => {
    const schema = ztfSchema()
    schema.fields.push({ name: 'extra', type })
    return JSON.stringify(schema)
  }
  const record = (name: string, ...types: unknown[]) => ({
    type: 'record',
    name,
    fields: types.map((type, i) => ({ name: `f${i}`, type }))
  })
  let doubled: unknown = record('d0', 'int', 'int')
  for (let i = 1; i < 40; i++) doubled = record(`d${i}`, doubled, `d${i - 1}`)
  const deep = `${'{"type":"array","items":'.repeat(5000)}"int"${'}'.repeat(5000)}`
  const branches = Array.from({ length: 20_000 }, (_, i) => record(`b${i}`, 'int', 'long'))

  test.each([
    ['a record that holds itself', record('loop', 'loop')],
    ['two that hold each other', record('one', record('two', 'one'))],
    ['doubling at every level', doubled],
    ['arrays in arrays, 5,000 deep', 'deep'],
    ['a union of 20,000 records', branches],
    ['a name defined in two ways', [record('twice', 'int'), record('twice', 'long')]],
    [
      'two fields of one name',
      { ...record('r', 'int'), fields: [0, 1].map(() => ({ name: 'a', type: 'int' })) }
    ]
  ])('%s: unreadable-schema', async (_what, type) => {
    const text = withField(type).replace('"type":"deep"', `"type":${deep}`)
    const bytes = writeContainer(text, [datum(0)])
    const result = await decode([{ name: 'bad', bytes }, file([datum(1)], 'null')])
    expect(result.quarantined.map(({ reason }) => reason)).toEqual(['unreadable-schema'])
    expect(onlyTable(result).rows).toBe(1)
  })

  test('doubling that costs nothing is read, and so are 100 branches', async () => {
    let empty: unknown = record('e0')
    for (let i = 1; i < 40; i++) empty = record(`e${i}`, empty, `e${i - 1}`)
    const many = Array.from({ length: 100 }, (_, i) => record(`m${i}`, 'int'))
    for (const [type, tail] of [
      [empty, Buffer.alloc(0)],
      [many, Buffer.from([0xc6, 0x01, 0x02])] // branch 99, then 1
    ] as const) {
      const bytes = writeContainer(withField(type), [Buffer.concat([datum(0), tail])])
      expect(onlyTable(await decode([{ name: 'good', bytes }])).rows).toBe(1)
    }
  })

  test('records inside each other: a thousand are read, a million are oversized', async () => {
    const chain = withField(record('node', ['null', 'node']))
    const result = await decode(
      [1000, 1_000_000].map((deep) => ({
        name: `${deep}`,
        bytes: writeContainer(chain, [
          Buffer.concat([datum(deep % 999), Buffer.alloc(deep, 2), Buffer.of(0)])
        ])
      }))
    )
    expect(onlyTable(result).rows).toBe(1)
    expect(result.quarantined.map(({ reason }) => reason)).toEqual(['oversized'])
  })
})

describe.skipIf(!hasPython)('bzip2 and xz as Python writes them', () => {
  const samples = [
    Buffer.alloc(0),
    Buffer.from('a'),
    Buffer.alloc(2_500_000, 'abc'),
    Buffer.concat(Array.from({ length: 40 }, (_, i) => datum(i)))
  ]

  test.each([
    ['bzip2', 'bz2', ''],
    ['bzip2', 'bz2', ', 1'],
    ['xz', 'lzma', ''],
    ['xz', 'lzma', ', check=lzma.CHECK_SHA256, preset=1'],
    ['xz', 'lzma', ', check=lzma.CHECK_CRC32, preset=9'],
    ['xz', 'lzma', ', filters=[dict(id=lzma.FILTER_LZMA2, lc=1, lp=2, pb=1)]']
  ] as const)('%s%s', (codec, module, how) => {
    for (const bytes of samples) {
      const packed = compressed(module, bytes, how.replace(/^, (\d)$/, ', compresslevel=$1'))
      expect(Buffer.compare(inflate(codec, packed, 8), bytes)).toBe(0)
    }
    const packed = compressed(module, samples[3]!)
    for (let at = 0; at < packed.length; at += Math.ceil(packed.length / 15)) {
      const changed = Uint8Array.from(packed)
      changed[at] = changed[at]! ^ 0x10
      expect(damagedOr(samples[3]!, () => inflate(codec, changed, 8))).toBe(true)
      expect(() => inflate(codec, packed.subarray(0, at), 8)).toThrow(PacketError)
    }
  })

  /** A bit that decides nothing may be changed unseen: what comes out must be right, or damage. */
  function damagedOr(right: Uint8Array, work: () => Uint8Array): boolean {
    try {
      return Buffer.compare(work(), right) === 0
    } catch (error) {
      return error instanceof PacketError
    }
  }
})
