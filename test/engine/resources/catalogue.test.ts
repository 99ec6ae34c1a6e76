import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, test } from 'vitest'
import { flag, id, number, text } from '#contract'
import { readCatalogue } from '../../../engine/resources/catalogue.ts'
import { temporaryFolder } from '../../support/siskin.ts'

const DATA = fileURLToPath(new URL('../../../../shared/data/catalogues', import.meta.url))
const hasData = existsSync(DATA)
if (!hasData) console.log(`skipped: real catalogues, no ${DATA}`)
const folder = temporaryFolder()
let made = 0

function csv(content: string): Promise<string> {
  const own = join(folder, String((made += 1)))
  mkdirSync(own)
  writeFileSync(join(own, 'stars.csv'), content)
  return Promise.resolve(own)
}

async function parquet(columns: string): Promise<string> {
  const own = join(folder, String((made += 1)))
  mkdirSync(own)
  const db = await (await DuckDBInstance.create(':memory:')).connect()
  await db.run(`COPY (SELECT ${columns}) TO '${join(own, 'stars.parquet')}' (FORMAT parquet)`)
  return own
}

const NEEDS = [text('type'), number('mag', 'mag'), id('gaia'), flag('known')]
const read = async (from: Promise<string>, needs = NEEDS as typeof NEEDS | []) =>
  readCatalogue(await from, 'stars', needs, () => {})
const values = (catalogue: Awaited<ReturnType<typeof read>>) =>
  [...catalogue!.columns.values()].map((column) => [...column])

describe('a catalogue as CSV', () => {
  test('each column as it is asked for; an empty cell is null, padding goes', async () => {
    const content =
      '\uFEFF# from somewhere\nname,ra, dec ,type,mag,gaia,known\n' +
      '"a, #1",10.5,-20,"EA   ",12.5,4611686018427387905,true\nb,11,-21,   ,,,\n'
    const found = await read(csv(content))
    expect(values(found)).toEqual([
      ['EA', null],
      [12.5, null],
      [4_611_686_018_427_387_905n, null],
      [true, null]
    ])
    expect(found!.index.nearest(10.5, -20, 1).at).toBe(0)
  })

  test.each([
    ['ra,dec,type\n1,2\n', /stars\.csv: Invalid Record Length/],
    ['ra,dec,type\n00 01 16.37,2,x\n', /row 1 has ra "00 01 16\.37", which is no number/],
    ['ra,dec,kind\n1,2,x\n', /unknown column of catalogue stars "type"/],
    ['', /it is empty: a line with the names of columns/],
    ['ra;dec;type\n10,5;-20,0;x\n', /stars\.csv: its columns are parted by semicolons: commas/],
    ['ra,dec,type,ra\n1,2,x,3\n', /stars: two columns are called "ra"/],
    ['ra,dec,type,type\n1,2,x,y\n', /stars: two columns are called "type"/],
    ['ra,dec,type\n0x10,2,x\n', /row 1 has ra "0x10", which is no number/],
    ['ra,dec,type\n1e999,2,x\n', /row 1 has ra "1e999", which is no number/]
  ])('%j is one sentence', async (content, says) => {
    await expect(read(csv(content), [text('type')] as never)).rejects.toThrow(says)
  })

  test('an id beyond 64 bits is none', async () => {
    const from = csv('ra,dec,gaia\n1,2,99999999999999999999\n')
    await expect(read(from, [id('gaia')] as never)).rejects.toThrow(/no whole number of 64 bits/)
  })

  test('lines may end in several ways; quotes keep theirs', async () => {
    const content = '# by hand\r\nra,dec,type\r\n10.5,-20,"E\r\nA"\n11,-21,EB\r12,-22,EC\n'
    expect(values(await read(csv(content), [text('type')] as never))).toEqual([
      ['E\r\nA', 'EB', 'EC']
    ])
  })

  test('hours all over the sky are told', async () => {
    const rows = Array.from({ length: 200 }, (_, i) => [i * 0.12, i * 0.8 - 80] as const)
    const told = async (turn: number) => {
      const lines = rows.map(([ra, dec]) => `${ra * turn},${dec}\n`)
      const said: string[] = []
      const from = await csv(`ra,dec\n${lines.join('')}`)
      await readCatalogue(from, 'stars', [], (message) => said.push(message))
      return said
    }
    expect(await told(1)).toEqual([expect.stringMatching(/stars\.csv: .* are these hours\?/)])
    expect(await told(15)).toEqual([])
  })

  test('one that is there as Parquet too is nobody’s choice', async () => {
    const own = await parquet('1.5::DOUBLE AS ra, 2::DOUBLE AS dec')
    writeFileSync(join(own, 'stars.csv'), 'ra,dec\n1,2\n')
    await expect(read(Promise.resolve(own), [])).rejects.toThrow(/stars is there twice: .*csv/)
  })
})

