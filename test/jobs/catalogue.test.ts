import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zipSync } from 'fflate'
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

/** As TNS gives it out. */
const DUMP = `"2026-01-10 00:00:00 - 2026-01-10 23:59:59"
"objid","name_prefix","name","ra","declination","redshift","typeid","type","reporting_groupid","reporting_group","source_groupid","source_group","discoverydate","discoverymag","discmagfilter","filter","reporters","time_received","internal_names","Discovery_ADS_bibcode","Class_ADS_bibcodes","creationdate","lastmodified"
"1","SN","2026abc","10.5","41.25","0.05","3","SN Ia","48","ZTF","48","ZTF","2026-01-09 05:00:00.000","18.5","110","g-ZTF","A. Person, B. Other","2026-01-09 06:00:00","ZTF26aaaaaaa, ATLAS26xyz","","","2026-01-09 06:00:01","2026-01-10 01:00:00"
"2","AT","2026abd","200.25","-30.5","","","","48","ZTF","48","ZTF","2026-01-10 05:00:00.000","19.5","110","g-ZTF","A. Person","2026-01-10 06:00:00","ZTF26aaaaaab","","","2026-01-10 06:00:01","2026-01-10 06:00:01"
`

test('TNS is taken by its date, zipped or not; the newest snapshot is asked', async () => {
  const [csv, zip] = [join(folder, 'tns.csv'), join(folder, 'tns.csv.zip')]
  writeFileSync(csv, DUMP)
  const later = DUMP.replaceAll('2026-01-10', '2026-01-11').replace(
    '"AT","2026abd"',
    '"SN","2026abd"'
  )
  writeFileSync(zip, zipSync({ 'tns_public_objects.csv': Buffer.from(later) }))
  expect(await run('sync', 'tns', csv)).toMatchObject({ code: 0, stderr: '' })
  expect((await run('sync', 'tns', zip)).stdout).toMatch(/tns@2026-01-11: 2 objects/)
  const asked = async (name: string) => {
    const { stdout } = await run('query', name, '--ra', '200.25', '--dec', '-30.5', '--json')
    return JSON.parse(stdout) as Record<string, unknown>
  }
  expect(await asked('tns@2026-01-10')).toMatchObject({
    name: 'AT 2026abd',
    type: null,
    redshift: null
  })
  expect(await asked('tns')).toMatchObject({ name: 'SN 2026abd' })
  const first = await run('query', 'tns', '--ra', '10.5', '--dec', '41.25', '--json')
  expect(JSON.parse(first.stdout)).toMatchObject({
    type: 'SN Ia',
    redshift: 0.05,
    internal_names: 'ZTF26aaaaaaa, ATLAS26xyz'
  })
  writeFileSync(
    csv,
    `\uFEFF${DUMP.replace('- 2026-01-10 23', '- 23').replaceAll('2026-01-10', '2026-01-12')}`
  )
  expect((await run('sync', 'tns', csv)).stdout).toMatch(/tns@2026-01-12: 2 objects/)
  const day = join(folder, 'tns_public_objects_20260112.csv')
  writeFileSync(day, DUMP)
  expect((await run('sync', 'tns', day)).stderr).toMatch(/what changed in a day .*all objects are/)
  writeFileSync(csv, 'a,b\n1,2\n')
  expect((await run('sync', 'tns', csv)).stderr).toMatch(/its first line is no date/)
  expect((await run('sync', 'tns', csv, '--date', '2026-01-01')).stderr).toMatch(/no column "name"/)
})

test.each([
  [['build', 'nearby', 'nothing.csv', '--replace'], /nothing\.csv cannot be read/],
  [['build', 'nearby', 'x.csv'], /nearby is there already: --replace/],
  [['build', 'Near', 'x.csv'], /"Near" is no name of a catalogue/],
  [['build', 'other', 'x.doc'], /unknown kind of catalogue file "doc"; known: csv/],
  [['build', 'plain', table], /plain would be there twice: .*plain\.csv and .*plain: take/],
  [['add', 'other', 'cds:vizier'], /which table of VizieR\? As cds:vizier:I/],
  [['add', 'other', '/tmp'], /\/tmp is no HATS catalogue/],
  [['show', 'nowhere'], /unknown catalogue "nowhere"; known: .*nearby/],
  [['query', 'nearby', '--ra', 'x', '--dec', '1'], /--ra x --dec 1: "x" is no coordinate/]
])('%j: one sentence, and exit code 2', async (args, message) => {
  const { code, stderr } = await run(...args)
  expect(stderr).toMatch(message)
  expect(stderr.trim().split('\n')).toHaveLength(1)
  expect(code).toBe(2)
})

test('the folder is made for the first of them', async () => {
  const own = join(folder, 'not/yet')
  const at = ['--catalogues', own]
  expect((await siskin(['catalogue', 'list', ...at])).stderr).toMatch(/no such folder/)
  expect(await siskin(['catalogue', 'build', 'first', table, ...at])).toMatchObject({ code: 0 })
  expect(await siskin(['catalogue', 'add', 'first', join(own, 'first'), ...at])).toMatchObject({
    stderr: expect.stringMatching(/first would be there twice: .*first and .*first\.url/)
  })
})

test('where the catalogues are must be said', async () => {
  const { code, stderr } = await siskin(['catalogue', 'list'])
  expect(stderr).toMatch(/where are the catalogues\? Give --catalogues/)
  expect(code).toBe(2)
})
