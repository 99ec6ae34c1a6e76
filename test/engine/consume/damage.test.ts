import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { openSources } from '../../../engine/consume/open.ts'
import { contentOf, packetsIn, readAll, tarOf } from '../../support/archives.ts'
import { hasReal, syntheticLsst, syntheticZtf, ZTF_SAMPLE } from '../../support/packets.ts'
import { random } from '../../support/random.ts'

const folder = mkdtempSync(join(tmpdir(), 'siskin-damage-'))
let made = 0

async function read(name: string, bytes: Uint8Array, cut = { packets: 10, bytes: 1e8 }) {
  const path = join(folder, `${made++}-${name}`)
  writeFileSync(path, bytes)
  const [source] = await openSources([path])
  return readAll(source!, { cut })
}

/** A real archive where there is one: damage behaves as the compressed data are. */
const archive = hasReal
  ? readFileSync(ZTF_SAMPLE)
  : gzipSync(tarOf([...syntheticZtf(60), ...syntheticLsst(57)]))
const tar = gunzipSync(archive)

describe('an archive cut short', () => {
  const places = Array.from({ length: 6 }, (_, i) => Math.floor((archive.length * (i + 0.5)) / 6))

  test.each([...places, 3, 20, archive.length - 9, archive.length - 1])(
    'gzipped, after %i bytes: the packets before come, none is partial',
    async (size) => {
      const whole = packetsIn((await read('whole.tar.gz', archive)).ranges)
      const { ranges, damage } = await read('cut.tar.gz', archive.subarray(0, size))
      const given = packetsIn(ranges)
      expect(given).toEqual(whole.slice(0, given.length))
      expect(damage?.fileOffset).toBe(size)
      expect(damage?.message).toContain(`is damaged at byte ${size}`)
      // What could be inflated, all but the packet that it ends in.
      const inflated = damage!.inflatedOffset
      const ends = await entryEnds()
      expect(given.length).toBe(ends.filter((end) => end <= inflated).length)
    }
  )

  test.each([0, 1, 100, 512, 700, 2000, 30_000, 100_000, tar.length - 1025, tar.length - 1024])(
    'not gzipped, after %i bytes',
    async (size) => {
      const at = Math.min(size, tar.length)
      const whole = packetsIn((await read('whole.tar', tar)).ranges)
      const { ranges, damage } = await read('cut.tar', tar.subarray(0, at))
      const given = packetsIn(ranges)
      expect(given).toEqual(whole.slice(0, given.length))
      const ends = await entryEnds()
      expect(given.length).toBe(ends.filter((end) => end <= at).length)
      if (given.length < whole.length) expect(damage?.message).toMatch(/the archive ends/)
    }
  )
})

/** Where the contents of each entry of the archive end. */
async function entryEnds(): Promise<number[]> {
  const { ranges } = await read('whole.tar', tar)
  return ranges.flatMap((range) =>
    contentOf(range).blocks.map(({ offset, bytes, kind }) => {
      const end = offset + Buffer.from(bytes, 'base64').length
      return kind === 0 ? end + 16 : end // a container's block has a sync marker behind it
    })
  )
}

describe('an archive with wrong bytes', () => {
  const rng = random(11)
  const places = Array.from({ length: 6 }, () => 100 + Math.floor(rng() * (archive.length - 200)))

  test.each(places)('at %i of the gzipped file: what lies before comes unharmed', async (place) => {
    const whole = packetsIn((await read('whole.tar.gz', archive)).ranges)
    const bytes = Buffer.from(archive)
    for (let i = 0; i < 8; i++) bytes[place + i] = bytes[place + i]! ^ 0xff
    const { ranges, damage } = await read('wrong.tar.gz', bytes)
    expect(damage).not.toBeNull()
    // What inflates to nonsense shows in the tar; its place in the gzipped file is then not known.
    if (!/tar|archive ends/.test(damage!.message.split(': ')[1]!)) {
      expect(damage!.fileOffset).toBeGreaterThanOrEqual(place - 64)
    }
    expect(damage!.message).toMatch(/is damaged at byte \d+/)
    const before = (await read('before.tar.gz', archive.subarray(0, place))).ranges
    const good = packetsIn(before)
    expect(packetsIn(ranges).slice(0, good.length)).toEqual(good)
    expect(good).toEqual(whole.slice(0, good.length))
    const positions = ranges.map(({ first, count }) => first + count)
    expect(ranges.map(({ first }) => first)).toEqual(
      [0, ...positions.slice(0, -1)].slice(0, ranges.length)
    )
  })

  test('a checksum at the end that does not match is damage, though all came', async () => {
    const bytes = Buffer.from(archive)
    bytes[bytes.length - 8] = bytes[bytes.length - 8]! ^ 1
    const { ranges, damage } = await read('crc.tar.gz', bytes)
    expect(packetsIn(ranges)).toHaveLength(117)
    expect(damage?.message).toMatch(/incorrect data check/)
  })

  test('a tar header with a wrong checksum', async () => {
    const bytes = tarOf(syntheticZtf(4))
    const at = bytes.indexOf('ztf2.avro')
    bytes[at] = 0x7a ^ 1
    const { ranges, damage } = await read('header.tar', bytes)
    expect(packetsIn(ranges).map(({ name }) => name)).toEqual(['ztf0.avro', 'ztf1.avro'])
    expect(damage?.fileOffset).toBe(at)
    expect(damage?.message).toContain('a tar header has a wrong checksum')
  })

  test('a damaged container inside is quarantined, and the archive goes on', async () => {
    const [one, two, three] = syntheticZtf(3)
    const broken = Buffer.from(two!.bytes)
    broken[broken.length - 1] = 0
    const { ranges, damage } = await read(
      'inside.tar',
      tarOf([one!, { name: 'b.avro', bytes: broken }, three!])
    )
    expect(damage).toBeNull()
    expect(ranges[0]!.count).toBe(3)
    expect([...ranges[0]!.faults.values()]).toMatchObject([
      { reason: 'bad-container', detail: 'the sync marker after a block does not match' }
    ])
  })
})

describe('a single file that is not whole', () => {
  test('a container cut inside a block: the blocks before come, the rest is one damaged packet', async () => {
    const bytes = Buffer.concat(syntheticZtf(1).map((packet) => packet.bytes))
    const { ranges, damage } = await read('cut.avro', bytes.subarray(0, bytes.length - 5))
    expect(damage).toBeNull()
    expect([...ranges[0]!.faults.values()]).toMatchObject([
      { reason: 'truncated', detail: 'the container ends inside a block' }
    ])
  })

  test('a large file that is no container: oversized', async () => {
    const { ranges } = await read('large.avro', Buffer.alloc(9 * 1024 * 1024))
    expect([...ranges[0]!.faults.values()]).toMatchObject([{ reason: 'oversized' }])
    expect(ranges[0]!.count).toBe(1)
  })
})
