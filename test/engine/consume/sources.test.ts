import {
  appendFileSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync
} from 'node:fs'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { emptyBook } from '../../../engine/consume/book.ts'
import type { SourceBook } from '../../../engine/consume/book.ts'
import { Notes } from '../../../engine/consume/notes.ts'
import { openSources } from '../../../engine/consume/open.ts'
import type { Span } from '../../../engine/consume/source.ts'
import { packetsIn, readAll, tarOf } from '../../support/archives.ts'
import { writeContainer } from '../../support/avro.ts'
import { syntheticZtf } from '../../support/packets.ts'
import { random } from '../../support/random.ts'
import { temporaryFolder } from '../../support/siskin.ts'
import { encode, ztfAlert, ztfSchema } from '../../support/synthetic.ts'

const MIB = 1024 * 1024
const root = temporaryFolder()
let made = 0

/** A folder of the test's own with these files. */
function folder(files: Readonly<Record<string, Uint8Array>> = {}, name = `f${made++}`): string {
  const path = join(root, `${made++}`, name)
  mkdirSync(path, { recursive: true })
  for (const [file, bytes] of Object.entries(files)) put(join(path, file), bytes)
  return path
}

function put(path: string, bytes: Uint8Array): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes)
  return path
}

/** A container of alerts [from, to). */
function alerts(from: number, to: number, codec = 'null'): Buffer {
  const schema = ztfSchema()
  const data = Array.from({ length: to - from }, (_, i) => encode(schema, ztfAlert(from + i)))
  return writeContainer(JSON.stringify(schema), data, codec, 1)
}

/** A lake without files: what its sources gave is what it holds. */
class Lake {
  readonly done = new Map<string, Span[]>()
  readonly book: SourceBook = {
    ...emptyBook(),
    done: async (name) => this.done.get(name) ?? []
  }

  async take(path: string, replace = false) {
    const said: string[] = []
    const notes = new Notes((text) => said.push(text))
    const sources = await openSources([path], { book: this.book, replace, notes })
    const names = sources.map(({ name }) => name)
    const files: string[] = []
    let packets = 0
    for (const source of sources) {
      const done = this.done.get(source.name) ?? []
      const { ranges } = await readAll(source, { done, cut: { packets: 2, bytes: 1e9 } })
      for (const { first, count } of ranges) {
        this.done.set(source.name, [
          ...(this.done.get(source.name) ?? []),
          [first, first + count - 1]
        ])
        packets += count
      }
      files.push(...packetsIn(ranges).map(({ name }) => name))
    }
    return { names, packets, files, said: said.join('\n'), skipped: notes.skippedText }
  }

  async count(name: string): Promise<number | null> {
    const record = await this.book.load(name)
    return record && record.kind !== 'alias' ? record.count : null
  }
}

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
    ['the last byte', 40 * MIB, 40 * MIB - 1],
    ['a byte in the middle of a small one', 3 * MIB, 1_700_003]
  ])('%s makes another source of it', async (_what, size, at) => {
    const bytes = Buffer.alloc(size, 'Obj')
    const a = put(join(root, `${made++}`, 'a.avro'), bytes)
    bytes.fill(1, at, Math.min(size, at + MIB)) // a piece that is looked at begins within
    const b = put(join(root, `${made++}`, 'a.avro'), bytes)
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

  test('a large one that grew, told by its pieces', async () => {
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
    const path = put(join(root, `${made++}`, file), alerts(0, 1))
    const [source] = await openSources([path])
    expect(source!.name).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,59}-[0-9a-f]{12}$/)
    expect(source!.name.slice(0, -12)).toBe(stem)
  })
})

