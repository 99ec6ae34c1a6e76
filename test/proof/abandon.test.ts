import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ledgerPath } from '../../engine/lake/ledger.ts'
import type { PartRecord } from '../../engine/lake/ledger.ts'
import { ask } from '../support/ask.ts'
import { temporaryFolder } from '../support/siskin.ts'
import { filesIn, nightOf, recordsIn, runInto, verdictOf } from './support.ts'

const folder = temporaryFolder()

function lose(lake: string, { source, first, last, files }: PartRecord): void {
  for (const { path } of files) rmSync(join(lake, path))
  rmSync(join(lake, ledgerPath(source, first, last)))
}

test('a source that was begun and whose archive is gone for ever is given up, and goes on should it turn up', async () => {
  const lake = join(folder, 'lake')
  const archive = await nightOf(folder)
  const elsewhere = join(folder, 'found.tar')
  await runInto(lake, archive)
  const whole = await verdictOf(lake, '--deep')
  const book = join(lake, filesIn(lake, '_siskin/sources')[0]!)
  writeFileSync(book, readFileSync(book, 'utf8').replace(/"count": \d+/, '"count": null'))
  const parts = recordsIn(lake)
  const { source } = parts[0]!
  lose(lake, parts[2]!)
  lose(lake, parts.at(-1)!)
  const abandon = (...more: string[]) =>
    ask(['repair', '--lake', lake, '--abandon', source, ...more])

  const wrong = await ask(['repair', '--lake', lake, '--abandon', `${source}x`])
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining(`(${source}?)`)])
  const atHand = await abandon('--yes')
  expect([atHand.code, atHand.stdout]).toEqual([1, expect.stringContaining('is at hand')])
  renameSync(archive, elsewhere)
  const before = await verdictOf(lake)
  expect(before.differences).toHaveLength(2) // a gap, and that it is not finished
  const asked = await abandon()
  expect([asked.code, asked.stdout]).toEqual([1, expect.stringContaining('say --yes')])
  expect(await verdictOf(lake)).toEqual(before)

  const done = await abandon('--yes')
  expect(done.code, done.stdout).toBe(0)
  const given = await verdictOf(lake, '--deep')
  expect([given.ok, given.differences]).toEqual([true, []])
  const { first, last } = parts[2]!
  expect(given.notes).toEqual([
    `source ${source}: packets ${first} to ${last} are missing, and were given up`,
    expect.stringMatching(/not finished: \d+ packets so far; it was abandoned on 20\S+Z/)
  ])
  const again = await abandon('--yes')
  expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('nothing is to be given')])
  expect((await verdictOf(lake, '--since', 'last')).ok).toBe(true)

  lose(lake, parts[4]!) // what is lost since is no more than before given up
  expect((await verdictOf(lake)).differences).toEqual([
    expect.stringMatching(new RegExp(`packets ${parts[4]!.first} to ${parts[4]!.last} are missing`))
  ])
  await runInto(lake, elsewhere)
  expect(await verdictOf(lake, '--deep')).toEqual(whole)
})

test('nothing is given up of a source that is whole', async () => {
  const lake = join(folder, 'whole')
  await runInto(lake, await nightOf(folder, 6))
  const { source } = recordsIn(lake)[0]!
  const { code, stdout } = await ask(['repair', '--lake', lake, '--abandon', source, '--yes'])
  expect([code, stdout]).toEqual([0, expect.stringContaining('nothing of it is missing')])
  expect(await verdictOf(lake)).toMatchObject({ ok: true, notes: [] })
})
