import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { STEPS } from '../../engine/lake/two-phase-commit.ts'
import { simulate } from '../../simulator/index.ts'
import { fingerprint, siskin, startSiskin, temporaryFolder } from '../support/siskin.ts'

const PART = 40
/** A hundred in the long form. */
const RANDOM_KILLS = process.env['SISKIN_FAULTS'] === undefined ? 20 : 100

const folder = temporaryFolder()
const archive = join(folder, 'night.tar.gz')
let whole: Record<string, string> = {}
let packets = 0

const runArgs = (lake: string) => [
  'run',
  archive,
  '--lake',
  lake,
  '--members',
  '2',
  '--part-packets',
  String(PART),
  '--json'
]

async function expectWhole(lake: string): Promise<void> {
  const verdict = await siskin(['verify', '--lake', lake, '--deep', '--json'])
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
    scale: 0.004,
    stamps: 'none',
    corrupt: 0.02
  })
  packets = made.packets
  const lake = join(folder, 'undisturbed')
  const outcome = await siskin(runArgs(lake))
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
      const killed = await siskin(runArgs(lake), { SISKIN_CRASH: `${first}:${step}` })
      expect(killed.signal, 'the crash point was reached').toBe('SIGKILL')
      const again = await siskin(runArgs(lake))
      expect(again.code, again.stderr).toBe(0)
      await expectWhole(lake)
      rmSync(lake, { recursive: true })
    }
  )

  it(`at ${RANDOM_KILLS} random moments: is whole whenever it comes to its end`, async () => {
    let random = 20260110
    let kills = 0
    let finished = 0
    while (kills < RANDOM_KILLS) {
      const lake = join(folder, `random-${finished}`)
      for (let running = true; running;) {
        random = (random * 1103515245 + 12345) % 2 ** 31
        const { child, ended } = startSiskin(runArgs(lake))
        const kill = setTimeout(() => child.kill('SIGKILL'), (random / 2 ** 31) * 1600)
        await ended
        clearTimeout(kill)
        running = child.signalCode === 'SIGKILL' && kills++ < RANDOM_KILLS
      }
      const last = await siskin(runArgs(lake))
      expect(last.code, last.stderr).toBe(0)
      await expectWhole(lake)
      rmSync(lake, { recursive: true })
      finished++
    }
    expect(kills).toBeGreaterThanOrEqual(RANDOM_KILLS)
  }, 600_000)
})
