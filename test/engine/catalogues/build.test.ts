import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildCatalogue } from '../../../engine/catalogues/build/build.ts'
import type { BuildOptions } from '../../../engine/catalogues/build/build.ts'
import { decOf, raOf } from '../../../engine/catalogues/build/coordinates.ts'
import { coneOfHats } from '../../../engine/catalogues/folder/cone.ts'
import { openHats } from '../../../engine/catalogues/hats/hats.ts'
import { openStore } from '../../../engine/store/open-store.ts'
import { temporaryFolder } from '../../support/siskin.ts'

const folder = temporaryFolder()
const store = openStore(join(folder, 'catalogues'))
let times = 0

async function build(text: string, over: Partial<BuildOptions> = {}) {
  const name = over.name ?? `own${times++}`
  const input = over.input ?? join(folder, `${name}.csv`)
  writeFileSync(input, text)
  const built = await buildCatalogue({
    store,
    name,
    input,
    ra: null,
    dec: null,
    raUnit: 'degrees',
    columns: null,
    rows: 1000,
    isAllSky: false,
    isReplacing: false,
    ...over
  })
  const hats = (await openHats(name, `${store.root}/${name}`))!
  return { ...built, all: await coneOfHats(hats, { ra: 10, dec: 41, radius: 36_000 }) }
}

test('degrees, hours and sexagesimal text are one place', async () => {
  const degrees = await build('id,ra,dec\n1,10.6847083,41.26875\n')
  const hours = await build('id,ra,dec\n1,0.71231388667,41.26875\n', { raUnit: 'hours' })
  const text = await build('id,RAJ2000,DEJ2000\n1,00 42 44.33,+41 16 07.5\n')
  const colons = await build('id,a,d\n1,0:42:44.33,41:16:7.5\n', { ra: 'a', dec: 'd' })
  for (const { all } of [degrees, hours, text, colons]) {
    expect(all).toHaveLength(1)
    expect(all[0]!.separation).toBeCloseTo(degrees.all[0]!.separation, 1)
  }
  expect(raOf('10h0m0s', 'degrees')).toBe(150)
  expect(raOf('10d30m0s', 'degrees')).toBe(10.5)
  expect(raOf(-10, 'degrees')).toBe(350)
  expect(decOf('-0:30:0')).toBe(-0.5)
})

test('rows without a place are left out and named; equal ones are kept', async () => {
  const built = await build('id,ra,dec\n1,10,41\n2,,41\n3,10,NaN\n4,10,41\n5,10,41\n')
  expect(built).toMatchObject({ rows: 3, without: [2, 3] })
  expect(built.all.map(({ id }) => id)).toEqual([1n, 4n, 5n])
})

test.each([
  [
    'a declination that is none',
    'id,ra,dec\n1,10,41\n2,10,95\n',
    /row 2: declination 95 is outside/
  ],
  [
    'a right ascension that is none',
    'id,ra,dec\n1,500,41\n',
    /row 1: right ascension 500 is outside/
  ],
  ['a place that is a word', 'id,ra,dec\n1,10,41\n2,north,41\n', /row 2: "north" is no coordinate/],
  ['no rows', 'id,ra,dec\n', /no row has a place/],
  ['no places', 'id,ra,dec\n1,,\n', /no row has a place/],
  ['a column that is missing', 'id,lon,lat\n1,10,41\n', /unknown column of .* "ra"; known: .*lat/]
])('%s is refused', async (_, text, message) => {
  await expect(build(text)).rejects.toThrow(message)
})

test('what is there stays until the new one is whole, and is replaced only when that is asked', async () => {
  await build('id,ra,dec\n1,10,41\n', { name: 'kept' })
  await expect(build('id,ra,dec\n2,10,41\n', { name: 'kept' })).rejects.toThrow(/--replace/)
  mkdirSync(join(store.root, 'kept.new'))
  writeFileSync(join(store.root, 'kept.new/left-over'), 'of one that was killed')
  const { all } = await build('id,ra,dec\n2,10,41\n', { name: 'kept', isReplacing: true })
  expect(all.map(({ id }) => id)).toEqual([2n])
  expect(readdirSync(store.root).filter((name) => name.startsWith('kept'))).toEqual(['kept'])
  expect(readdirSync(join(store.root, 'kept'))).toEqual(['collection.properties', 'kept'])
})

test('ECSV as astropy writes it, with blanks between its columns', async () => {
  const head = '# %ECSV 1.0\n# ---\n# datatype:\n# - {name: ra, unit: deg, datatype: float64}\n'
  const { all } = await build(
    `${head}# schema: astropy-2.0\nra dec name\n10.5 41.0 "M 31"\n10.6 41.1 M32\n`,
    {
      name: 'table',
      input: join(folder, 'table.ecsv')
    }
  )
  expect(all.map(({ name }) => name)).toEqual(['M 31', 'M32'])
})

test('a VOTable: its numbers, ids and texts, nulls and all', async () => {
  const head = '<VOTABLE version="1.4"><RESOURCE><TABLE>'
  const fields =
    '<FIELD name="id" datatype="long"/><FIELD name="RAJ2000" datatype="double" unit="deg"/><FIELD name="DEJ2000" datatype="double" unit="deg"/><FIELD name="name" datatype="char" arraysize="*"/><FIELD name="mag" datatype="float"/>'
  const row = (...cells: string[]) => `<TR>${cells.map((cell) => `<TD>${cell}</TD>`).join('')}</TR>`
  const data = row('9007199254740993', '10.5', '41', '007', '12.5') + row('2', '10.6', '41', '', '')
  const { all } = await build(
    `${head}${fields}<DATA><TABLEDATA>${data}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>`,
    { name: 'vo', input: join(folder, 'vo.vot') }
  )
  expect(all).toMatchObject([
    { id: 9007199254740993n, name: '007', mag: 12.5 },
    { id: 2n, name: null, mag: null }
  ])
})

test.each([
  ['radians', 'unit="rad"', /"ra" is in rad: degrees are wanted/],
  ['another equinox', 'unit="deg" ref="sys"', /"ra" is of the system eq_FK4/]
])('a VOTable in %s is refused', async (name, own, message) => {
  const place = (called: string) => `<FIELD name="${called}" datatype="double" ${own}/>`
  const text = `<VOTABLE version="1.4"><RESOURCE><COOSYS ID="sys" system="eq_FK4"/><TABLE>${place('ra')}${place('dec')}<DATA><TABLEDATA><TR><TD>1</TD><TD>1</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>`
  await expect(build(text, { name: 'not', input: join(folder, `${name}.vot`) })).rejects.toThrow(
    message
  )
})

test('radians all over the sky are refused, hours are told; an empty file is said to be one', async () => {
  const rows = (ra: number, dec: number) =>
    Array.from({ length: 300 }, (_, i) => `${(ra * i) / 300},${dec * Math.cos(i)}`).join('\n')
  await expect(build(`ra,dec\n${rows(2 * Math.PI, 1.5)}\n`)).rejects.toThrow(/is it in radians\?/)
  const told: string[] = []
  await build(`ra,dec\n${rows(24, 90)}\n`, { warn: (text) => told.push(text) })
  expect(told).toEqual([expect.stringMatching(/are these hours\?/)])
  await expect(build('')).rejects.toThrow(/\.csv is empty/)
})

test('only the columns that are named', async () => {
  const { all } = await build('id,ra,dec,a,b\n1,10,41,2,3\n', { columns: ['b'] })
  expect(Object.keys(all[0]!).sort()).toEqual(['_healpix_29', 'b', 'dec', 'ra', 'separation'])
})
