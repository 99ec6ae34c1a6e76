import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { PartRecord } from '../../engine/lake/ledger.ts'
import { verifyLake } from '../../jobs/verify/verify.ts'
import { ask } from '../support/ask.ts'
import { fingerprint, temporaryFolder } from '../support/siskin.ts'
import { damage, filesIn, nightOf, recordsIn, runInto } from './support.ts'

const folder = temporaryFolder()
const whole = join(folder, 'whole')
let archive = ''
let records: PartRecord[] = []

beforeAll(async () => {
  archive = await nightOf(folder)
  await runInto(whole, archive)
  records = recordsIn(whole)
})

function copyOf(name: string): string {
  const copy = join(folder, name)
  cpSync(whole, copy, { recursive: true })
  return copy
}

const source = () => records[0]!.source
const bookPath = () => `_siskin/sources/${source()}.json`
const upToPath = () => `_siskin/seen/sources/${source()}.json`
const indexPath = () => filesIn(whole, '_siskin/seen').find((path) => path.endsWith('.ids'))!
const columnsPath = () => filesIn(whole, '_siskin/columns')[0]!

async function differencesOf(lake: string, deep = false): Promise<readonly string[]> {
  return (await verifyLake(lake, deep)).differences
}

async function repair(lake: string, ...more: string[]): Promise<void> {
  const { code, stdout, stderr } = await ask(['repair', '--lake', lake, '--yes', ...more])
  expect(code, stdout + stderr).toBe(0)
}

/** All but what was moved aside. */
function kept(lake: string): Record<string, string> {
  const files = Object.entries(fingerprint(lake))
  return Object.fromEntries(files.filter(([path]) => !path.startsWith('_siskin/foreign/')))
}

