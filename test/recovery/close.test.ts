import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { openStore } from '../../engine/store/open-store.ts'
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

function lakeOf(name: string): string {
  const lake = join(folder, name)
  cpSync(taken, lake, { recursive: true })
  return lake
}

const args = (lake: string) =>
  `close --lake ${lake} --night 20260112 --alert-megabytes 100 --row-group 64`.split(' ')

beforeAll(async () => {
  const archive = join(folder, 'night.tar')
  await simulate({ start: '2026-01-12', seed: 3, scale: 0.0015, stamps: 'none', out: archive })
  await siskin(['run', archive, '--lake', taken, '--part-packets', '25'])
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
