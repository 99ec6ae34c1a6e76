import { copyFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { openSources } from '../../../engine/consume/open.ts'
import { tarOf } from '../../support/archives.ts'
import { syntheticZtf } from '../../support/packets.ts'
import { random } from '../../support/random.ts'
import { alerts, folder, Lake, MIB, place, put, root } from './support.ts'

describe('a file is told by its content', () => {
  test('two of one name, in two folders, are two', async () => {
    const lake = new Lake()
    const monday = await lake.take(put(join(root, 'monday/alerts.avro'), alerts(0, 3)))
    const tuesday = await lake.take(put(join(root, 'tuesday/alerts.avro'), alerts(3, 6)))
    expect([monday.packets, tuesday.packets]).toEqual([3, 3])
    expect(monday.names).not.toEqual(tuesday.names)
    expect(tuesday.names[0]).toMatch(/^alerts-[0-9a-f]{12}$/)
  })

  test.each([
    ['a byte in the middle of a large file', 40 * MIB, 20 * MIB],
    ['a few bytes of a large gzip, as a broken download has them,', 17 * MIB, 200 * 1024, 5],
    ['the last byte', 40 * MIB, 40 * MIB - 1],
    ['a byte in the middle of a small one', 3 * MIB, 1_700_003]
  ])('%s makes another source of it', async (_what, size, at, length = MIB) => {
    const bytes = Buffer.alloc(size, 'Obj')
    if (length < MIB) bytes.set([0x1f, 0x8b])
    const a = put(place('a.avro'), bytes)
    bytes.fill(1, at, Math.min(size, at + length))
    const b = put(place('a.avro'), bytes)
    const sources = await openSources([a, b])
    expect(new Set(sources.map(({ name }) => name)).size).toBe(2)
  })

  test('a copy under another name is the same, and that is said', async () => {
    const lake = new Lake()
    const night = put(join(root, 'n/night.tar.gz'), gzipSync(tarOf(syntheticZtf(5))))
    const copy = join(root, 'n/copy of night.tar.gz')
    const first = await lake.take(night)
    copyFileSync(night, copy)
    const again = await lake.take(copy)
    expect([first.packets, again.packets]).toEqual([5, 0])
    expect(again.names).toEqual(first.names)
    expect(again.said).toBe(
      `${copy} has the content of ${night}, known as source ${first.names[0]}`
    )
    expect(await lake.count(first.names[0]!)).toBe(5)
  })

  test('one that nobody touched since is not read again; one that was touched is', async () => {
    const lake = new Lake()
    const path = put(join(root, 's/night.avro'), alerts(0, 3))
    await delay(2100) // a change within the same tick of the file system's clock could not be seen
    const { names } = await lake.take(path)
    const record = await lake.book.load(names[0]!)
    if (record?.kind !== 'file') throw new Error('no record')
    await lake.book.save({
      ...record,
      identities: [{ size: record.identities[0]!.size, digest: 'x' }]
    })
    expect((await lake.take(path)).names).toEqual(names)
    utimesSync(path, 1, 1)
    expect((await lake.take(path)).names).not.toEqual(names)
  })

  test('both in one call: taken once', async () => {
    const path = folder({ 'a.tar': tarOf(syntheticZtf(2)), 'b/a.tar': tarOf(syntheticZtf(2)) })
    const taken = await new Lake().take(path)
    expect(taken.packets).toBe(2)
    expect(taken.said).toContain('it is taken once')
  })

  test('one that grew goes on, also when it is met under its whole content again, or renamed', async () => {
    const lake = new Lake()
    const whole = gzipSync(tarOf(syntheticZtf(40)), { level: 0 })
    const path = put(join(root, 'g/night.tar.gz'), whole.subarray(0, whole.length >> 1))
    const half = await lake.take(path)
    expect(await lake.count(half.names[0]!)).toBeNull()
    writeFileSync(path, whole)
    const rest = await lake.take(path)
    expect(rest.names).toEqual(half.names)
    expect(half.packets + rest.packets).toBe(40)
    expect(rest.said).toContain('grew since it was taken in')
    expect(await lake.count(half.names[0]!)).toBe(40)
    renameSync(path, join(root, 'g/other.tar.gz'))
    const renamed = await lake.take(join(root, 'g/other.tar.gz'))
    expect([renamed.names, renamed.packets]).toEqual([half.names, 0])
    const early = put(join(root, 'h/night.tar.gz'), whole.subarray(0, whole.length >> 1))
    expect((await lake.take(early)).packets).toBe(0)
    expect(await lake.count(half.names[0]!)).toBe(40)
  })

  test('a large one with one packet corrected is a new source, wherever that packet lies', async () => {
    const lake = new Lake()
    const fill = { name: '0.fits', bytes: Buffer.alloc(33 * MIB) }
    const rest = { name: '1.fits', bytes: Buffer.alloc(300 * 1024) }
    const tarWith = (packet: Buffer) =>
      tarOf([fill, { name: 'a.avro', bytes: packet }, rest, { name: '2.fits', bytes: fill.bytes }])
    const path = put(join(root, 'large-corrected/night.tar'), tarWith(alerts(1, 2)))
    const first = await lake.take(path)
    const corrected = tarWith(alerts(3, 4))
    expect(corrected.length).toBe(tarWith(alerts(1, 2)).length)
    writeFileSync(path, corrected)
    const again = await lake.take(path)
    expect([first.packets, again.packets]).toEqual([1, 1])
    expect(again.names).not.toEqual(first.names)
  })

  test('a large one that grew, told by its content', async () => {
    const lake = new Lake()
    const rng = random(3)
    const noise = Buffer.from(Array.from({ length: 24 * MIB }, () => rng() * 256))
    const files = Array.from({ length: 6 }, (_, i) => ({
      name: `${i}.fits`,
      bytes: noise.subarray(i * 4 * MIB, (i + 1) * 4 * MIB)
    }))
    const whole = tarOf([...syntheticZtf(2), ...files, { name: 'z.avro', bytes: alerts(9, 10) }])
    const path = put(join(root, 'l/large.tar'), whole.subarray(0, 20 * MIB))
    const half = await lake.take(path)
    writeFileSync(path, whole)
    const rest = await lake.take(path)
    expect(rest.names).toEqual(half.names)
    expect([half.packets, rest.packets]).toEqual([2, 1])
  })

  test('a packet file that broke off inside a block is read anew when it is whole', async () => {
    const lake = new Lake()
    const whole = alerts(0, 6)
    const path = put(join(root, 'p/a.avro'), whole.subarray(0, whole.length - 100))
    const half = await lake.take(path)
    expect(half.packets).toBe(6) // of which the last is damaged
    writeFileSync(path, whole)
    const again = await lake.take(path)
    expect(again.names).not.toEqual(half.names)
    expect(again.packets).toBe(6)
    expect(again.said).toContain('broke off inside a packet')
  })

  test('other content at a known path is a new source, and that is said', async () => {
    const lake = new Lake()
    const path = put(join(root, 'o/a.avro'), alerts(0, 3))
    const first = await lake.take(path)
    writeFileSync(path, alerts(3, 6))
    const second = await lake.take(path)
    expect(second.packets).toBe(3)
    expect(second.said).toContain(`other content than when it was source ${first.names[0]}`)
  })

  test.each([
    ['_night.avro', 'night-'],
    ['(night) \u03b1.avro', 'night-'],
    ['\u03b1\u03b2.avro', 'source-'],
    ['a b=c.tar.gz', 'a_b_c-'],
    ['v1.2-x_y.tgz', 'v1.2-x_y-'],
    ['.._-1.avro.gz', '1-'],
    [`${'long'.repeat(40)}.avro`, `${'long'.repeat(15)}-`]
  ])('%s is a name that every tool reads', async (file, stem) => {
    const path = put(place(file), alerts(0, 1))
    const [source] = await openSources([path])
    expect(source!.name).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,59}-[0-9a-f]{12}$/)
    expect(source!.name.slice(0, -12)).toBe(stem)
  })
})
