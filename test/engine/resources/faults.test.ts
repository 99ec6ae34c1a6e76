import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { buildCatalogue } from '../../../engine/catalogues/build/build.ts'
import { openCds } from '../../../engine/catalogues/cds/open.ts'
import type { From } from '../../../engine/resources/open-catalogues.ts'
import { openResources } from '../../../engine/resources/resources.ts'
import { openStore } from '../../../engine/store/open-store.ts'
import { tableOf } from '../../conformance/batch.ts'
import { identityModel } from '../../support/identity-model.ts'
import { temporaryFolder } from '../../support/siskin.ts'

/** Catalogues that are not as they should be: no alert waits for them, and somebody is told. */

const folder = temporaryFolder()
const onnx = join(folder, 'identity.onnx')
process.env['SISKIN_TEST_MODEL'] = pathToFileURL(onnx).href
const { askingPlan } = await import('../../support/asking-modules.ts')
const { stars } = askingPlan().filters[0]!.lookups!
const STARS = 'ra,dec,VarType\n10,20,M\n11,21,RR\n'

beforeAll(() => writeFileSync(onnx, identityModel()))

function made(name: string, files: Readonly<Record<string, string>>): string {
  const own = join(folder, name)
  mkdirSync(own)
  for (const [file, text] of Object.entries(files)) writeFileSync(join(own, file), text)
  return own
}

async function opened(catalogues: string, more: Partial<From> = {}) {
  const told: string[] = []
  const warn = (text: string) => told.push(text)
  const resources = await openResources(askingPlan(), { catalogues, warn, ...more })
  const status = async () => {
    const answers = await resources.ask(tableOf('ztf', [{ ra: 10, dec: 20 }]))
    return answers.for({ stars: stars! })['stars']!.status.at(0)
  }
  return { told, status }
}

async function built(name: string, file: string, rows: number): Promise<string> {
  const store = openStore(join(folder, name))
  const facts = { ra: null, dec: null, raUnit: 'degrees', columns: null } as const
  const options = { rows, isAllSky: true, isReplacing: false }
  await buildCatalogue({ store, name: 'stars', input: file, ...facts, ...options })
  return store.root
}

test.each([
  ['a CSV file and a Parquet one', { 'stars.csv': STARS, 'stars.parquet': 'PAR1' }],
  ['a file and an address', { 'stars.csv': STARS, 'stars.url': 'elsewhere' }]
])('%s of one name: which is meant is asked', async (name, files) => {
  await expect(opened(made(name, files))).rejects.toThrow(
    /stars is there twice: .*stars\.csv and .*stars\.(parquet|url): take one/
  )
})

test('a file and a folder of one name, too', async () => {
  const own = await built('both', join(made('csv', { 'stars.csv': STARS }), 'stars.csv'), 100)
  writeFileSync(join(own, 'stars.csv'), STARS)
  await expect(opened(own)).rejects.toThrow(/there twice: .*both\/stars and .*both\/stars\.csv/)
})

test.each([
  ['stars.fits', { 'stars.fits': 'SIMPLE' }, /; stars\.fits is none of \.parquet, \.csv, \.vot/],
  [
    'stars.url',
    { 'stars.url': 'gone/stars\n' },
    /no HATS catalogue at .*\/stars\.url\/gone\/stars:/
  ]
])('what %s is instead is said, and nothing is known', async (name, files, text) => {
  const { told, status } = await opened(made(name, files))
  expect(told).toEqual([expect.stringMatching(text)])
  expect(await status()).toBe('unavailable')
})

test('a folder without properties is named; places in hours are for the builder', async () => {
  const own = made('bare', {})
  mkdirSync(join(own, 'stars'))
  expect((await opened(own)).told).toEqual([
    expect.stringContaining('stars/ has no hats.properties')
  ])
  const sexagesimal = STARS.replace('10,20', '00:40:00,+20:00:00')
  await expect(opened(made('hours', { 'stars.csv': sexagesimal }))).rejects.toThrow(
    /ra "00:40:00", which is no number: siskin catalogue build takes such places/
  )
  await expect(opened(made('nothing', { 'stars.csv': '' }))).rejects.toThrow(/it is empty/)
})

test('its first partition is missing: the others are answered', async () => {
  const rows = Array.from({ length: 200 }, (_, i) => `${(i * 37) % 360},${(i % 160) - 80},M`)
  const file = join(made('many', { 'many.csv': `${STARS}${rows.join('\n')}\n` }), 'many.csv')
  const own = await built('parts', file, 20)
  const store = openStore(own)
  const [first] = (await store.list('stars/stars/dataset')).filter(({ path }) =>
    /Npix=\d+\.parquet$/.test(path)
  )
  await store.remove(first!.path)
  expect(await (await opened(own)).status()).toBe('found')
})

test('one that is spoilt after it was checked stops no member, and is told', async () => {
  const { told, status } = await opened(made('spoilt', { 'stars.csv': 'x' }), { isChecked: true })
  expect(told).toEqual([
    expect.stringMatching(/^unknown column of catalogue stars|^catalogue stars/)
  ])
  expect(await status()).toBe('unavailable')
})

describe('a table of the CDS', () => {
  const before = process.env['XDG_CACHE_HOME']
  afterEach(() => void (process.env['XDG_CACHE_HOME'] = before ?? ''))

  test.each([
    ['a folder that cannot be made', (at: string) => writeFileSync(at, '')],
    [
      'a file that is no database',
      (at: string) => {
        mkdirSync(join(at, 'siskin'), { recursive: true })
        writeFileSync(join(at, 'siskin/lookups'), '')
      }
    ]
  ])('%s: answers are not kept, no alert is lost, and both are told', async (name, spoil) => {
    const cache = join(folder, `cache of ${name}`)
    spoil(cache)
    process.env['XDG_CACHE_HOME'] = cache
    const own = made(`cds ${name}`, { 'stars.url': 'cds:stars http://127.0.0.1:1/xmatch\n' })
    const { told, status } = await opened(own)
    expect(await status()).toBe('unavailable')
    expect(told).toEqual([
      expect.stringMatching(/answers of the CDS cannot be kept in .*lookups/),
      expect.stringMatching(/catalogue stars: http:.* does not answer/)
    ])
  })

  test('what covers a place is not asked there', () => {
    const question = { asked: [], radius: 60, hasExtent: true, warn: () => {} }
    const table = { service: 'http://127.0.0.1:1', table: 'simbad' }
    expect(() => openCds('stars', table, question)).toThrow(
      /finds what is nearest, not what covers/
    )
  })
})