describe('a folder is told by what is in it', () => {
  const ab = { 'a.avro': alerts(0, 5), 'b.avro': alerts(5, 10) }

  test.each(['moved', 'copied', 'renamed'])('%s it stays the same source', async (how) => {
    const lake = new Lake()
    const path = folder(ab, 'night')
    const first = await lake.take(path)
    const to = join(root, `${made++}`, how === 'renamed' ? 'another' : 'night')
    mkdirSync(dirname(to))
    if (how === 'copied') cpSync(path, to, { recursive: true })
    else renameSync(path, to)
    put(join(to, '0.avro'), alerts(10, 11))
    const again = await lake.take(to)
    expect(again.names).toEqual(first.names)
    expect([first.packets, again.packets]).toEqual([10, 1])
    expect(again.files).toEqual(['0.avro'])
  })

  test('files that were renamed in it keep their positions', async () => {
    const lake = new Lake()
    const path = folder(ab)
    await lake.take(path)
    renameSync(join(path, 'a.avro'), join(path, 'z.avro'))
    expect((await lake.take(path)).packets).toBe(0)
  })

  test.each([
    ['a.avro', alerts(20, 22), /a\.avro \(positions 0 to 4\) has other content/],
    ['b.avro', alerts(20, 22), /b\.avro \(positions 5 to 9\) has other content/],
    ['b.avro', null, /b\.avro \(positions 5 to 9\) is gone/]
  ])('%s with other content, or gone: an error until --replace', async (name, bytes, says) => {
    const lake = new Lake()
    const path = folder(ab)
    const first = await lake.take(path)
    if (bytes) writeFileSync(join(path, name), bytes)
    else rmSync(join(path, name))
    await expect(lake.take(path)).rejects.toThrow(says)
    await expect(lake.take(path)).rejects.toThrow(/--replace/)
    await expect(lake.take(path)).rejects.toMatchObject({ exitCode: 1 })
    const anew = await lake.take(path, true)
    expect(anew.names).not.toEqual(first.names)
    expect(anew.packets).toBe(bytes ? 2 : 0)
    const after = await lake.take(path)
    expect([after.names, after.packets]).toEqual([anew.names, 0])
    put(join(path, 'c.avro'), alerts(30, 31))
    expect((await lake.take(path)).files).toEqual(['c.avro'])
  })

  test('replaced twice, and put back as it was', async () => {
    const lake = new Lake()
    const path = folder(ab)
    const first = await lake.take(path)
    writeFileSync(join(path, 'a.avro'), alerts(20, 22))
    await lake.take(path, true)
    writeFileSync(join(path, 'a.avro'), alerts(30, 33))
    await expect(lake.take(path)).rejects.toThrow(/a\.avro \(positions 0 to 1\)/)
    expect((await lake.take(path, true)).packets).toBe(3)
    writeFileSync(join(path, 'a.avro'), ab['a.avro'])
    const back = await lake.take(path)
    expect([back.names, back.packets]).toEqual([first.names, 0])
  })

  test('when not all was taken in, beginning anew takes all that is there', async () => {
    const lake = new Lake()
    const path = folder(ab)
    const first = await lake.take(path)
    lake.done.set(first.names[0]!, [[0, 7]])
    writeFileSync(join(path, 'a.avro'), alerts(20, 22))
    expect((await lake.take(path, true)).packets).toBe(7)
  })

  test('two folders that begin with the same file are two', async () => {
    const lake = new Lake()
    const one = await lake.take(folder(ab, 'same'))
    const other = folder({ 'a.avro': ab['a.avro'], 'c.avro': alerts(40, 42) }, 'same')
    const two = await lake.take(other)
    expect(two.names).not.toEqual(one.names)
    expect([one.packets, two.packets]).toEqual([10, 2])
    expect(two.said).toContain(`1 of 2 files of ${other} are in the lake as part of`)
  })

  test('a part of a folder that is known is nothing new', async () => {
    const lake = new Lake()
    await lake.take(folder(ab, 'all'))
    expect((await lake.take(folder({ 'a.avro': ab['a.avro'] }, 'some'))).packets).toBe(0)
  })

  test('a file, and a folder that begins with it, keep apart', async () => {
    const lake = new Lake()
    const path = folder(ab, 'x')
    await lake.take(path)
    const file = await lake.take(put(join(root, `${made++}`, 'x.avro'), ab['a.avro']))
    expect(file.packets).toBe(5)
    expect((await lake.take(path)).packets).toBe(0)
  })

  test('an empty one is a night without observations, and may fill', async () => {
    const lake = new Lake()
    const path = folder()
    const empty = await lake.take(path)
    expect(empty.packets).toBe(0)
    expect(await lake.count(empty.names[0]!)).toBe(0)
    put(join(path, 'a.avro'), alerts(0, 2))
    expect(await lake.take(path)).toMatchObject({ names: empty.names, packets: 2 })
  })

  test('a file that grows while it is not yet known how it ends is named with what is known', async () => {
    const lake = new Lake()
    const path = folder(ab)
    const [source] = await openSources([path], { book: lake.book })
    const broken = source!.ranges({
      done: [],
      cut: { packets: 2, bytes: 1e9 },
      onRead: () => {},
      allocate: (size) => new ArrayBuffer(size)
    })
    await broken.next()
    await broken.return(undefined)
    appendFileSync(join(path, 'b.avro'), 'more')
    await expect(lake.take(path)).rejects.toThrow(/b\.avro \(its positions are not known/)
  })
})

describe('links in a folder', () => {
  test('a file reached in two ways is taken once; loops end; what points nowhere is said', async () => {
    const outside = folder({ 'c.avro': alerts(2, 3), 'night.tar': tarOf(syntheticZtf(1)) })
    const path = folder({ 'b/a.avro': alerts(0, 1), 'd.avro': alerts(1, 2), README: Buffer.of(1) })
    symlinkSync(join(path, 'b/a.avro'), join(path, '0.avro'))
    symlinkSync(path, join(path, 'b/loop'))
    symlinkSync('.', join(path, 'self'))
    symlinkSync(outside, join(path, 'outside'))
    symlinkSync(join(path, 'gone.avro'), join(path, 'dangling.avro'))
    symlinkSync('circle.avro', join(path, 'circle.avro'))
    const taken = await new Lake().take(path)
    expect(taken.files).toEqual(['ztf0.avro', 'b/a.avro', 'd.avro', 'outside/c.avro'])
    expect(taken.skipped).toMatch(/^4 files skipped: /)
    expect(taken.skipped).toContain('README (no packet files)')
    expect(taken.skipped).toContain('0.avro (the same file as b/a.avro)')
    expect(taken.skipped).toContain('circle.avro, dangling.avro (links to nothing)')
  })
})
