import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { STEPS } from '../../engine/lake/two-phase-commit.ts'
import { simulate } from '../../simulator/index.ts'
import { ask } from '../support/ask.ts'
import { killAt, killAtRandom } from '../support/kill.ts'
import { fingerprint, siskin, temporaryFolder } from '../support/siskin.ts'

const PART = 40
/** A hundred in the long form. */
const RANDOM_KILLS = process.env['SISKIN_FAULTS'] === undefined ? 20 : 100

const folder = temporaryFolder()
const archive = join(folder, 'night.tar.gz')
let whole: Record<string, string> = {}
let packets = 0
let usualMs = 0

const runArgs = (lake: string, members = 2) => [
  'run',
  archive,
  '--lake',
  lake,
  '--members',
  String(members),
  '--part-packets',
  String(PART),
  '--json'
]

async function expectWhole(lake: string): Promise<void> {
  const verdict = await ask(['verify', '--lake', lake, '--deep', '--json'])
  expect(JSON.parse(verdict.stdout)).toMatchObject({ ok: true, received: packets, differences: [] })
  expect(fingerprint(lake)).toEqual(whole)
}

beforeAll(async () => {
  mkdirSync(folder, { recursive: true })
  const made = await simulate({
    survey: 'ztf',
    out: archive,
    start: '2026-01-12',
    nights: 1,
    seed: 3,
    scale: 0.0015,
    stamps: 'none',
    corrupt: 0.02
  })
  packets = made.packets
  const lake = join(folder, 'undisturbed')
  const began = performance.now()
  const outcome = await siskin(runArgs(lake))
  usualMs = performance.now() - began
  expect(outcome.code, outcome.stderr).toBe(0)
  whole = fingerprint(lake)
})

describe('a run that is killed', () => {
  it('is about a lake of several parts, some packets of it in quarantine', () => {
    expect(packets).toBeGreaterThan(5 * PART)
    expect(Object.keys(whole).some((path) => path.startsWith('quarantine/'))).toBe(true)
  })

  it.each(STEPS.flatMap((step) => [0, PART * 2].map((first) => [step, first] as const)))(
    'at step "%s" of the part at packet %i: goes on without loss or copy',
    async (step, first) => {
      const lake = join(folder, `${step}-${first}`)
      await killAt(`${first}:${step}`, runArgs(lake))
      const again = await siskin(runArgs(lake, 1))
      expect(again.code, again.stderr).toBe(0)
      await expectWhole(lake)
      rmSync(lake, { recursive: true })
    }
  )

  it(`at ${RANDOM_KILLS} random moments: is whole whenever it comes to its end`, async () => {
    const lakeOf = (finished: number) => join(folder, `random-${finished}`)
    await killAtRandom({
      kills: RANDOM_KILLS,
      withinMs: Math.min(1600, usualMs),
      next: (finished) => runArgs(lakeOf(finished)),
      async judge(finished) {
        await expectWhole(lakeOf(finished))
        rmSync(lakeOf(finished), { recursive: true })
      }
    })
  }, 600_000)
})
