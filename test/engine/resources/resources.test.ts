import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, expect, test } from 'vitest'
import { buildCatalogue } from '../../../engine/catalogues/build/build.ts'
import { openLakePacket } from '../../../engine/inspect/packet.ts'
import { reprocess } from '../../../engine/layers/reprocess.ts'
import { readFits } from '../../../engine/stamps/fits.ts'
import { verify } from '../../../engine/verify/verify.ts'
import { openResources } from '../../../engine/resources/resources.ts'
import { run } from '../../../engine/run/run.ts'
import { openStore } from '../../../engine/store/open-store.ts'
import { openParquet } from '../../../engine/lake/files/parquet-file.ts'
import { simulate } from '../../../simulator/index.ts'
import { identityModel } from '../../support/identity-model.ts'
import { XmatchService } from '../../support/xmatch-service.ts'
import { temporaryFolder } from '../../support/siskin.ts'

/** A module that asks a catalogue, one that asks a model, and a filter, run as any other. */

const folder = temporaryFolder()
const archive = join(folder, 'night.tar')
const catalogues = join(folder, 'catalogues')
const onnx = join(folder, 'identity.onnx')
process.env['SISKIN_TEST_MODEL'] = pathToFileURL(onnx).href
const { askingPlan } = await import('../../support/asking-modules.ts')

async function sql(query: string): Promise<Record<string, unknown>[]> {
  const db = await (await DuckDBInstance.create(':memory:')).connect()
  return (await db.runAndReadAll(query)).getRowObjectsJS()
}

beforeAll(async () => {
  writeFileSync(onnx, identityModel())
  mkdirSync(catalogues)
  await simulate({ out: archive, start: '2026-01-12', seed: 5, scale: 0.004 })
  const truth = archive.replace('.tar', '.truth.parquet')
  await sql(
    `COPY (SELECT ra, dec, class AS "VarType" FROM read_parquet('${truth}') WHERE class <> 'sso' ORDER BY mjd LIMIT 40) TO '${join(catalogues, 'stars.parquet')}' (FORMAT parquet)`
  )
})

async function runInto(lake: string, from: string | null) {
  const log: string[] = []
  await run({
    sources: [archive],
    lake,
    members: 2,
    cut: { packets: 100, bytes: 2 ** 30 },
    surveys: ['ztf', 'lsst'],
    schemas: null,
    catalogues: from,
    modules: null,
    filters: null,
    plan: askingPlan(),
    memberProgram: new URL('../../support/asking-member.ts', import.meta.url),
    command: 'test',
    signal: new AbortController().signal,
    crash: null,
    isGuarded: false,
    onProgress: () => {},
    onLog: (level, message) => log.push(`${level}: ${message}`)
  })
  const rows = await sql(
    `SELECT alert_id, ra, dec, mag, near.type AS type, near.separation AS separation, near.answer AS answer, near.status AS status, same.mag AS same, filename FROM read_parquet('${lake}/ztf/alerts/**/*.parquet', filename = true)`
  )
  return { log, rows }
}

test('answers and a model’s numbers are columns as any; what was used is in the provenance', async () => {
  const lake = join(folder, 'lake')
  const { rows, log } = await runInto(lake, catalogues)
  expect(log).toEqual([])
  const found = rows.filter(({ answer }) => answer === 'found')
  expect(found.length).toBeGreaterThanOrEqual(40)
  expect(found.every(({ separation }) => Number(separation) <= 1.5)).toBe(true)
  const truth = await sql(
    `SELECT alert_id, class FROM read_parquet('${archive.replace('.tar', '.truth.parquet')}')`
  )
  const classes = new Map(truth.map((row) => [row['alert_id'], row['class']]))
  expect(found.filter((row) => row['type'] === classes.get(row['alert_id'])).length).toBe(
    found.length
  )
  const others = rows.filter(({ answer }) => answer !== 'found')
  expect(others.length).toBeGreaterThan(50)
  expect(others.every((row) => row['answer'] === 'none' && row['type'] === null)).toBe(true)
  expect(rows.every((row) => row['same'] === Math.fround(Number(row['mag'])))).toBe(true)
  const selected = await sql(`SELECT count(*) AS n FROM glob('${lake}/topics/starry/**/*.avro')`)
  expect(Number(selected[0]!['n'])).toBeGreaterThan(0)
  const path = String(rows[0]!['filename']).slice(lake.length + 1)
  const { length } = readFileSync(join(lake, path))
  const { keys } = await openParquet(openStore(lake), path, length)
  expect(keys['siskin.resources']).toMatch(/^stars@[0-9a-f]{12} same\/identity@[0-9a-f]{12}$/)
})

