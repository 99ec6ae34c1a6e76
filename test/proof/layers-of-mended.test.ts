import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import type { PartRecord } from '../../engine/lake/ledger.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { verify } from '../../engine/verify/verify.ts'
import { readArchive } from '../../simulator/read-archive.ts'
import { simulate } from '../../simulator/index.ts'
import { tarOf } from '../support/archives.ts'
import { ask } from '../support/ask.ts'
import { temporaryFolder } from '../support/siskin.ts'
import { filesIn, recordsIn } from './support.ts'

const folder = temporaryFolder()
const whole = join(folder, 'whole.tar')
const half = join(folder, 'half.tar')
const layered = join(folder, 'layered')

const reprocess = (lake: string) =>
  ask(
    ['reprocess', '--members', '1', '--lake', lake].concat([
      '--modules',
      'rate',
      '--filters',
      'solar_system_known'
    ])
  )

async function differencesOf(lake: string): Promise<readonly string[]> {
  return (await verify(openStore(lake), { deep: true, onProgress: () => {} })).differences
}

/** Half of an archive, then the whole of it, of which half are duplicates; with layers. The first half is lost then. */
beforeAll(async () => {
  const night = { start: '2026-01-12', nights: 1, seed: 5, scale: 0.001, stamps: 'none' } as const
  await simulate({ ...night, out: whole, survey: 'ztf' })
  const packets = readArchive(whole)
  writeFileSync(half, tarOf(packets.filter((_, i) => i % 2 === 0)))
  await ask(['run', half, '--lake', layered])
  await ask(['run', whole, '--lake', layered, '--part-packets', '10'])
  const made = await reprocess(layered)
  expect(made.code, made.stderr).toBe(0)
  const isLost = (path: string) => path.includes('half-')
  for (const path of filesIn(layered, '.').filter(isLost)) rmSync(join(layered, path))
  rmSync(half)
}, 60_000)

test('a part that repair makes anew is read anew by its layers, and what it was is moved aside', async () => {
  const mended = await ask(['repair', '--lake', layered, '--deep', '--yes'])
  expect(mended.stdout).toContain(' things mended, 0 not')
  expect([mended.code, await differencesOf(layered)]).toEqual([0, []])
  expect((await reprocess(layered)).code).toBe(0)
  expect(await differencesOf(layered)).toEqual([])
  expect(filesIn(layered, 'ztf/layers')).toHaveLength(recordsIn(layered).length)
}, 60_000)

function recordOf(lake: string, kind: string): { path: string; record: PartRecord } {
  const [path = ''] = filesIn(lake, `_siskin/${kind}`)
  return { path, record: JSON.parse(readFileSync(join(lake, path), 'utf8')) as PartRecord }
}

test('a layer is made again when its part was, and has no file of its former making', async () => {
  const lake = join(folder, 'again')
  cpSync(layered, lake, { recursive: true })
  const { path, record } = recordOf(lake, 'topics')
  const [alerts = ''] = filesIn(lake, 'ztf/alerts')
  const old = `topics/solar-system-known@2.1.0/night=20260111/${alerts.split('/').slice(-2).join('/')}`
  mkdirSync(dirname(join(lake, old)), { recursive: true })
  writeFileSync(join(lake, old), 'selected before')
  const file = { path: old, kind: 'topic', bytes: 15, rows: 1, crc32: '0' }
  writeFileSync(join(lake, path), JSON.stringify({ ...record, files: [...record.files, file] }))
  const part = recordOf(lake, 'ledger')
  writeFileSync(join(lake, part.path), JSON.stringify({ ...part.record, attempt: 'repair9/0' }))
  expect((await reprocess(lake)).stdout).not.toContain('nothing to do')
  expect(await differencesOf(lake)).toEqual([])
  expect((await reprocess(lake)).stdout).toContain('nothing to do')
}, 60_000)
