import { readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildCatalogue } from '../../../engine/catalogues/build/build.ts'
import type { BuildOptions } from '../../../engine/catalogues/build/build.ts'
import { openHats } from '../../../engine/catalogues/hats/hats.ts'
import { askHats } from '../../../engine/catalogues/hats/match.ts'
import { SkyIndex } from '../../../engine/catalogues/sky-index.ts'
import { openStore } from '../../../engine/store/open-store.ts'
import { random } from '../../support/random.ts'
import { temporaryFolder } from '../../support/siskin.ts'
import { SKIES } from '../../support/skies.ts'

const folder = temporaryFolder()
const store = openStore(join(folder, 'catalogues'))

/** A catalogue of every odd place of the sky. */
const rng = random(3)
const places = SKIES.flatMap(([, draw]) => Array.from({ length: 800 }, () => draw(rng, 0.2)))
places.push(places[0]!, places[0]!) // equal positions

const defaults: Omit<BuildOptions, 'name' | 'input'> = {
  store,
  ra: null,
  dec: null,
  raUnit: 'degrees',
  columns: null,
  rows: 100,
  isAllSky: false,
  isReplacing: false
}

function csv(name: string, text: string): string {
  const path = join(folder, `${name}.csv`)
  writeFileSync(path, text)
  return path
}

const wanted = new Map([
  ['id', 'id'],
  ['name', 'text']
] as const)

beforeAll(async () => {
  const lines = places.map(([ra, dec], i) => `${i},${ra},${dec},star ${i}`)
  const input = csv('sky', `id,ra,dec,name\n${lines.join('\n')}\n`)
  const built = await buildCatalogue({ ...defaults, name: 'sky', input, isAllSky: true })
  expect(built).toMatchObject({ rows: places.length, without: [], share: 1 })
  expect(built.partitions).toBeGreaterThan(40)
})

async function opened(name: string, at = `${store.root}/${name}`) {
  const told: string[] = []
  const hats = (await openHats(name, at))!
  return {
    told,
    hats,
    asked: askHats(hats, { cacheBytes: 1e6, warn: (text) => told.push(text) })
  }
}

test.each([1, 60, 3600, 30_000])(
  'within %d arcsec the same as of all rows in memory',
  async (radius) => {
    const index = new SkyIndex(
      places.map(([ra]) => ra),
      places.map(([, dec]) => dec)
    )
    const draw = random(4)
    const asking = SKIES.flatMap(([, place]) => Array.from({ length: 200 }, () => place(draw, 0.2)))
    asking.push(...places.slice(0, 300).map(([ra, dec]): [number, number] => [ra, dec]))
    const { asked, told } = await opened('sky')
    const matches = await asked.nearest(
      {
        ra: Float64Array.from(asking, ([ra]) => ra),
        dec: Float64Array.from(asking, ([, dec]) => dec)
      },
      { radius },
      wanted
    )
    let found = 0
    for (const [row, [ra, dec]] of asking.entries()) {
      const { at, separation } = index.nearest(ra, dec, radius)
      expect(matches.status(row)).toBe(at < 0 ? 'none' : 'found')
      expect(matches.separation(row)).toBe(at < 0 ? null : separation)
      expect(matches.value('id', row)).toBe(at < 0 ? null : BigInt(at))
      expect(matches.value('name', row)).toBe(at < 0 ? null : `star ${at}`)
      if (at >= 0) found++
    }
    expect(found).toBeGreaterThanOrEqual(300)
    expect(told).toEqual([])
  }
)

test('a position that is none, and what lies outside of what was searched', async () => {
  const own = Array.from({ length: 2000 }, () => [120 + 4 * rng(), 10 + 4 * rng()])
  const input = csv('field', `RA_ICRS,DE_ICRS\n${own.map((row) => row.join()).join('\n')}\n`)
  const built = await buildCatalogue({ ...defaults, name: 'field', input, rows: 5000 })
  expect(built.partitions).toBeLessThan(4)
  expect(built.share).toBeLessThan(0.005)
  const { asked } = await opened('field')
  const [ra, dec] = own[7]!
  const at = {
    ra: Float64Array.of(ra!, 122, 200, Number.NaN, 124.2),
    dec: Float64Array.of(dec!, 12, -40, 3, 12)
  }
  const matches = await asked.nearest(at, { radius: 0.01 }, new Map())
  const status = [0, 1, 2, 3, 4].map((row) => matches.status(row))
  expect(status).toEqual(['found', 'none', 'not-covered', 'none', 'none'])
})

test('a partition that is damaged: who asks there hears that it cannot be said, the others are answered', async () => {
  const lines = places.map(([ra, dec], i) => `${i},${ra},${dec},star ${i}`)
  const input = csv('torn', `id,ra,dec,name\n${lines.join('\n')}\n`)
  await buildCatalogue({ ...defaults, name: 'torn', input, isAllSky: true })
  const data = join(store.root, 'torn/torn/dataset')
  const files = readdirSync(data, { recursive: true })
    .map(String)
    .filter((path) => path.includes('Npix'))
  const torn = join(data, files[0]!)
  truncateSync(torn, statSync(torn).size - 100)
  const { asked, told } = await opened('torn')
  const at = {
    ra: Float64Array.from(places, ([ra]) => ra),
    dec: Float64Array.from(places, ([, dec]) => dec)
  }
  for (let times = 0; times < 2; times++) {
    const matches = await asked.nearest(at, { radius: 1 }, wanted)
    const lost = places.filter((_, row) => matches.status(row) === 'unavailable').length
    expect(lost).toBeGreaterThan(0)
    expect(lost).toBeLessThan(300)
    expect(
      places.every(
        (_, row) => matches.status(row) === 'unavailable' || matches.value('id', row) !== null
      )
    ).toBe(true)
  }
  expect(told).toEqual([expect.stringContaining('is no readable Parquet file')])
})

test('at a web server, by ranges', async () => {
  let bytes = 0
  const server = createServer((request, response) => {
    const path = join(store.root, request.url!)
    const size = statSync(path, { throwIfNoEntry: false })?.size
    if (size === undefined) return response.writeHead(404).end()
    if (request.method === 'HEAD') {
      return response.writeHead(200, { etag: '"1"', 'content-length': size }).end()
    }
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    const part = readFileSync(path).subarray(Number(from), Number(to) + 1)
    bytes += part.length
    return response.writeHead(206, { etag: '"1"', 'content-length': part.length }).end(part)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterAll(() => void server.close())
  const { port } = server.address() as AddressInfo
  const { asked } = await opened('sky', `http://127.0.0.1:${port}/sky`)
  const [ra, dec] = places[5]!
  const matches = await asked.nearest(
    { ra: Float64Array.of(ra), dec: Float64Array.of(dec) },
    { radius: 1 },
    wanted
  )
  expect(matches.value('name', 0)).toBe('star 5')
  expect(bytes).toBeLessThan(50_000)
})