test('a table of the CDS: nobody waits for a service that is away, and what it says is the same', async () => {
  const own = join(folder, 'of-the-cds')
  process.env['XDG_CACHE_HOME'] = join(folder, 'cache')
  const service = new XmatchService()
  const stars = await sql(`SELECT ra, dec, VarType FROM '${join(catalogues, 'stars.parquet')}'`)
  const column = (name: string) => stars.map((row) => row[name] as number)
  service.tables.set('stars', { ra: column('ra'), dec: column('dec'), VarType: column('VarType') })
  await service.start()
  await service.stop()
  mkdirSync(own)
  writeFileSync(join(own, 'stars.url'), `cds:stars ${service.address}\n`)
  const away = await runInto(join(folder, 'lake-without'), own)
  expect(away.rows.length).toBeGreaterThan(100)
  expect(new Set(away.rows.map(({ answer }) => answer))).toEqual(new Set(['unavailable']))
  expect(away.log).toContainEqual(
    expect.stringMatching(/^warn: catalogue stars: http:.* does not answer: .*"unavailable"$/)
  )
  await service.start()
  const { rows } = await runInto(join(folder, 'lake-of-cds'), own)
  await service.stop()
  const before = `SELECT alert_id, near.type, near.answer FROM read_parquet('${join(folder, 'lake')}/ztf/alerts/**/*.parquet')`
  const now = before.replace('/lake/', '/lake-of-cds/')
  expect(rows.filter(({ answer }) => answer === 'found').length).toBeGreaterThanOrEqual(40)
  expect(
    await sql(`(${before} EXCEPT ALL ${now}) UNION ALL (${now} EXCEPT ALL ${before})`)
  ).toEqual([])
})

test('of dated snapshots the newest is asked, and as of a time the newest from before', async () => {
  const own = join(folder, 'dated')
  mkdirSync(own)
  for (const date of ['2025-12-01', '2026-01-10', '2026-02-01'])
    copyFileSync(join(catalogues, 'stars.parquet'), join(own, `stars@${date}.parquet`))
  const asked = async (asOf: string | null) => {
    const told: string[] = []
    const from = { catalogues: own, asOf, warn: (text: string) => told.push(text) }
    const { versions } = await openResources(askingPlan(), from)
    return [/stars@(\S+)-[0-9a-f]{12}/.exec(versions)?.[1], ...told]
  }
  expect(await asked(null)).toEqual(['2026-02-01'])
  expect(await asked('2026-01-10T12:00:00Z')).toEqual(['2025-12-01']) // that of the day may be younger
  expect(await asked('2026-01-11T00:00:00Z')).toEqual(['2026-01-10'])
  expect(await asked('2025-11-01')).toEqual([
    undefined,
    expect.stringMatching(/stars is not there .*as of 2025-11-01/)
  ])
  const undated = {
    catalogues,
    asOf: '2026-01-10',
    warn: (text: string) => expect(text).toMatch(/stars has no date/)
  }
  expect((await openResources(askingPlan(), undated)).versions).toMatch(/^stars@[0-9a-f]{12} /)
})

test('the same catalogue in HATS form says the same', async () => {
  const input = join(catalogues, 'stars.parquet')
  const built = openStore(join(folder, 'built'))
  await buildCatalogue({
    store: built,
    name: 'stars',
    input,
    ra: null,
    dec: null,
    raUnit: 'degrees',
    columns: null,
    rows: 10,
    isAllSky: true,
    isReplacing: false
  })
  const before = `SELECT alert_id, near FROM read_parquet('${join(folder, 'lake')}/ztf/alerts/**/*.parquet')`
  await runInto(join(folder, 'lake-of-hats'), built.root)
  const now = before.replace('/lake/', '/lake-of-hats/')
  expect(await sql(`SELECT count(*) AS n FROM (${now})`)).not.toEqual([{ n: 0n }])
  expect(
    await sql(`(${before} EXCEPT ALL ${now}) UNION ALL (${now} EXCEPT ALL ${before})`)
  ).toEqual([])
})

test('stamps are images; history has catalogues, models and stamps too, and is made anew when a catalogue is', async () => {
  const lake = join(folder, 'lake')
  const store = openStore(lake)
  const rows = await sql(
    `SELECT seen.sum AS sum, seen.size AS size, packet_file AS path, packet_offset AS at, packet_length AS length FROM read_parquet('${lake}/ztf/alerts/**/*.parquet')`
  )
  for (const { sum, size, path, at, length } of rows.slice(0, 20)) {
    const { stamps } = await openLakePacket(store, String(path), Number(at), Number(length))
    const { pixels, width, height } = readFits(stamps.difference!)[0]!
    expect(sum).toBe(pixels.reduce((all, pixel) => all + (pixel || 0), 0))
    expect(size).toEqual([width, height])
  }
  const told = await reprocessed(lake)
  expect(told.broken).toEqual([])
  for (const name of ['near', 'same', 'seen']) {
    const own = `SELECT alert_id, ${name} FROM read_parquet('${lake}/ztf/alerts/**/*.parquet')`
    const layer = `SELECT alert_id, ${name} FROM read_parquet('${lake}/ztf/layers/${name}@1.0.0/**/*.parquet')`
    expect(await sql(`SELECT count(*) AS n FROM (${own} EXCEPT ALL ${layer})`)).toEqual([{ n: 0n }])
  }
  expect((await reprocessed(lake)).untouched).toBe(told.parts)
  await sql(
    `COPY (SELECT * FROM '${catalogues}/stars.parquet' LIMIT 10) TO '${catalogues}/fewer.parquet' (FORMAT parquet)`
  )
  copyFileSync(join(catalogues, 'fewer.parquet'), join(catalogues, 'stars.parquet'))
  const anew = await reprocessed(lake)
  expect(Object.keys(anew.tally.modules)).toEqual(['near'])
  expect((await verify(store, { deep: true, onProgress: () => {} })).differences).toEqual([])
}, 60_000)

