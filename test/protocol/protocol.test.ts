import { describe, expect, test } from 'vitest'
import { storeSuite } from '../support/store-suite.ts'
import { MemoryDisk, memoryStore } from './memory-disk.ts'
import { hunt, MUTANTS } from './mutants.ts'
import { play } from './schedule.ts'

/*
 * The commit, the takeover and the recovery, as they are, in a lake and a Kafka in memory. Chance, all of it from a
 * seed, chooses which call of which member or run comes next, what is slow, and who dies, is paused or loses
 * its partitions when. `SISKIN_SEED=7` plays one schedule and prints what happened in it,
 * `SISKIN_SCHEDULES=1000000` plays more of them, from `SISKIN_FIRST_SEED` on.
 */
const COUNT = Number(process.env['SISKIN_SCHEDULES'] ?? 10_000)
const FIRST = Number(process.env['SISKIN_FIRST_SEED'] ?? 1)
const ONE = process.env['SISKIN_SEED']

/** A schedule takes some milliseconds, on a slow machine many more. */
const MOST_MS = 60_000 + COUNT * 60

storeSuite('in memory', async () => memoryStore(new MemoryDisk()))

describe('protocol', () => {
  test.skipIf(ONE !== undefined)(
    `${COUNT} schedules: every position once, lake = topics = positions`,
    { timeout: MOST_MS },
    async () => {
      for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
        const failure = await play(seed)
        if (!failure) continue
        throw new Error(`${failure.message}; SISKIN_SEED=${seed} shows how`)
      }
    }
  )

  test.skipIf(ONE === undefined)('one schedule, told', async () => {
    const failure = await play(Number(ONE), (line) => console.log(line))
    expect(failure).toBeNull()
  })

  test('a seed plays the same every time', async () => {
    for (const seed of [3, 14, 159]) {
      const tell = async () => {
        const lines: string[] = []
        await play(seed, (line) => lines.push(line.replaceAll(/[.-][\da-f]{12}/g, '')))
        return lines
      }
      const once = await tell()
      expect(once.length).toBeGreaterThan(100)
      expect(await tell()).toEqual(once)
    }
  })
})

describe('protocol, with a fault put into it', () => {
  test.skipIf(ONE !== undefined).each(MUTANTS)(
    '$name: a schedule finds it',
    { timeout: MOST_MS },
    async (mutant) => {
      expect(await hunt(mutant, 20_000)).toMatch(/^seed \d+: /)
    }
  )
})
