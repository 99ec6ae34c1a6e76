import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { ledgerPath } from '../../engine/lake/ledger.ts'
import { ask } from '../support/ask.ts'
import { startSiskin, temporaryFolder } from '../support/siskin.ts'
import { filesIn, nightOf, recordsIn, runInto, verdictOf } from './support.ts'

const folder = temporaryFolder()
let archive = ''

beforeAll(async () => {
  archive = await nightOf(folder)
})

async function differencesOf(lake: string): Promise<readonly string[]> {
  return (await verdictOf(lake)).differences
}

it('a run that was killed: its source is not finished, until it is run again', async () => {
  const lake = join(folder, 'killed')
  const { child, ended } = startSiskin(['run', archive, '--lake', lake, '--part-packets', '5'])
  while (!existsSync(join(lake, '_siskin/ledger')) && child.exitCode === null) await delay(2)
  child.kill('SIGSTOP')
  const during = await verdictOf(lake)
  expect(during.notes).toEqual(
    expect.arrayContaining([expect.stringMatching(/not finished: \d+ packets so far; a run is at/)])
  )
  child.kill('SIGKILL')
  await ended
  const verdict = await ask(['verify', '--lake', lake])
  expect(verdict.code).toBe(1)
  const received = recordsIn(lake).reduce((sum, record) => sum + record.received, 0)
  expect(verdict.stdout).toMatch(
    new RegExp(
      `source night5-\\w+ was begun on 20\\S+Z and not finished: ${received} packets so far; run it again \\(siskin run ${archive} --lake ${lake}\\)`
    )
  )
  const repair = await ask(['repair', '--lake', lake])
  expect(repair.stdout + repair.stderr).toContain('siskin run takes it in')
  await runInto(lake, archive)
  expect(await verdictOf(lake)).toMatchObject({ ok: true, notes: [] })
})

it('repair does not change when the source was begun, and says once what it leaves', async () => {
  const lake = join(folder, 'begun')
  await runInto(lake, archive)
  const book = join(lake, filesIn(lake, '_siskin/sources')[0]!)
  writeFileSync(book, readFileSync(book, 'utf8').replace(/"count": \d+/, '"count": null'))
  const { source, files, first, last } = recordsIn(lake)[0]!
  const [begun] = await differencesOf(lake)
  expect(begun).toMatch(/was begun on 20\S+Z and not finished/)
  for (const { path } of files) rmSync(join(lake, path)) // what makes the repair claim the source
  rmSync(join(lake, ledgerPath(source, first, last)))
  const { stdout } = await ask(['repair', '--lake', lake, '--yes'])
  expect(stdout).toMatch(/done: .* \(found: .* are in no part/)
  expect(stdout.match(/not done: source \S+ was begun on/g)).toHaveLength(1)
  expect(await differencesOf(lake)).toEqual([begun])
})

it('a run that ended before its first part', async () => {
  const lake = join(folder, 'first')
  await runInto(join(folder, 'other'), archive)
  const [book] = filesIn(join(folder, 'other'), '_siskin/sources')
  const record = JSON.parse(readFileSync(join(folder, 'other', book!), 'utf8')) as object
  mkdirSync(join(lake, '_siskin/sources'), { recursive: true })
  writeFileSync(join(lake, book!), JSON.stringify({ ...record, count: null }))
  const { ok, differences } = await verdictOf(lake)
  expect(ok).toBe(false)
  expect(differences).toEqual([expect.stringContaining('was begun and not finished: 0 packets')])
})

it('an archive that broke off has ended: told, no difference, until the whole one comes', async () => {
  const bytes = readFileSync(archive)
  const broken = join(folder, 'broken.tar')
  writeFileSync(broken, bytes.subarray(0, bytes.length >> 1))
  const lake = join(folder, 'broken')
  expect((await ask(['run', broken, '--lake', lake])).code).toBe(1)
  const { ok, notes, received } = await verdictOf(lake)
  expect(ok).toBe(true)
  expect(notes).toEqual([
    expect.stringMatching(
      new RegExp(
        `^source broken-\\w+ ended with damage: .*; before it ${received} packets came into the lake`
      )
    )
  ])
  writeFileSync(broken, bytes)
  await runInto(lake, broken)
  expect(await verdictOf(lake)).toMatchObject({ ok: true, notes: [] })
})