function reprocessed(lake: string) {
  const plan = askingPlan()
  return reprocess({
    store: openStore(lake),
    work: { plan, modules: plan.modules, filters: [], asOf: null },
    nights: null,
    members: 1,
    catalogues,
    memberProgram: new URL('../../support/asking-layer-member.ts', import.meta.url),
    command: 'test',
    signal: new AbortController().signal,
    crash: null,
    onProgress: () => {},
    onLog: (_, message) => expect.fail(message)
  })
}

test('a catalogue that is not there: said once, and nobody is told that there is nothing', async () => {
  const { rows, log } = await runInto(join(folder, 'without'), null)
  expect(log).toEqual([
    'warn: catalogue stars is not there (say where it is with --catalogues): what asks it gets "unavailable"'
  ])
  expect(rows.length).toBeGreaterThan(90)
  const said = new Set(rows.map(({ status, answer, type }) => [status, answer, type].join()))
  expect([...said]).toEqual(['unavailable,unavailable,'])
})

const own = (name: string) => join(folder, name)

test.each([
  [
    'a damaged catalogue',
    () => {
      mkdirSync(own('bad'))
      copyFileSync(join(catalogues, 'stars.parquet'), join(own('bad'), 'stars.parquet'))
      truncateSync(join(own('bad'), 'stars.parquet'), 200)
      return own('bad')
    },
    /catalogue .*bad\/stars\.parquet.*no readable Parquet/
  ],
  [
    'a column that it does not have',
    async () => {
      mkdirSync(own('less'))
      await sql(
        `COPY (SELECT 1.0::DOUBLE AS ra, 2.0::DOUBLE AS dec, 'x' AS "VarTyp") TO '${own('less')}/stars.parquet' (FORMAT parquet)`
      )
      return own('less')
    },
    /column of catalogue stars.*VarType.*VarTyp/
  ],
  [
    'a column of another kind',
    async () => {
      mkdirSync(own('other'))
      await sql(
        `COPY (SELECT 1.0::DOUBLE AS ra, 2.0::DOUBLE AS dec, 3.5::DOUBLE AS "VarType") TO '${own('other')}/stars.parquet' (FORMAT parquet)`
      )
      return own('other')
    },
    /"VarType" is asked for as text, but row 1 has 3\.5 \(number\)/
  ]
])('%s: one sentence at the start', async (_, make, text) => {
  const from = await make()
  await expect(openResources(askingPlan(), { catalogues: from, warn() {} })).rejects.toThrow(text)
})

test('rows without a place are told, and one in radians is refused', async () => {
  mkdirSync(own('odd'))
  const write = (places: string) =>
    sql(
      `COPY (SELECT ${places}, 'x' AS "VarType" FROM range(1000) t(i)) TO '${own('odd')}/stars.parquet' (FORMAT parquet)`
    )
  const said: string[] = []
  const open = () =>
    openResources(askingPlan(), { catalogues: own('odd'), warn: (text) => said.push(text) })
  await write('CASE WHEN i < 10 THEN NULL ELSE i / 3.0::DOUBLE END AS ra, i / 20.0::DOUBLE AS dec')
  await open()
  expect(said).toEqual([expect.stringMatching(/10 of 1000 rows have no place/)])
  await write('i / 160.0::DOUBLE AS ra, i / 400.0::DOUBLE - 1.25 AS dec') // Stripe 82 has such a part
  await open()
  expect(said.slice(1)).toEqual([expect.stringMatching(/is it in radians\?/)])
  await write('i / 160.0::DOUBLE AS ra, i / 350.0::DOUBLE - 1.4 AS dec')
  await expect(open()).rejects.toThrow(/is it in radians\? Degrees are wanted/)
  await write('NULL::DOUBLE AS ra, 0::DOUBLE AS dec')
  await expect(open()).rejects.toThrow(/no row has a place/)
})

test('a model that is missing or damaged is named with its file', async () => {
  const plan = askingPlan()
  const modules = plan.modules.map((module) => ({
    ...module,
    models: { identity: { file: './gone.onnx', base: pathToFileURL(`${folder}/`).href } }
  }))
  const open = () => openResources({ ...plan, modules }, { catalogues, warn() {} })
  await expect(open()).rejects.toThrow(/module near: model .*gone\.onnx cannot be loaded/)
  writeFileSync(join(folder, 'gone.onnx'), 'no model')
  await expect(open()).rejects.toThrow(/gone\.onnx cannot be loaded/)
})
