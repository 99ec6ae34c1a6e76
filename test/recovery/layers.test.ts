import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { layerText } from '../../engine/lake/layer-name.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { RunClaim } from '../../engine/lake/run-claim.ts'
import { modules } from '../../science-modules/registry.ts'
import { STEPS } from '../../engine/lake/two-phase-commit.ts'
import { simulate } from '../../simulator/index.ts'
import { fingerprint, siskin, startSiskin, temporaryFolder } from '../support/siskin.ts'

const PART = 60
const RATE = modules.find(({ name }) => name === 'rate')!.version
const RANDOM_KILLS = process.env['SISKIN_FAULTS'] === undefined ? 8 : 50

const folder = temporaryFolder()
const taken = join(folder, 'taken')
let whole: Record<string, string> = {}

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
  const verdict = await siskin(['verify', '--lake', lake, '--deep', '--json'])
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
  const night = { start: '2026-01-12', seed: 3, scale: 0.006, stamps: 'none' } as const
  await simulate({ ...night, out: archive })
  await siskin(['run', archive, '--lake', taken, '--part-packets', String(PART)])
  const lake = lakeOf('undisturbed')
  const outcome = await siskin(args(lake))
  expect(outcome.code, outcome.stderr).toBe(0)
  whole = contentOf(lake)
}, 60_000)

describe('a reprocessing that is killed', () => {
  it.each(STEPS.map((step) => [step]))(
    'at step "%s" of a part: goes on without loss or copy',
    async (step) => {
      const lake = lakeOf(step)
      const killed = await siskin(args(lake), { SISKIN_CRASH: `${PART}:${step}` })
      expect(killed.signal, 'the crash point was reached').toBe('SIGKILL')
      const again = await siskin(args(lake))
      expect(again.code, again.stderr).toBe(0)
      await expectWhole(lake)
      rmSync(lake, { recursive: true })
    },
    180_000
  )

  it(`at ${RANDOM_KILLS} random moments: is whole whenever it comes to its end`, async () => {
    let random = 20260110
    let kills = 0
    for (let lakes = 0; kills < RANDOM_KILLS; lakes++) {
      const lake = lakeOf(`random-${lakes}`)
      for (let running = true; running;) {
        random = (random * 1103515245 + 12345) % 2 ** 31
        const { child, ended } = startSiskin(args(lake))
        const kill = setTimeout(() => child.kill('SIGKILL'), 700 + (random / 2 ** 31) * 2500)
        await ended
        clearTimeout(kill)
        running = child.signalCode === 'SIGKILL' && kills++ < RANDOM_KILLS
      }
      const last = await siskin(args(lake))
      expect(last.code, last.stderr).toBe(0)
      await expectWhole(lake)
      rmSync(lake, { recursive: true })
    }
    expect(kills).toBeGreaterThanOrEqual(RANDOM_KILLS)
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
