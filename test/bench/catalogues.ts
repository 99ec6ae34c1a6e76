import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { buildCatalogue } from '../../engine/catalogues/build/build.ts'
import { openHats } from '../../engine/catalogues/hats/hats.ts'
import { askHats } from '../../engine/catalogues/hats/match.ts'
import { SkyIndex } from '../../engine/catalogues/sky-index.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { random } from '../support/random.ts'
import { pythonOf, runPython } from '../support/python.ts'
import { moved } from '../support/skies.ts'

// How fast alerts are matched, beside brute force and astropy, and how fast a catalogue is built: `npm run bench:catalogues`.
// `--rows` of the catalogue on disk, spread over as much of the sky as an exposure and its neighbours see.
const { values } = parseArgs({ options: { rows: { type: 'string', default: '2000000' } } })
const IN_MEMORY = 1_000_000
const ALERTS = 20_000
const BRUTE = 200
const RADIUS = 1.5
const RAD = Math.PI / 180

const rng = random(1)
const rate = (count: number, ms: number) => Math.round((1000 * count) / ms)
const shown = (name: string, perSecond: number, than?: number) =>
  console.log(
    `${name.padEnd(44)} ${perSecond.toLocaleString('en-US').padStart(12)}/s${than === undefined ? '' : `  ${(perSecond / than).toPrecision(3)} x brute force`}`
  )

async function timed<T>(work: () => T | Promise<T>): Promise<[T, number]> {
  const began = performance.now()
  const result = await work()
  return [result, performance.now() - began]
}

const sky = {
  ra: Float64Array.from({ length: IN_MEMORY }, () => 360 * rng()),
  dec: Float64Array.from({ length: IN_MEMORY }, () => Math.asin(2 * rng() - 1) / RAD)
}
const asking = Array.from({ length: ALERTS }, () => {
  const i = Math.floor(rng() * IN_MEMORY)
  return moved(sky.ra[i]!, sky.dec[i]!, (3 * rng()) / 3600, 6.28 * rng())
})

const [index, indexMs] = await timed(() => new SkyIndex(sky.ra, sky.dec))
console.log(`1,000,000 rows in memory, ${RADIUS} arcsec: index in ${Math.round(indexMs)} ms`)
const [, bruteMs] = await timed(() => asking.slice(0, BRUTE).map(brute))
const byBrute = rate(BRUTE, bruteMs)
shown('brute force', byBrute)
for (let round = 0; round < 3; round++) {
  const [, ms] = await timed(() => asking.map(([ra, dec]) => index.nearest(ra, dec, RADIUS)))
  shown(`our index, round ${round + 1}`, rate(ALERTS, ms), byBrute)
}
await astropy()
await onDisk(Number(values.rows))

function brute([ra, dec]: readonly [number, number]): number {
  let [best, least] = [-1, Math.cos((RADIUS / 3600) * RAD)]
  const [sin, cos] = [Math.sin(dec * RAD), Math.cos(dec * RAD)]
  for (let i = 0; i < IN_MEMORY; i++) {
    const own = sky.dec[i]! * RAD
    const close = sin * Math.sin(own) + cos * Math.cos(own) * Math.cos((sky.ra[i]! - ra) * RAD)
    if (close > least) [best, least] = [i, close]
  }
  return best
}

async function astropy(): Promise<void> {
  const python = await pythonOf()
  if (typeof python === 'string') return console.log(`astropy is not compared: ${python}`)
  const program = `
import time, numpy as np
from astropy.coordinates import SkyCoord
rng = np.random.default_rng(1)
def draw(n):
    return SkyCoord(360 * rng.random(n), np.degrees(np.arcsin(2 * rng.random(n) - 1)), unit='deg')
rows, asking = draw(${IN_MEMORY}), draw(${ALERTS})
asking[:10].match_to_catalog_sky(rows)
t = time.time(); asking.match_to_catalog_sky(rows); print(${ALERTS} / (time.time() - t))`
  const { stdout, stderr } = await runPython(python, ['-c', program])
  if (stdout === '') throw new Error(stderr)
  shown('astropy, match_to_catalog_sky, tree built', Math.round(Number(stdout)), byBrute)
}

/** A field as dense as 100 million rows over the sky, alerts as exposures of 47 square degrees bring them. */
async function onDisk(rows: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'siskin-bench-'))
  try {
    const side = Math.sqrt(rows / (1e8 / 41_253))
    const input = join(folder, 'field.parquet')
    const db = await (await DuckDBInstance.create(':memory:')).connect()
    await db.run(
      `COPY (SELECT range AS id, 100 + ${side} * random() / cos(radians(20)) AS ra, 20 + ${side} * (random() - 0.5) AS dec, 14 + 8 * random() AS mag FROM range(${rows})) TO '${input}' (FORMAT parquet)`
    )
    const store = openStore(folder)
    const options = {
      store,
      name: 'field',
      input,
      ra: null,
      dec: null,
      columns: null,
      rows: 100_000
    }
    const more = { raUnit: 'degrees', isAllSky: false, isReplacing: false } as const
    const [built, ms] = await timed(() => buildCatalogue({ ...options, ...more }))
    console.log(
      `${rows.toLocaleString('en-US')} rows over ${Math.round(side * side)} square degrees (1e8 over the sky): built in ${(ms / 1000).toFixed(1)} s, ${built.partitions} partitions; ${((1e3 * ms) / rows).toFixed(1)} s for 1 million`
    )
    const asked = askHats((await openHats('field', join(folder, 'field')))!, {
      cacheBytes: 128 * 2 ** 20,
      warn: console.log
    })
    const exposures = 20
    let spent = 0
    for (let exposure = 0; exposure < exposures; exposure++) {
      const width = Math.min(6.8, side)
      const west = 100 + (side - width) * rng()
      const south = 20 - side / 2 + (side - width) * rng()
      const count = 2000
      const positions = {
        ra: Float64Array.from({ length: count }, () => west + width * rng()),
        dec: Float64Array.from({ length: count }, () => south + width * rng())
      }
      const question = new Map([['mag', 'number']] as const)
      const [, own] = await timed(() => asked.nearest(positions, { radius: RADIUS }, question))
      spent += own
    }
    shown(`on disk, ${exposures} exposures of 2,000 alerts`, rate(exposures * 2000, spent), byBrute)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