describe('whole numbers of 64 bits', () => {
  test('are numbers where a number holds them exactly, also as a place; small ones are ids', async () => {
    const columns =
      '7::BIGINT AS ra, 8::BIGINT AS dec, 9007199254740994::BIGINT AS n, 5::INTEGER AS own'
    const found = await read(parquet(columns), [number('n', ''), id('own')] as never)
    expect(values(found)).toEqual([[9_007_199_254_740_994], [5n]])
    expect(found!.index.nearest(7, 8, 1).at).toBe(0)
  })

  test('that no number holds are named with column and value', async () => {
    const from = parquet('7.0 AS ra, 8.0 AS dec, 9007199254740993::BIGINT AS n')
    await expect(read(from, [number('n', '')] as never)).rejects.toThrow(
      /stars\.parquet: "n" is asked for as number, but row 1 has 9007199254740993n \(bigint\), which is .*beyond 2\^53\): ask for it with id\(\)/
    )
  })

  test('what is no number says nothing, as null', async () => {
    const from = parquet("7.5::DOUBLE AS ra, 8::DOUBLE AS dec, 'NaN'::DOUBLE AS n")
    expect(values(await read(from, [number('n', '')] as never))).toEqual([[null]])
  })
})

describe('other names of the place', () => {
  test.each([
    ['RA_ICRS', 'DE_ICRS'],
    ['_RAJ2000', '_DEJ2000'],
    ['raj2000', 'dej2000'],
    ['RAdeg', 'DEdeg'],
    ['RA', 'Dec']
  ])('%s, %s', async (ra, dec) => {
    const at = read(parquet(`7::DOUBLE AS "${ra}", 8::DOUBLE AS "${dec}", 'x' AS e_RAdeg`), [])
    expect((await at)!.index.nearest(7, 8, 1).at).toBe(0)
  })

  test('"ra" goes before them; of several without it none is guessed', async () => {
    const two = '7::DOUBLE AS "RA_ICRS", 17::DOUBLE AS "RAJ2000", 8::DOUBLE AS dec'
    const own = await read(parquet(`${two}, 9::DOUBLE AS ra`), [])
    expect(own!.index.nearest(9, 8, 1).at).toBe(0)
    await expect(read(parquet(two), [])).rejects.toThrow(
      'catalogue stars: RA_ICRS or RAJ2000? Name the one "ra" that holds degrees (ICRS)'
    )
  })

  test.skipIf(!hasData)('types of the GCVS come without their padding', async () => {
    const gcvs = await readCatalogue(DATA, 'gcvs', [text('VarType')], () => {})
    const types = new Set(values(gcvs)[0] as (string | null)[])
    expect(types.has('EA')).toBe(true)
    expect([...types].filter((one) => one !== null && one !== one.trim())).toEqual([])
    const spicy = await readCatalogue(DATA, 'spicy', [text('class')], () => {})
    expect(spicy!.index.size).toBeGreaterThan(100_000)
  })
})
