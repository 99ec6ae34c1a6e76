import { describe, expect, test } from 'vitest'
import { SeenAlerts, seenMemory } from '../../../engine/run/seen.ts'

const words = (id: bigint): [number, number] => [
  Number(BigInt.asIntN(32, id)),
  Number(BigInt.asIntN(32, id >> 32n))
]
const FIRST = 739_260_766_315_010_006n

describe('alert ids that were met', () => {
  test('the first range to claim an id has it; a second copy in the same range is refused', () => {
    const seen = new SeenAlerts(seenMemory())
    const taken = new Set<bigint>()
    expect(seen.claim(...words(FIRST), 1, taken)).toBe(true)
    expect(seen.claim(...words(FIRST), 1, taken)).toBe(false)
    expect(seen.claim(...words(FIRST), 2, new Set())).toBe(false)
    expect(seen.claim(...words(FIRST + 1n), 2, new Set())).toBe(true)
  })

  test('a range that is worked on again finds its claims its own', () => {
    const seen = new SeenAlerts(seenMemory())
    expect(seen.claim(...words(FIRST), 7, new Set())).toBe(true)
    expect(seen.claim(...words(FIRST), 7, new Set())).toBe(true)
  })

  test('ids that differ in one word only are told apart', () => {
    const seen = new SeenAlerts(seenMemory())
    const ids = [5n, 5n + 2n ** 32n, 5n + 2n ** 40n, 2n ** 32n * 5n]
    expect(ids.map((id) => seen.claim(...words(id), 1, new Set()))).toEqual(ids.map(() => true))
    expect(ids.map((id) => seen.claim(...words(id), 2, new Set()))).toEqual(ids.map(() => false))
  })

  test('two members over one memory agree', () => {
    const memory = seenMemory()
    const [one, two] = [new SeenAlerts(memory), new SeenAlerts(memory)]
    expect(one.claim(...words(FIRST), 1, new Set())).toBe(true)
    expect(two.claim(...words(FIRST), 2, new Set())).toBe(false)
  })

  test('hundreds of thousands of ids as surveys number them: each once', () => {
    const seen = new SeenAlerts(seenMemory())
    const ids = Array.from(
      { length: 300_000 },
      (_, i) => FIRST + BigInt(i % 1000) + BigInt(Math.floor(i / 1000)) * 100_000_000n
    )
    expect(ids.filter((id) => !seen.claim(...words(id), 1, new Set()))).toEqual([])
    expect(ids.filter((id) => seen.claim(...words(id), 2, new Set()))).toEqual([])
  })
})
