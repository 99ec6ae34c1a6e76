import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openStore } from '../../engine/store/open-store.ts'
import { simulate } from '../../simulator/index.ts'
import { closeAll } from '../support/closing.ts'
import { fingerprint, siskin, temporaryFolder } from '../support/siskin.ts'

const folder = temporaryFolder()

/** Small files, and memory for a part of the night only: some is read twice. */
const SIZES = { alerts: 200_000, packets: 500_000, rowGroup: 64, memory: 60_000_000 }

test('closes to the same bytes with any number of threads, and names what is damaged', async () => {
  const archive = join(folder, 'night.tar')
  await simulate({ start: '2026-01-12', seed: 3, scale: 0.004, stamps: 'none', out: archive })
  const lake = join(folder, 'lake')
  await siskin(['run', archive, '--lake', lake, '--part-packets', '12', '--modules', 'quality'])
  const [bad] = await openStore(lake).list('ztf/alerts')
  writeFileSync(join(lake, bad!.path), Buffer.alloc(bad!.size))
  const closed = new Map<number, unknown>()
  for (const threads of [1, 3]) {
    const copy = join(folder, `lake${threads}`)
    cpSync(lake, copy, { recursive: true })
    const [night] = await closeAll(openStore(copy), SIZES, () => {}, threads)
    expect(night!.parts).toBeGreaterThan(48) // fewer are not worth threads
    const broken = night!.broken.map(({ reason }) => reason.replaceAll(copy, lake))
    expect(broken).toEqual([expect.stringContaining(bad!.path)])
    closed.set(threads, { broken, files: fingerprint(copy) })
  }
  expect(closed.get(3)).toEqual(closed.get(1))
}, 120_000)
