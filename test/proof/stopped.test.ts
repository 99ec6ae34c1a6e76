import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, it } from 'vitest'
import { tarOf } from '../support/archives.ts'
import { syntheticZtf } from '../support/packets.ts'
import { siskin, startSiskin, temporaryFolder } from '../support/siskin.ts'
import { filesIn, recordsIn, verdictOf } from './support.ts'

const FAILING_DISK = fileURLToPath(new URL('../support/failing-disk.mjs', import.meta.url))
const folder = temporaryFolder()
const sources = ['first.tar', 'second.tar'].map((name) => join(folder, name))
const packets = [8, 500]

beforeAll(() => {
  const [few, many] = packets as [number, number]
  const made = syntheticZtf(few + many)
  writeFileSync(sources[0]!, tarOf(made.slice(0, few)))
  writeFileSync(sources[1]!, tarOf(made.slice(few)))
})

const runOf = (lake: string) => {
  return ['run', ...sources, '--lake', lake, '--part-packets', '4', '--members', '1']
}

/** A run whose first source is in the lake, and of the second some parts. */
async function inTheSecond(lake: string) {
  const { child, ended } = startSiskin(runOf(lake))
  const hasBegun = () =>
    existsSync(join(lake, '_siskin/ledger')) &&
    filesIn(lake, '_siskin/ledger').some((path) => path.includes('/second-'))
  while (!hasBegun() && child.exitCode === null) await delay(2)
  return { child, ended }
}

const UNFINISHED = expect.stringMatching(/^source second-\w+ was begun on .* not finished/)

it('Ctrl-C: what was taken in is in the index of copies, of the source that was read to its end and of the other', async () => {
  const lake = join(folder, 'ctrl-c')
  const { child, ended } = await inTheSecond(lake)
  child.kill('SIGINT')
  await ended
  expect(child.exitCode).toBe(130)
  const { differences, notes, received } = await verdictOf(lake)
  expect(received).toBeLessThan(packets[0]! + packets[1]!)
  expect([differences, notes]).toEqual([[UNFINISHED], []])
})

it('killed: that the index lacks the last alerts is a note, and the next run or a repair settles it', async () => {
  const lake = join(folder, 'killed')
  const { child, ended } = await inTheSecond(lake)
  child.kill('SIGKILL')
  await ended
  const { differences, notes } = await verdictOf(lake)
  expect(differences).toContainEqual(UNFINISHED)
  expect(differences.join()).not.toContain('index of copies')
  expect(notes).toContainEqual(
    expect.stringMatching(
      /^8 alerts of source first-\w+ are not in the index of copies: .* until the next run, stream or requeue begins/
    )
  )
  const { stdout } = await siskin(['repair', '--lake', lake, '--yes'])
  expect(stdout).toMatch(/done: .*8 alerts of source first-\S+ are not in the index/)
  expect((await verdictOf(lake)).notes.join()).not.toContain('index of copies')
  const { code, stderr } = await siskin(runOf(lake))
  expect(code, stderr).toBe(0)
  expect(await verdictOf(lake)).toMatchObject({ ok: true, notes: [] })
})

it('a run that fails in its second source: the first is in the index of copies', async () => {
  const lake = join(folder, 'failed')
  const env = {
    NODE_OPTIONS: `--import ${FAILING_DISK}`,
    FAILING_FILE: sources[1]!,
    FAILING_FROM: '3000000'
  }
  const failed = await siskin(runOf(lake), env)
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('EIO')])
  expect(recordsIn(lake).some(({ source }) => source.startsWith('first-'))).toBe(true)
  const { differences, notes } = await verdictOf(lake)
  expect([...differences, ...notes].filter((text) => text.includes('index of copies'))).toEqual([])
})
