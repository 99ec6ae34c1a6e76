import { appendFileSync, cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { siskin, temporaryFolder } from '../support/siskin.ts'
import { filesIn, nightOf, recordsIn, runInto, verdictOf } from './support.ts'

test('a copy whose original never landed is named by verify --deep, and taken in by repair', async () => {
  const folder = temporaryFolder()
  const lake = join(folder, 'lake')
  const original = await nightOf(folder)
  const copy = join(folder, 'copy.tar')
  cpSync(original, copy)
  appendFileSync(copy, Buffer.alloc(512)) // the same packets, and another file
  await runInto(lake, original)
  await runInto(lake, copy)
  const { alerts } = await verdictOf(lake, '--deep')
  const [lost, kept] = [...new Set(recordsIn(lake).map(({ source }) => source))].sort((a) =>
    a.startsWith('night') ? -1 : 1
  )
  expect([lost, kept]).toMatchObject([/^night/, /^copy/].map((name) => expect.stringMatching(name)))
  // as if the run had been killed before any part of the original was in the lake
  for (const { source, files } of recordsIn(lake)) {
    if (source === lost) for (const { path } of files) rmSync(join(lake, path))
  }
  for (const path of filesIn(lake, '_siskin').filter((name) => name.includes(lost!)))
    rmSync(join(lake, path))
  rmSync(original)
  const told = await verdictOf(lake, '--deep')
  expect(told.differences[0]).toMatch(
    /^part copy-.*: the originals of \d+ of its duplicates are in no part: \d+/
  )
  const mended = await siskin(['repair', '--lake', lake, '--deep', '--yes'])
  expect(mended.code, mended.stdout + mended.stderr).toBe(0)
  expect(await verdictOf(lake, '--deep')).toMatchObject({
    ok: true,
    alerts,
    copies: 0,
    duplicates: 0
  })
})
