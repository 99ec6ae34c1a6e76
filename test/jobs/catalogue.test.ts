import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const folder = temporaryFolder()
const catalogues = join(folder, 'catalogues')
const table = join(folder, 'nearby.csv')

const run = (...args: string[]) => siskin(['catalogue', ...args, '--catalogues', catalogues])

beforeAll(async () => {
  mkdirSync(catalogues)
  writeFileSync(
    table,
    'name,ra,dec,distance\nM31,10.684708,41.26875,0.78\nM32,10.674300,40.865287,0.76\nM33,23.46204,30.660222,0.85\n'
  )
  const built = await run('build', 'nearby', table)
  expect(built).toMatchObject({ code: 0, stderr: '' })
  expect(built.stdout).toMatch(/nearby: 3 rows in \d+ partitions?, .*% of the sky/)
})

test('a catalogue is built, listed, shown, and asked in any form of coordinates', async () => {
  writeFileSync(join(catalogues, 'plain.csv'), readFileSync(table))
  const { stdout: listed } = await run('list')
  expect(listed).toMatch(/^nearby: .*3 rows, \d+ partitions?, version [0-9a-f]{12}$/m)
  expect(listed).toMatch(/^plain: .*plain\.csv, read into memory$/m)
  const { stdout: shown } = await run('show', 'nearby')
  expect(JSON.parse(shown)).toMatchObject({ name: 'nearby', properties: { hats_nrows: '3' } })
  const near = ['--ra', '0:42:44.3', '--dec', '+41:16:09', '--radius', '1800']
  for (const name of ['nearby', 'plain']) {
    const { stdout } = await run('query', name, ...near, '--json')
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(rows.map((row) => row['name'])).toEqual(['M31', 'M32'])
    expect(rows[0]!['separation']).toBeLessThan(3)
  }
})

test('one that lies elsewhere is registered, and found under its name', async () => {
  const added = await run('add', 'elsewhere', join(catalogues, 'nearby'))
  expect(added.stdout).toMatch(/^elsewhere: .*nearby, 3 rows/)
  const { stdout } = await run('query', 'elsewhere', '--ra', '23.46', '--dec', '30.66')
  expect(stdout).toMatch(/nothing within the radius/)
  const wider = await run('query', 'elsewhere', '--ra', '23.46', '--dec', '30.66', '--radius', '10')
  expect(wider.stdout).toMatch(/M33/)
})

test.each([
  [['build', 'nearby', 'nothing.csv', '--replace'], /nothing\.csv cannot be read/],
  [['build', 'nearby', 'x.csv'], /nearby is there already: --replace/],
  [['build', 'Near', 'x.csv'], /"Near" is no name of a catalogue/],
  [['build', 'other', 'x.doc'], /unknown kind of catalogue file "doc"; known: csv/],
  [['add', 'other', '/tmp'], /\/tmp is no HATS catalogue/],
  [['show', 'nowhere'], /unknown catalogue "nowhere"; known: .*nearby/],
  [['query', 'nearby', '--ra', 'x', '--dec', '1'], /--ra x --dec 1: "x" is no coordinate/]
])('%j: one sentence, and exit code 2', async (args, message) => {
  const { code, stderr } = await run(...args)
  expect(stderr).toMatch(message)
  expect(stderr.trim().split('\n')).toHaveLength(1)
  expect(code).toBe(2)
})

test('where the catalogues are must be said', async () => {
  const { code, stderr } = await siskin(['catalogue', 'list'])
  expect(stderr).toMatch(/where are the catalogues\? Give --catalogues/)
  expect(code).toBe(2)
})