describe('what a lake keeps for itself', () => {
  it('is as the ledger says where nothing happened', async () => {
    expect(filesIn(whole, '_siskin/seen').length).toBeGreaterThan(1)
    expect(await verifyLake(whole, true)).toMatchObject({ ok: true, differences: [], notes: [] })
  })

  it.each([
    ['is gone', (lake: string) => rmSync(join(lake, indexPath())), /lacks \d+ alerts of source/],
    ['is cut off', (lake: string) => truncateSync(join(lake, indexPath()), 24), /lacks \d+ alerts/],
    [
      'is no list of marks',
      (lake: string) => truncateSync(join(lake, indexPath()), 23),
      /is damaged/
    ]
  ])('names an index file that %s; repair makes it again', async (_, happens, what) => {
    const lake = copyOf(`index-${String(what).length}-${_.length}`)
    happens(lake)
    const differences = await differencesOf(lake)
    expect(differences).toEqual([expect.stringMatching(what)])
    expect(differences[0]).toMatch(/would be (taken in|dropped)/)
    await repair(lake)
    expect(kept(lake)).toEqual(fingerprint(whole))
  })

  it('with --deep names an index that has alerts which its parts do not have', async () => {
    const lake = copyOf('index-foreign')
    const bytes = readFileSync(join(lake, indexPath()))
    bytes[8]! ^= 1 // the digest of the first mark
    writeFileSync(join(lake, indexPath()), bytes)
    expect(await differencesOf(lake)).toEqual([])
    expect(await differencesOf(lake, true)).toEqual([
      `${indexPath()} has 1 alert that its parts do not have: what is sent of them would be dropped as copies of what is not there`
    ])
    await repair(lake, '--deep')
    expect(kept(lake)).toEqual(fingerprint(whole))
  })

  it('names an index of parts that the ledger does not have, and what says too much', async () => {
    const lake = copyOf('index-more')
    const other = indexPath().replace(source(), 'other-0123456789ab')
    cpSync(join(lake, indexPath()), join(lake, other))
    writeFileSync(join(lake, upToPath()), '{"next": 999999}')
    writeFileSync(join(lake, '_siskin/seen/x.txt'), 'x')
    const differences = await differencesOf(lake)
    expect(differences.toSorted()).toEqual([
      expect.stringContaining(
        `${upToPath()} says that ${source()} is in the index of copies up to 999999`
      ),
      '_siskin/seen/x.txt is no file of the index of copies',
      expect.stringContaining(`${other} is of source other-0123456789ab, which the ledger does not`)
    ])
    await repair(lake)
    expect(kept(lake)).toEqual(fingerprint(whole))
  })

  it('names what says how far the index is and cannot be read; a run goes on all the same', async () => {
    const lake = copyOf('index-up-to')
    writeFileSync(join(lake, upToPath()), '{"ne')
    expect(await differencesOf(lake)).toEqual([expect.stringContaining(`${upToPath()} is damaged`)])
    await runInto(lake, archive)
    expect(kept(lake)).toEqual(fingerprint(whole))
  })

  it('knows by the index that the last parts of the ledger are lost, where nothing else does', async () => {
    const lake = copyOf('tail')
    const { files, first, last } = records.at(-1)!
    for (const { path } of files) rmSync(join(lake, path))
    rmSync(join(lake, filesIn(lake, '_siskin/ledger').at(-1)!))
    writeFileSync(
      join(lake, bookPath()),
      readFileSync(join(lake, bookPath()), 'utf8').replace(/"count": \d+/, '"count": null')
    )
    expect(await differencesOf(lake)).toEqual([
      expect.stringContaining(`not finished: ${first} packets so far`),
      `source ${source()}: packets ${first} to ${last} are missing; the index of copies says that they were in the lake`
    ])
    const { code, stdout } = await ask(['repair', '--lake', lake, '--yes', '--source', archive])
    expect(code, stdout).toBe(1)
    expect(stdout).toMatch(
      /done: \d+ alerts in 1 part.* \(found: .*: packets \d+ to \d+ are in no part\)/
    )
    expect(stdout).toContain('what was never read cannot be mended: siskin run takes it in')
    await runInto(lake, archive) // which finds that nothing more is in it
    const { differences, alerts } = await verifyLake(lake, true)
    expect([differences, alerts]).toEqual([[], records.reduce((sum, one) => sum + one.alerts, 0)])
  })

  it('names what it remembers of a source and is damaged; a run says what to do; repair learns it again', async () => {
    const lake = copyOf('book')
    damage(lake, bookPath(), 0, 10)
    const told = await differencesOf(lake)
    expect(told).toEqual([expect.stringContaining(`${bookPath()} is damaged: `)])
    const run = await ask(['run', archive, '--lake', lake])
    expect(run.code).toBe(1)
    expect(run.stderr).toContain('siskin repair makes it again')
    const renamed = join(folder, 'renamed.tar')
    cpSync(archive, renamed)
    await repair(lake)
    const { ok, notes } = await verifyLake(lake, true)
    expect([ok, notes]).toEqual([true, [expect.stringContaining('siskin repair --source')]])
    await repair(lake, '--source', renamed)
    const book = JSON.parse(readFileSync(join(lake, bookPath()), 'utf8')) as object
    const before = JSON.parse(readFileSync(join(whole, bookPath()), 'utf8')) as object
    expect({ ...book, stamp: null }).toEqual({ ...before, path: renamed, stamp: null })
    await runInto(lake, renamed)
    expect(recordsIn(lake)).toHaveLength(records.length)
  })

  it('names a document of columns that is gone, or not what its name says', async () => {
    const lake = copyOf('columns')
    damage(lake, columnsPath(), 0.5, 0.51)
    expect(await differencesOf(lake)).toEqual([
      expect.stringContaining('is damaged: units and UCDs')
    ])
    await repair(lake)
    rmSync(join(lake, columnsPath()))
    expect(await differencesOf(lake)).toEqual([
      expect.stringContaining('is missing: units and UCDs')
    ])
    const fewer = [
      '--modules',
      'quality,detections,solar_system',
      '--filters',
      'solar_system_known'
    ]
    const other = await ask(['repair', '--lake', lake, '--yes', ...fewer])
    expect([other.code, other.stdout]).toEqual([1, expect.stringContaining('the modules of now')])
    await repair(lake)
    expect(kept(lake)).toEqual(fingerprint(whole))
  })
})
