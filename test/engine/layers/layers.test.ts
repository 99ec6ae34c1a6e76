import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, describe, expect, test } from 'vitest'
import { defineModule, float64, number } from '../../../engine/contract/index.ts'
import type { Module } from '../../../engine/contract/index.ts'
import { makePlan } from '../../../engine/enrich/plan.ts'
import { layered } from '../../../engine/inspect/layered.ts'
import { findAlert } from '../../../engine/inspect/lookup.ts'
import { LayerMaker } from '../../../engine/layers/layer-maker.ts'
import type { PartRecord } from '../../../engine/lake/ledger.ts'
import { partsOf } from '../../../engine/layers/parts.ts'
import { viewsOf } from '../../../engine/layers/views.ts'
import { withDependents } from '../../../engine/layers/work.ts'
import { Beat } from '../../../engine/making/beat.ts'
import { layersIn } from '../../../engine/lake/layers.ts'
import { NO_RESOURCES } from '../../../engine/resources/resources.ts'
import { openStore } from '../../../engine/store/open-store.ts'
import { verify } from '../../../engine/verify/verify.ts'
import { modules } from '../../../science-modules/registry.ts'
import { simulate } from '../../../simulator/index.ts'
import { closeAll } from '../../support/closing.ts'
import { siskin, temporaryFolder } from '../../support/siskin.ts'

const folder = temporaryFolder()
const taken = join(folder, 'taken')
const archive = join(folder, 'night.tar')

/** A `rate` that says one number of every alert, in a column that no other version has. */
function rateOf(version: string, value: number): Module {
  return defineModule({
    name: 'rate',
    version,
    about: 'For tests only.',
    owner: '@siskin',
    requires: { mjd: number('mjd', 'd'), start: number('detections.start_mjd', 'd') },
    produces: { mag_rate: float64('mag/d', 'One number.'), told: float64('', 'The same.') },
    run: ({ rows }) => {
      const values = Array.from({ length: rows }, () => value)
      return { mag_rate: values, told: values }
    }
  }) as Module
}

/** Says what it reads. */
const ECHO = defineModule({
  name: 'echo',
  version: '1.0.0',
  about: 'For tests only.',
  owner: '@siskin',
  requires: { rate: number('rate.mag_rate', 'mag/d') },
  produces: { heard: float64('mag/d', 'The rate that was read.') },
  run: ({ rows, columns }) => ({
    heard: Array.from({ length: rows }, (_, row) => columns.rate.at(row))
  })
}) as Module

const others = modules.filter(({ name }) => name !== 'rate')

interface How {
  readonly lake: string
  readonly rate: Module
  readonly names: readonly string[]
  readonly asOf?: string
  readonly more?: readonly Module[]
}

interface PartDone {
  readonly records: readonly PartRecord[]
  readonly newer: readonly string[]
}

let attempts = 0

async function made({ lake, rate, names, asOf, more = [] }: How): Promise<PartDone> {
  const store = openStore(lake)
  const plan = makePlan([...others, rate, ...more], [])
  const maker = new LayerMaker({
    store,
    work: { plan, modules: withDependents(plan, names), filters: [], asOf: asOf ?? null },
    resources: NO_RESOURCES,
    layers: await layersIn(store),
    runs: {},
    isShared: false,
    log: (_, message) => expect.fail(message),
    beat: new Beat(Beat.memory())
  })
  const done: PartDone[] = []
  for (const part of (await partsOf(store, null)).parts) {
    const { newer, commit } = await maker.part(part, ++attempts, new Set())
    done.push({ newer, records: await commit(() => {}) })
  }
  return {
    records: done.flatMap(({ records }) => records),
    newer: done.flatMap(({ newer }) => newer)
  }
}

async function asked(lake: string, sql: string, ...versions: string[]): Promise<unknown> {
  const instance = await DuckDBInstance.create(':memory:')
  const db = await instance.connect()
  try {
    await db.run(await viewsOf(openStore(lake), lake, versions))
    return (await db.runAndReadAll(sql)).getRowObjectsJson()[0]
  } finally {
    db.closeSync()
    instance.closeSync()
  }
}

async function expectWhole(lake: string): Promise<void> {
  const verdict = await verify(openStore(lake), { deep: true, onProgress: () => {} })
  expect(verdict.differences).toEqual([])
}

function lakeOf(name: string): string {
  cpSync(taken, join(folder, name), { recursive: true })
  return join(folder, name)
}

