import { copyFileSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { localStore } from '../../engine/store/local.ts'
import { ArchiveInput } from '../../engine/repair/inputs/archive-input.ts'
import { readArchive } from '../../simulator/read-archive.ts'
import { ask } from '../support/ask.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'
import { put } from '../engine/consume/support.ts'
import { damage, filesIn, nightOf, recordsIn, runInto, verdictOf } from './support.ts'

const FAILING_DISK = fileURLToPath(new URL('../support/failing-disk.mjs', import.meta.url))

const folder = temporaryFolder()
let archive = ''

beforeAll(async () => {
  archive = await nightOf(folder)
})

test('an archive that breaks off is learnt again as that', async () => {
  const lake = join(folder, 'broken')
  const broken = join(folder, 'broken.tar')
  const bytes = readFileSync(archive)
  writeFileSync(broken, bytes.subarray(0, bytes.length >> 1))
  expect((await ask(['run', broken, '--lake', lake])).code).toBe(1)
  const before = await verdictOf(lake)
  expect(before).toMatchObject({ ok: true, notes: [expect.stringContaining('ended with damage')] })
  damage(lake, filesIn(lake, '_siskin/sources')[0]!, 0, 10)
  const mended = await ask(['repair', '--lake', lake, '--yes', '--source', broken])
  expect(mended.stdout).toContain('learnt again; it breaks off')
  expect(mended.code, mended.stdout).toBe(0)
  expect(await verdictOf(lake)).toEqual(before)
})

test('where packets before the damage are not in the lake, it is not called taken in', async () => {
  const lake = join(folder, 'less')
  const broken = join(folder, 'less.tar')
  const bytes = readFileSync(archive)
  writeFileSync(broken, bytes.subarray(0, bytes.length >> 1))
  await ask(['run', broken, '--lake', lake, '--part-packets', '20'])
  const { source, first } = recordsIn(lake).at(-1)!
  const input = new ArchiveInput(localStore(lake), [broken])
  const [book] = filesIn(lake, '_siskin/sources')
  const record = JSON.parse(readFileSync(join(lake, book!), 'utf8')) as object
  const remember = () => {
    const { brokenOff: _, ...forgotten } = record as { readonly brokenOff: string }
    writeFileSync(join(lake, book!), JSON.stringify(forgotten))
  }
  const kept = () => readFileSync(join(lake, book!), 'utf8')
  remember()
  expect([await input.learn(broken, source), kept()]).toEqual([
    null,
    expect.stringContaining('"brokenOff"')
  ])
  remember()
  await localStore(lake).remove(filesIn(lake, '_siskin/ledger').at(-1)!)
  expect(first).toBeGreaterThan(0)
  expect([await input.learn(broken, source), kept()]).toEqual([
    null,
    expect.not.stringContaining('"brokenOff"')
  ])
})

test('what the lake remembers where a folder lies is read once to tell it, however often it is asked for', async () => {
  const lake = join(folder, 'lake')
  const loose = join(folder, 'loose')
  for (const { name, bytes } of readArchive(archive)) put(join(loose, name), bytes)
  await runInto(lake, loose)
  const { source } = recordsIn(lake)[0]!
  const input = new ArchiveInput(localStore(lake), [])
  const first = await input.find(source)
  expect(first?.path).toBe(loose)
  expect(await input.find(source)).toBe(first)
})

test('an archive that the disk does not give is not called absent, and mends when it does again', async () => {
  const lake = join(folder, 'unread')
  const own = join(folder, 'unread.tar')
  copyFileSync(archive, own)
  await runInto(lake, own)
  const parts = recordsIn(lake).length
  rmSync(join(lake, filesIn(lake, '_siskin/ledger')[1]!))
  damage(lake, filesIn(lake, 'ztf/packets')[0]!, 0, 100)
  utimesSync(own, 1e9, 1e9) // it is read again to be told
  const failing = {
    NODE_OPTIONS: `--import ${FAILING_DISK}`,
    FAILING_FILE: own,
    FAILING_FROM: '1000',
    FAILING_SPARED: '0'
  }
  const repair = ['repair', '--lake', lake, '--yes', '--deep']
  const failed = await siskin(repair, failing)
  expect(failed.code).toBe(1)
  expect(failed.stdout).toContain(`was, something cannot be read: source "${own}" cannot be`)
  expect(failed.stdout).not.toContain('not at hand')
  const mended = await ask(repair)
  expect(mended.code, mended.stdout).toBe(0)
  expect(recordsIn(lake)).toHaveLength(parts)
})
