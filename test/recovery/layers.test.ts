import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { layerText } from '../../engine/lake/layer-name.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { RunClaim } from '../../engine/lake/run-claim.ts'
import { modules } from '../../science-modules/registry.ts'
import { STEPS } from '../../engine/lake/two-phase-commit.ts'
import { simulate } from '../../simulator/index.ts'
import { ask } from '../support/ask.ts'
import { killAt, killAtRandom } from '../support/kill.ts'
import { fingerprint, siskin, temporaryFolder } from '../support/siskin.ts'

const PART = 60
const RATE = modules.find(({ name }) => name === 'rate')!.version
const RANDOM_KILLS = process.env['SISKIN_FAULTS'] === undefined ? 8 : 50

const folder = temporaryFolder()
const taken = join(folder, 'taken')
let whole: Record<string, string> = {}
let usualMs = 0

const args = (lake: string) =>
  `reprocess --lake ${lake} --members 2 --json --modules rate --filters solar_system_known`.split(
    ' '
  )

/** Views name the place of their lake. */
function contentOf(lake: string): Record<string, string> {
  const { 'views.sql': _, ...files } = fingerprint(lake)
  return files
}

async function expectWhole(lake: string): Promise<void> {
  const verdict = await ask(['verify', '--lake', lake, '--deep', '--json'])
  expect(JSON.parse(verdict.stdout)).toMatchObject({ ok: true, differences: [], notes: [] })
  expect(contentOf(lake)).toEqual(whole)
}

function lakeOf(name: string): string {
  const lake = join(folder, name)
  cpSync(taken, lake, { recursive: true })
  return lake
}

beforeAll(async () => {
  const archive = join(folder, 'night.tar')
  const night = { start: '2026-01-12', seed: 3, scale: 0.003, stamps: 'none' } as const
  await simulate({ ...night, out: archive })
  await siskin(['run', archive, '--lake', taken, '--part-packets', String(PART)])
  const lake = lakeOf('undisturbed')
  const began = performance.now()
  const outcome = await siskin(args(lake))
  usualMs = performance.now() - began
  expect(outcome.code, outcome.stderr).toBe(0)
  whole = contentOf(lake)
}, 60_000)

describe('a reprocessing that is killed', () => {
  it.each(STEPS.map((step) => [step]))(
    'at step "%s" of a part: goes on without loss or copy',
    async (step) => {
      const lake = lakeOf(step)
      await killAt(`${PART}:${step}`, args(lake))
      const again = await siskin(args(lake))
      expect(again.code, again.stderr).toBe(0)
      await expectWhole(lake)
      rmSync(lake, { recursive: true })
    },
    180_000
  )

  it(`at ${RANDOM_KILLS} random moments: is whole whenever it comes to its end`, async () => {
    const nameOf = (finished: number) => `random-${finished}`
    await killAtRandom({
      kills: RANDOM_KILLS,
      withinMs: Math.min(3200, usualMs),
      next: (finished) => args(lakeOf(nameOf(finished))),
      async judge(finished) {
        const lake = join(folder, nameOf(finished))
        await expectWhole(lake)
        rmSync(lake, { recursive: true })
      }
    })
  }, 600_000)
})

describe('a reprocessing of a layer that another has', () => {
  it('is told who has it, and goes on when that one is over', async () => {
    const lake = lakeOf('two')
    const layer = layerText({ kind: 'layers', name: 'rate', version: RATE })
    const claim = await RunClaim.take(openStore(lake), layer, 'siskin reprocess --lake lake')
    const refused = await siskin(args(lake))
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/layers\/rate@\S+ is being written into the lake \S+ by process \d+ on/)
    ])
    await claim.release()
    const again = await siskin(args(lake))
    expect(again.code, again.stderr).toBe(0)
    await expectWhole(lake)
  }, 180_000)
})
