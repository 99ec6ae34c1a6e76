import {
  appendFileSync,
  cpSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openSources } from '../../../engine/consume/open.ts'
import { tarOf } from '../../support/archives.ts'
import { syntheticZtf } from '../../support/packets.ts'
import { alerts, folder, Lake, place, put } from './support.ts'

describe('a folder is told by what is in it', () => {
  const ab = { 'a.avro': alerts(0, 5), 'b.avro': alerts(5, 10) }

  test.each(['moved', 'renamed'])('%s it stays the same source', async (how) => {
    const lake = new Lake()
    const path = folder(ab, 'night')
    const first = await lake.take(path)
    const to = place(how === 'renamed' ? 'another' : 'night')
    mkdirSync(dirname(to))
    renameSync(path, to)
    put(join(to, '0.avro'), alerts(10, 11))
    const again = await lake.take(to)
    expect(again.names).toEqual(first.names)
    expect([first.packets, again.packets]).toEqual([10, 1])
    expect(again.files).toEqual(['0.avro'])
  })

  test('a copy is the same source; with new files it is one of its own, and the original goes on', async () => {
    const lake = new Lake()
    const path = folder(ab, 'night')
    const first = await lake.take(path)
    const copy = place('night')
    cpSync(path, copy, { recursive: true })
    const same = await lake.take(copy)
    expect([same.names, same.packets]).toEqual([first.names, 0])
    put(join(copy, '0.avro'), alerts(10, 11))
    const more = await lake.take(copy)
    expect(more.files).toEqual(['0.avro'])
    expect(more.names).not.toEqual(first.names)
    const untouched = await lake.take(path)
    expect([untouched.names, untouched.packets]).toEqual([first.names, 0])
    put(join(path, 'c.avro'), alerts(11, 12))
    expect((await lake.take(path)).files).toEqual(['c.avro'])
    put(join(copy, '1.avro'), alerts(13, 14))
    const grown = await lake.take(copy)
    expect([grown.names, grown.files]).toEqual([more.names, ['1.avro']])
  })

  test('a copy with new files of a folder that was not read to its end is taken whole', async () => {
    const lake = new Lake()
    const path = folder(ab, 'night')
    const [original] = await openSources([path], { book: lake.book })
    const copy = place('night')
    cpSync(path, copy, { recursive: true })
    put(join(copy, '0.avro'), alerts(10, 11))
    const taken = await lake.take(copy)
    expect(taken.names).not.toEqual([original!.name])
    expect(taken.packets).toBe(11)
    expect((await lake.take(path)).packets).toBe(10)
  })

  test('reached by a link it is no copy', async () => {
    const lake = new Lake()
    const path = folder(ab, 'night')
    const first = await lake.take(path)
    put(join(path, 'c.avro'), alerts(10, 11))
    const link = place('night')
    mkdirSync(dirname(link))
    symlinkSync(path, link)
    const more = await lake.take(link)
    expect([more.names, more.files]).toEqual([first.names, ['c.avro']])
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
    const file = await lake.take(put(place('x.avro'), ab['a.avro']))
    expect(file.packets).toBe(5)
    expect((await lake.take(path)).packets).toBe(0)
  })

  test('an empty one is no night: it says so, nothing is remembered, and it may fill', async () => {
    const lake = new Lake()
    const path = folder()
    await expect(lake.take(path)).rejects.toThrow(`no packet files in "${path}"`)
    expect(await lake.book.names()).toEqual([])
    put(join(path, 'a.avro'), alerts(0, 2))
    expect(await lake.take(path)).toMatchObject({ packets: 2 })
  })

  test('a lake below it is passed over and named; a lake itself is no source', async () => {
    const lake = new Lake()
    const path = folder(ab)
    put(join(path, 'lake/ztf/packets/night=20260112/x-000000/p.avro'), alerts(20, 22))
    put(join(path, 'lake/_siskin/lake.json'), Buffer.from('{}'))
    const taken = await lake.take(path)
    expect(taken.files).not.toContain('lake/ztf/packets/night=20260112/x-000000/p.avro')
    expect(taken.packets).toBe(10)
    expect(taken.said).toBe(`${join(path, 'lake')} is a lake: it is passed over`)
    await expect(lake.take(join(path, 'lake'))).rejects.toThrow('is a lake, and no source')
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
