import { describe, expect, test } from 'vitest'
import { SeenAlerts, seenMemory } from '../../../engine/run/seen.ts'

const words = (id: bigint): [number, number] => [
  Number(BigInt.asIntN(32, id)),
  Number(BigInt.asIntN(32, id >> 32n))
]
const FIRST = 739_260_766_315_010_006n
const BYTES = 0xdeadbeef

describe('alerts that were met', () => {
  const claim = (seen: SeenAlerts, id: bigint, range: number, digest = BYTES) =>
    seen.claim('ztf', ...words(id), digest, range)

  test('the first range to claim an alert has it; another finds a copy', () => {
    const seen = new SeenAlerts(seenMemory())
    expect(claim(seen, FIRST, 1)).toBe('new')
    expect(claim(seen, FIRST, 2)).toBe('copy')
    expect(claim(seen, FIRST + 1n, 2)).toBe('new')
  })

  test('a range that is worked on again finds its claims its own', () => {
    const seen = new SeenAlerts(seenMemory())
    expect(claim(seen, FIRST, 7)).toBe('new')
    expect(claim(seen, FIRST, 7)).toBe('new')
  })

  test('other bytes of the same id are a revision, whoever brings them and at every attempt', () => {
    const seen = new SeenAlerts(seenMemory())
    expect(claim(seen, FIRST, 1)).toBe('new')
    expect(claim(seen, FIRST, 2, 7)).toBe('revision')
    expect(claim(seen, FIRST, 2, 7)).toBe('revision')
    expect(claim(seen, FIRST, 3, 7)).toBe('copy')
    expect(claim(seen, FIRST, 1)).toBe('new')
  })

  test('an id of one survey says nothing of another', () => {
    const seen = new SeenAlerts(seenMemory())
    const of = (survey: 'ztf' | 'lsst', range: number) =>
      seen.claim(survey, ...words(FIRST), BYTES, range)
    expect([of('ztf', 1), of('lsst', 1), of('ztf', 2), of('lsst', 2)]).toEqual([
      'new',
      'new',
      'copy',
      'copy'
    ])
  })

  test('what an earlier run took in is a copy for every range', () => {
    const seen = new SeenAlerts(seenMemory())
    seen.remember('lsst', ...words(FIRST), BYTES)
    expect(seen.claim('lsst', ...words(FIRST), BYTES, 1)).toBe('copy')
    expect(seen.claim('lsst', ...words(FIRST), 7, 1)).toBe('revision')
  })

  test('ids that differ in one word only are told apart', () => {
    const seen = new SeenAlerts(seenMemory())
    const ids = [5n, 5n + 2n ** 32n, 5n + 2n ** 40n, 2n ** 32n * 5n]
    expect(ids.map((id) => claim(seen, id, 1))).toEqual(ids.map(() => 'new'))
    expect(ids.map((id) => claim(seen, id, 2))).toEqual(ids.map(() => 'copy'))
  })

  test('two members over one memory agree', () => {
    const memory = seenMemory()
    const [one, two] = [new SeenAlerts(memory), new SeenAlerts(memory)]
    expect(claim(one, FIRST, 1)).toBe('new')
    expect(claim(two, FIRST, 2)).toBe('copy')
  })

  test('a member that died between the two halves of a claim leaves the alert to others', () => {
    const memory = seenMemory()
    const seen = new SeenAlerts(memory)
    claim(seen, FIRST, 1)
    new BigInt64Array(memory.tags).fill(0n)
    expect(claim(seen, FIRST, 2)).toBe('new')
    expect(claim(seen, FIRST, 3)).toBe('copy')
  })

  test('hundreds of thousands of ids as surveys number them: each once', () => {
    const seen = new SeenAlerts(seenMemory())
    const ids = Array.from(
      { length: 300_000 },
      (_, i) => FIRST + BigInt(i % 1000) + BigInt(Math.floor(i / 1000)) * 100_000_000n
    )
    expect(ids.filter((id) => claim(seen, id, 1) !== 'new')).toEqual([])
    expect(ids.filter((id) => claim(seen, id, 2) !== 'copy')).toEqual([])
  })
})
