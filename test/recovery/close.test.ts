import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { closeNights } from '../../engine/close/close.ts'
import { openStore } from '../../engine/store/open-store.ts'
import type { Store } from '../../engine/store/store.ts'
import { simulate } from '../../simulator/index.ts'
import { closeAll, verdictOf } from '../support/closing.ts'
import { killAt } from '../support/kill.ts'
import { fingerprint, siskin, temporaryFolder } from '../support/siskin.ts'

/** At which step a close is killed, and when it is there for the how-manieth time. */
const KILLS = [
  ['staging', 1],
  ['staging', 3],
  ['staged', 1],
  ['committed', 1],
  ['placing', 1],
  ['placing', 3],
  ['placed', 1],
  ['retiring', 2],
  ['retired', 1],
  ['recording', 1],
  ['recorded', 1],
  ['retiring', 9],
  ['done', 1]
] as const

const folder = temporaryFolder()
const taken = join(folder, 'taken')
let whole: Record<string, string> = {}

const nights = join(folder, 'nights')

function lakeOf(name: string, from = taken): string {
  const lake = join(folder, name)
  cpSync(from, lake, { recursive: true })
  return lake
}

const args = (lake: string) =>
  `close --lake ${lake} --night 20260112 --alert-megabytes 100 --row-group 64`.split(' ')

beforeAll(async () => {
  const archive = join(folder, 'night.tar')
  await simulate({ start: '2026-01-12', seed: 3, scale: 0.0015, stamps: 'none', out: archive })
  await siskin(['run', archive, '--lake', taken, '--part-packets', '25'])
  await simulate({
    start: '2026-01-12',
    nights: 2,
    seed: 3,
    scale: 0.0005,
    stamps: 'none',
    out: join(folder, 'two.tar')
  })
  const [both, other] = ['12', '13'].map((day) => join(folder, `two-2026-01-${day}.tar`))
  execFileSync('tar', ['-Af', both!, other!])
  await siskin(['run', both!, '--lake', nights, '--part-packets', '25'])
  const lake = lakeOf('undisturbed')
  await closeAll(openStore(lake))
  whole = fingerprint(lake)
})

describe('a close that is killed', () => {
  it.each(KILLS)(
    'at step "%s", time %i: loses nothing, and the next brings it to its end',
    async (step, time) => {
      const lake = lakeOf(`${step}-${time}`)
      await killAt(`${time}:${step}`, args(lake))
      const store = openStore(lake)
      await closeAll(store)
      expect(await verdictOf(store)).toMatchObject({ ok: true, differences: [], notes: [] })
      expect(fingerprint(lake)).toEqual(whole)
      rmSync(lake, { recursive: true })
    }
  )
})

describe('a close that is frozen while it lays records together', () => {
  /** As one of another machine looks that said nothing for long. */
  function silence(lake: string, claim: string): void {
    const path = join(lake, '_siskin/owners/runs', claim, '1.json')
    const holder = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    writeFileSync(path, JSON.stringify({ ...holder, host: 'elsewhere' }))
    utimesSync(path, 0, 0)
  }

  const close = (store: Store, nights: readonly number[]) =>
    closeNights({
      store,
      nights: nights.map((night) => ({ survey: 'ztf', night })),
      sizes: { alerts: 1e8, packets: 1e8, rowGroup: 64, memory: 1e9 },
      threads: 1,
      command: 'siskin close',
      onStep: () => {},
      onProgress: () => {},
      onLog: () => {}
    })

  it.each(['write', 'rename'] as const)(
    'before its %s: loses no record that another close laid there meanwhile',
    async (call) => {
      const lake = lakeOf(`frozen-${call}`, nights)
      const store = openStore(lake)
      const { promise: reached, resolve: reach } = Promise.withResolvers<void>()
      const { promise: woken, resolve: wake } = Promise.withResolvers<void>()
      const freeze = async (path: string) => {
        if (!/settling|records\.jsonl/.test(path)) return
        reach()
        await woken
      }
      const frozen: Store = {
        ...store,
        write: async (path, pieces) => {
          if (call === 'write') await freeze(path)
          return store.write(path, pieces)
        },
        rename: async (from, to) => {
          if (call === 'rename') await freeze(to)
          return store.rename(from, to)
        }
      }
      const first = close(frozen, [20260112])
      first.catch(() => {}) // heard of below
      await reached
      silence(lake, 'closing')
      silence(lake, 'repair')
      const [, second] = await close(store, [20260112, 20260113])
      expect(second!.parts).toBeGreaterThan(0)
      wake()
      await expect(first).rejects.toThrow('another run took closing over meanwhile')
      expect(await verdictOf(store)).toMatchObject({ ok: true, differences: [] })
    }
  )
})
