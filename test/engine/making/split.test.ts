import { describe, expect, test } from 'vitest'
import { split } from '../../../engine/making/split.ts'
import type { PacketRange } from '../../../engine/packets.ts'
import { contentOf } from '../../support/archives.ts'
import { writeContainer } from '../../support/avro.ts'
import { rangeOf, syntheticLsst, syntheticZtf } from '../../support/packets.ts'
import { encode, ztfAlert, ztfSchema } from '../../support/synthetic.ts'

async function mixed(): Promise<PacketRange> {
  const schema = ztfSchema()
  const data = [0, 1, 2, 3, 4].map((i) => encode(schema, ztfAlert(i)))
  const many = writeContainer(JSON.stringify(schema), data, 'null', 2)
  const junk = { name: 'junk', bytes: Buffer.from('junk') }
  return rangeOf([
    ...syntheticZtf(2),
    { name: 'many.avro', bytes: many },
    junk,
    ...syntheticLsst(3),
    junk
  ])
}

/** Halves until nothing can be halved. */
function parts(range: PacketRange): PacketRange[] {
  const halves = split(range)
  return halves.length === 1 ? halves : halves.flatMap(parts)
}

describe('split', () => {
  test('the halves are the whole, packet by packet', async () => {
    const range = await mixed()
    const [left, right] = split(range) as [PacketRange, PacketRange]
    expect(left.first).toBe(range.first)
    expect(right.first).toBe(left.first + left.count)
    expect(left.count + right.count).toBe(range.count)
    const blocks = [left, right].flatMap((half) => contentOf(half).blocks)
    expect(blocks).toEqual(contentOf(range).blocks)
    expect(left.bytes).toBe(range.bytes)
  })

  test('down to single blocks, faults stay with theirs', async () => {
    const range = await mixed()
    const all = parts(range)
    expect(all.map(({ count }) => count)).toEqual([1, 1, 2, 2, 1, 1, 1, 1, 1, 1])
    expect(all.map(({ first }) => first)).toEqual([0, 1, 2, 4, 6, 7, 8, 9, 10, 11])
    expect(all.map(({ faults }) => [...faults.keys()])).toEqual([
      [],
      [],
      [],
      [],
      [],
      [0],
      [],
      [],
      [],
      [0]
    ])
  })

  test('a range of one block stays whole', async () => {
    const range = await rangeOf(syntheticZtf(1))
    expect(split(range)).toEqual([range])
  })
})
