import { appendFileSync, cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { markBehind } from '../../engine/duplicates/behind.ts'
import { localStore } from '../../engine/store/local.ts'
import { RunClaim } from '../../engine/lake/run-claim.ts'
import { ask } from '../support/ask.ts'
import { temporaryFolder } from '../support/siskin.ts'
import { filesIn, nightOf, recordsIn, runInto, verdictOf } from './support.ts'

/** As if its run had been killed before any part of it was in the lake. */
function forget(lake: string, name: string): void {
  for (const { source, files } of recordsIn(lake)) {
    if (source.startsWith(name)) for (const { path } of files) rmSync(join(lake, path))
  }
  for (const path of filesIn(lake, '_siskin').filter((own) => own.includes(name)))
    rmSync(join(lake, path))
}

/** Of a run that lives elsewhere, as far as anybody here can know. */
const otherMachine = {
  me(command: string) {
    const now = new Date().toISOString()
    return { pid: 1, host: 'another', since: now, command, birth: '', beat: now }
  },
  isAlive: () => true,
  beat: () => () => {}
}

test('a copy whose original never landed is named by verify, and taken in by repair', async () => {
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
  forget(lake, lost!)
  rmSync(original)
  const orphans = /^part copy-.*: the originals of \d+ of its duplicates are in no part: \d+/
  const told = await verdictOf(lake)
  expect(told.differences[0]).toMatch(orphans)
  expect((await verdictOf(lake, '--deep')).differences).toEqual(told.differences)
  const mended = await ask(['repair', '--lake', lake, '--yes'])
  expect(mended.code, mended.stdout + mended.stderr).toBe(0)
  expect(await verdictOf(lake, '--deep')).toMatchObject({
    ok: true,
    alerts,
    copies: 0,
    duplicates: 0
  })
})

test('a duplicate whose original is on its way is looked at again, until it is there or lost', async () => {
  const folder = temporaryFolder()
  const lake = join(folder, 'lake')
  const original = await nightOf(folder)
  const copy = join(folder, 'copy.tar')
  cpSync(original, copy)
  appendFileSync(copy, Buffer.alloc(512))
  await runInto(lake, original)
  await runInto(lake, copy)
  forget(lake, 'night')
  const run = await RunClaim.take(localStore(lake), 'night', 'siskin run', otherMachine)
  await markBehind(localStore(lake), 'night', String(run.run))
  const onItsWay = async (...more: string[]) => {
    const { ok, notes } = await verdictOf(lake, '--deep', ...more)
    expect(ok).toBe(true)
    return notes.filter((note) => note.includes('of its duplicates are in no part'))
  }
  const during = await onItsWay()
  expect(during.length).toBeGreaterThan(3)
  expect(await onItsWay('--since', 'last')).toEqual(during)
  await run.release() // and its parts never came
  const after = await verdictOf(lake, '--deep', '--since', 'last')
  expect(after.differences[0]).toContain('of its duplicates are in no part')
  await runInto(lake, original)
  expect(await verdictOf(lake, '--deep', '--since', 'last')).toMatchObject({ ok: true, notes: [] })
  expect(await verdictOf(lake, '--deep', '--since', 'last')).toMatchObject({ received: 0 })
})
