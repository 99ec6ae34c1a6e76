import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { combineCrc } from '../../../engine/crc.ts'
import { MarkTable } from '../../../engine/duplicates/mark-table.ts'
import { keepMarks, Marks, readMarks } from '../../../engine/duplicates/marks.ts'
import { random as randomFrom } from '../../support/random.ts'

test('the checksum of bytes in pieces follows from the checksums of the pieces', () => {
  const random = randomFrom(3)
  const bytes = Uint8Array.from({ length: 100_000 }, () => random() * 256)
  for (const cut of [0, 1, 7, 8, 65_536, 99_999, 100_000]) {
    const [one, two] = [bytes.subarray(0, cut), bytes.subarray(cut)]
    expect([cut, combineCrc(crc32(one), crc32(two), two.length)]).toEqual([cut, crc32(bytes)])
  }
})

test('marks sort by id as an unsigned number, come back from their text, and are met', () => {
  const ids = [7n, 2n ** 63n + 1n, 3n, 2n ** 40n, 7n]
  const words = ids.flatMap((id, i) => [Number(id & 0xffffffffn), Number(id >> 32n), i])
  const marks = Marks.of(Uint32Array.from(words))
  expect([...marks].map(([low, high, digest]) => [low, high, digest])).toEqual([
    [3, 0, 2],
    [7, 0, 0],
    [7, 0, 4],
    [0, 256, 3],
    [1, 0x80000000, 1]
  ])
  expect([marks.first, marks.last]).toEqual([3n, 2n ** 63n + 1n])
  const back = readMarks(keepMarks(new Map([['ztf/20260112', marks]])))
  expect([...back.get('ztf/20260112')!]).toEqual([...marks])
  expect([marks.meet(7, 0, 4), marks.meet(7, 0, 5), marks.meet(8, 0, 4)]).toEqual([
    'copy',
    'revision',
    'new'
  ])
})

test('bytes that are no marks are none', () => {
  expect(Marks.read(new Uint8Array(13))).toBeNull()
  const upside = Uint32Array.from([9, 0, 0, 3, 0, 0])
  expect(Marks.read(new Uint8Array(upside.buffer))).toBeNull()
})

test('a table of marks says the same as a Set, whatever is added and removed, and gives its memory back', () => {
  const random = randomFrom(11)
  const table = new MarkTable()
  const set = new Set<string>()
  const whole = (below: number) => Math.floor(random() * below)
  for (let step = 0; step < 200_000; step++) {
    // few values, so that neighbours, copies and revisions are many
    const survey = random() < 0.5 ? 'ztf' : 'lsst'
    const mark = [whole(60) * 0x4000000, whole(20) - 10, whole(3)] as const
    const key = `${survey} ${mark.join(' ')}`
    if (random() < (step % 50_000 < 25_000 ? 0.7 : 0.3)) {
      table.add(survey, ...mark)
      set.add(key)
    } else {
      table.remove(survey, ...mark)
      set.delete(key)
    }
    if (step % 10 !== 0) continue
    const other = [0, 1, 2].some((digest) => set.has(`${survey} ${mark[0]} ${mark[1]} ${digest}`))
    const expected = set.has(key) ? 'copy' : other ? 'revision' : 'new'
    expect([step, table.meet(survey, ...mark)]).toEqual([step, expected])
  }
  expect(table.size).toBe(set.size)
  for (let i = 0; i < 100_000; i++) table.add('ztf', i, 1, 1)
  const full = table.byteLength
  for (let i = 0; i < 100_000; i++) table.remove('ztf', i, 1, 1)
  expect(table.byteLength).toBeLessThan(full / 8)
})