const ALL = 'SELECT count(*) n, min(rate.mag_rate) low, max(rate.mag_rate) high FROM ztf'
let alerts = ''
let parts = 0

beforeAll(async () => {
  const night = { start: '2026-01-12', seed: 5, scale: 0.004, stamps: 'none' } as const
  await simulate({ ...night, out: archive })
  await siskin(['run', archive, '--lake', taken, '--part-packets', '50'])
  alerts = ((await asked(taken, ALL)) as { n: string }).n
  parts = (await partsOf(openStore(taken), null)).parts.length
}, 60_000)

describe('layers of a module', () => {
  test('go into a closed night in their newest version, and are made beside it as beside any part', async () => {
    const lake = lakeOf('closed')
    const store = openStore(lake)
    await made({ lake, rate: rateOf('8.0.0', 80), names: ['rate'] })
    await made({ lake, rate: rateOf('9.0.0', 90), names: ['rate'] })
    const [night] = await closeAll(store)
    expect(night).toMatchObject({ parts, broken: [], layers: ['rate@9.0.0'] })
    expect(await asked(lake, ALL)).toEqual({ n: alerts, low: 90, high: 90 })
    expect(await asked(lake, 'SELECT count(*) n FROM "ztf_rate@8.0.0"')).toEqual({ n: alerts })
    expect(await store.entries('ztf/layers')).toMatchObject([{ name: 'rate@8.0.0' }])
    const { stderr } = await siskin(['compare', 'rate', '--with', '8.0.0', '--lake', lake])
    expect(stderr).toContain('closed nights are compared with their newest version')
    await expectWhole(lake)

    await made({ lake, rate: rateOf('10.0.0', 100), names: ['rate'] })
    expect(await asked(lake, ALL)).toEqual({ n: alerts, low: 100, high: 100 })
    expect(await asked(lake, ALL, 'rate@9.0.0')).toEqual({ n: alerts, low: 90, high: 90 })
    const [row] = (
      (await asked(lake, 'SELECT first(alert_id)::VARCHAR id FROM ztf')) as { id: string }
    ).id.match(/\d+/)!
    const found = await findAlert(store, BigInt(row))
    expect((await layered(store, found!, [])).values['rate']).toMatchObject({ told: 100 })
    await expectWhole(lake)
    expect((await partsOf(store, null)).parts).toHaveLength(1)
  })

  test('are there again when a closed night is opened, and it stays closed when only what keeps them is gone', async () => {
    const lake = lakeOf('opened')
    const store = openStore(lake)
    await made({ lake, rate: rateOf('8.0.0', 80), names: ['rate'] })
    await closeAll(store)
    const pathOf = async (below: string, end: string) =>
      (await store.list(below)).find(({ path }) => path.endsWith(end))!.path
    const repair = async () =>
      (await siskin(['repair', '--lake', lake, '--source', archive, '--yes', '--deep'])).stdout
    const alertsFile = await pathOf('ztf/alerts', '.parquet')
    await store.remove(alertsFile)
    expect(await repair()).toContain(`${parts} parts are open again`)
    expect(await store.list('ztf/layers')).toHaveLength(parts)
    expect(await asked(lake, ALL)).toEqual({ n: alerts, low: 80, high: 80 })
    await expectWhole(lake)

    await closeAll(store)
    await store.remove(await pathOf('_siskin/closed', '.layers'))
    expect(await repair()).toContain('the night is left closed')
    expect(await asked(lake, ALL)).toEqual({ n: alerts, low: 80, high: 80 })
    await expectWhole(lake)
  }, 60_000)

  test('the newest is shown by every reader, any by its name, and the part stays as it was', async () => {
    const lake = lakeOf('versions')
    const store = openStore(lake)
    const before = await asked(lake, ALL)
    const values = { '1.10.0': 10, '9.0.0': 90, '1.9.0': 19, '9.0.0-rc.1': 5 }
    for (const [version, value] of Object.entries(values)) {
      await made({ lake, rate: rateOf(version, value), names: ['rate'] })
    }
    expect(await asked(lake, ALL)).toEqual({ n: alerts, low: 90, high: 90 })
    expect(await asked(lake, ALL, 'rate@1.10.0')).toEqual({ n: alerts, low: 10, high: 10 })
    const own = modules.find(({ name }) => name === 'rate')!.version
    expect(await asked(lake, ALL, `rate@${own}`)).toEqual(before)
    expect(await asked(lake, ALL.replace('ztf', 'ztf_parts'))).toEqual(before)
    await expect(asked(lake, ALL, 'rate@2.0.0')).rejects.toThrow(
      /there are .*rate@1\.10\.0, rate@1\.9\.0/
    )
    const one = (await asked(lake, 'SELECT alert_id FROM ztf')) as { alert_id: string }
    const found = (await findAlert(store, BigInt(one.alert_id)))!
    const newest = await layered(store, found, [])
    expect([newest.values['rate'], newest.layers]).toEqual([
      { status: 'ok', mag_rate: 90, told: 90 },
      { rate: '9.0.0' }
    ])
    const named = await layered(store, found, ['rate@1.9.0'])
    expect(named.values['rate']).toMatchObject({ mag_rate: 19 })
    expect((await layered(store, found, [`rate@${own}`])).values['rate']).toEqual(
      found.values['rate']
    )
    await expect(layered(store, found, ['rate@2.0.0'])).rejects.toThrow(
      /there are .*rate@9\.0\.0-rc\.1/
    )
    await expectWhole(lake)
  }, 180_000)

  test('one that reads from another is made again when that is another version', async () => {
    const lake = lakeOf('from')
    const how = { lake, names: ['rate'], more: [ECHO] }
    const first = await made({ ...how, rate: rateOf('2.0.0', 2) })
    expect(first.records.map(({ source }) => source.split('/')[1])).toEqual(
      Array.from({ length: parts }, () => ['rate@2.0.0', 'echo@1.0.0']).flat()
    )
    expect((await made({ ...how, rate: rateOf('2.0.0', 2) })).records).toEqual([])
    await made({ ...how, rate: rateOf('3.0.0', 3) })
    const heard = 'SELECT min(echo.heard) low, max(echo.heard) high FROM ztf'
    expect(await asked(lake, heard)).toEqual({ low: 3, high: 3 })
    // one that was made again is newer than what was made from it, whatever its version
    rmSync(join(lake, 'ztf/layers/rate@3.0.0'), { recursive: true })
    const again = await made({ ...how, rate: rateOf('3.0.0', 4) })
    expect(again.records).toHaveLength(2 * parts)
    expect(await asked(lake, heard)).toEqual({ low: 4, high: 4 })
    expect((await made({ ...how, rate: rateOf('5.0.0', 5), names: ['echo'] })).records).toEqual([])
    expect(await asked(lake, heard)).toEqual({ low: 4, high: 4 })
    await expectWhole(lake)
  }, 180_000)

  test('as of a time before a layer was made it is not read, and the result is shown to who names it', async () => {
    const lake = lakeOf('as-of')
    const before = new Date(Date.now() - 1000).toISOString()
    await made({ lake, rate: rateOf('2.0.0', 2), names: ['rate'] })
    const how = { lake, rate: rateOf('2.0.0', 2), names: ['echo'], more: [ECHO] }
    await made({ ...how, asOf: before })
    await made(how)
    const stamp = before.replaceAll(/[-:]|\.\d+/g, '')
    const heard = 'SELECT max(echo.heard) high FROM ztf'
    expect(await asked(lake, heard)).toEqual({ high: 2 })
    const named = (await asked(lake, heard, `echo@1.0.0+asof.${stamp}`)) as { high: number }
    const own = (await asked(lake, 'SELECT max(rate.mag_rate) high FROM ztf_parts')) as {
      high: number
    }
    expect(own.high).not.toBe(2)
    expect(named).toEqual(own)
    await expectWhole(lake)
  }, 180_000)

  test('a part that has a newer version itself is left alone, and told', async () => {
    const lake = lakeOf('older')
    const { records, newer } = await made({ lake, rate: rateOf('1.0.0', 1), names: ['rate'] })
    expect([records, newer]).toEqual([[], Array.from({ length: parts }, () => 'rate')])
  })

  test('a module whose input a part does not have says which', async () => {
    const lake = lakeOf('inputs')
    const reader = defineModule({
      ...ECHO,
      name: 'second',
      requires: { heard: number('echo.heard', 'mag/d') }
    })
    const work = {
      lake,
      rate: rateOf('2.0.0', 2),
      names: ['second'],
      more: [ECHO, reader]
    }
    await expect(made(work)).rejects.toThrow(
      'it has no columns of echo, which are read: siskin reprocess --modules echo --lake'
    )
  })
})
