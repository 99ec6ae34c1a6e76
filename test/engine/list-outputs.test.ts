import { join } from 'node:path'
import { mkdirSync, writeFileSync } from 'node:fs'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, it } from 'vitest'
import {
  bool,
  defineModule,
  float32,
  float64,
  id,
  int32,
  int64,
  list,
  numbers,
  utf8
} from '#contract'
import type { Module } from '#contract'
import { avroType } from '../../engine/avro/type.ts'
import { noCounts, differencesOf } from '../../engine/compare/differences.ts'
import { enrich } from '../../engine/enrich/enrich.ts'
import { makePlan } from '../../engine/enrich/plan.ts'
import { ModuleRunner } from '../../engine/enrich/run-module.ts'
import { layLayer } from '../../engine/lake/part.ts'
import { messageFormat } from '../../engine/publish/message.ts'
import { PartFile } from '../../engine/reread/part-file.ts'
import { reread } from '../../engine/reread/reread.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { valueAt } from '../../engine/table/columns.ts'
import type { Enriched } from '../../engine/table/enriched.ts'
import { decode, onlyTable, syntheticZtf } from '../support/packets.ts'
import { random as randomOf } from '../support/random.ts'
import { temporaryFolder } from '../support/siskin.ts'

const ROWS = 40
const folder = temporaryFolder()

type Value = number | bigint | string | boolean | null
type Lists = Record<string, (Value[] | null)[]>

const TYPES = {
  times: list(float64('d', 'Times. Null for some.', 'time.epoch')),
  mags: list(float32('mag', 'Magnitudes. Null for some.', 'phot.mag')),
  counts: list(int32('', 'Counts. Null for some.', 'meta.number')),
  names: list(int64('Ids. Null for some.', 'meta.id')),
  classes: list(utf8('Words. Null for some.', 'src.class')),
  signs: list(bool('Flags. Null for some.'))
}

/** Lists of any length, some empty, some null, with nulls inside. */
function someLists(seed: number): Lists {
  const random = randomOf(seed)
  const any = (name: string): Value => {
    const n = Math.floor(random() * 1000) - 500
    if (random() < 0.2) return null
    if (name === 'names') return BigInt(n) * 9_007_199_254_740_993n
    if (name === 'classes') return ['SN Ia', 'RR Lyrae ★', '', String(n)][n & 3]!
    if (name === 'signs') return n > 0
    return name === 'counts' ? n : Math.fround(n / 7)
  }
  const listOf = (name: string) =>
    random() < 0.2 ? null : Array.from({ length: Math.floor(random() * 5) }, () => any(name))
  return Object.fromEntries(
    Object.keys(TYPES).map((name) => [name, Array.from({ length: ROWS }, () => listOf(name))])
  )
}

function listed(lists: Lists): Module {
  return defineModule({
    name: 'listed',
    version: '1.0.0',
    about: 'Lists.',
    owner: '@nobody',
    requires: { alertId: id('alert_id') },
    produces: TYPES,
    run: () => lists as never
  })
}

const summed = defineModule({
  name: 'summed',
  version: '1.0.0',
  about: 'Sum of a list of another module.',
  owner: '@nobody',
  requires: { times: numbers('listed.times', 'd') },
  produces: { sum: float64('d', 'Sum. Null where nothing is to be added.', 'time.interval') },
  run: ({ rows, columns: { times } }) => ({
    sum: Array.from({ length: rows }, (_, row) => {
      const known = [...times.at(row)].filter((time) => !Number.isNaN(time))
      return known.length === 0 ? null : known.reduce((sum, time) => sum + time, 0)
    })
  })
})

async function enriched(modules: readonly Module[], warn: (text: string) => void = () => {}) {
  const table = onlyTable(await decode(syntheticZtf(ROWS)))
  const plan = makePlan(modules, [])
  const runner = new ModuleRunner((_, text) => warn(text))
  const batch = await enrich(table, plan, { runner, stopped: new Set(), onStart() {} })
  return { plan, batch }
}

/** What a row has, as it was given. */
const given = (value: Value[] | null): unknown =>
  value?.map((one) => (one === true ? 1 : one === false ? 0 : one)) ?? null

function expectLists(batch: Pick<Enriched, 'columns'>, lists: Lists): void {
  for (const name of Object.keys(TYPES)) {
    const column = batch.columns.get(`listed.${name}`)!
    const values = Array.from({ length: ROWS }, (_, row) => valueAt(column, row))
    expect(values, name).toEqual(lists[name]!.map(given))
  }
}

it('lists of every type are as the module gave them, in memory, in files and in messages', async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const lists = someLists(seed)
    const { plan, batch } = await enriched([summed, listed(lists)])
    expectLists(batch, lists)
    const sums = lists['times']!.map((times) => {
      const known = (times ?? []).filter((time) => time !== null) as number[]
      return known.length === 0 ? null : known.reduce((sum, time) => sum + time, 0)
    })
    const column = batch.columns.get('summed.sum')!
    expect(Array.from(sums, (_, row) => valueAt(column, row))).toEqual(sums)
    const path = `layer-${seed}.parquet`
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, path), Buffer.concat(layLayer(path, batch, plan.columns, {}).pieces))
    const file = await PartFile.open(openStore(folder), path)
    const back = await reread(file, 0, {
      survey: 'ztf',
      night: 20260101,
      needed: new Set(['alert_id']),
      made: plan.columns
    })
    expectLists({ columns: new Map(back.made) }, lists)
    const type = avroType(messageFormat(plan.columns).schema)
    const encode = messageFormat(plan.columns).bind(batch, () => new Uint8Array(0))
    for (let row = 0; row < ROWS; row++) {
      const { listed: sent } = type.fromBuffer(encode(row, true)) as {
        listed: Record<string, unknown>
      }
      expect(sent['classes']).toEqual(lists['classes']![row])
      expect(sent['times']).toEqual(lists['times']![row])
      expect(sent['signs']).toEqual(lists['signs']![row])
    }
  }
  const db = await (await DuckDBInstance.create()).connect()
  const read = await db.runAndReadAll(
    `SELECT listed.times, listed.classes FROM '${join(folder, 'layer-5.parquet')}'`
  )
  const { times, classes } = someLists(5)
  expect(read.getRowsJS()).toEqual(times!.map((own, row) => [own, classes![row]]))
})

it('what is no list, or holds what it should not, fails its row alone, and is told', async () => {
  const lists = someLists(7)
  const wrong: Record<string, unknown[]> = {
    ...lists,
    times: [...lists['times']!],
    classes: [...lists['classes']!]
  }
  wrong['times']![3] = [1, Number.NaN]
  wrong['times']![4] = 5
  wrong['classes']![6] = ['a', 7]
  wrong['times']![8] = Float64Array.of(1, 2)
  const told: string[] = []
  const { batch } = await enriched([listed(wrong as Lists)], (text) => told.push(text))
  const status = batch.columns.get('listed.status')!
  expect([3, 4, 6].map((row) => valueAt(status, row))).toEqual([
    'failed:nan',
    'failed:type',
    'failed:type'
  ])
  expect(valueAt(batch.columns.get('listed.times')!, 3)).toBeNull()
  expect(valueAt(batch.columns.get('listed.times')!, 8)).toEqual([1, 2])
  expect(told).toEqual([
    expect.stringContaining('listed.times holds what is no finite number'),
    expect.stringContaining('listed.times is declared a list of float64, and is given a number')
  ])
  expect(() => list(list(float64('d', 'Times.')) as never)).toThrow('a list of lists')
})

it('a list that another version gives otherwise is one difference', async () => {
  const lists = someLists(9)
  const times = lists['times']!
  const others = { ...lists, times: times.map((own, row) => (row === 5 ? [1, null, 2] : own)) }
  const [one, two] = [await enriched([listed(lists)]), await enriched([listed(others)])]
  const def = one.plan.columns.find(({ name }) => name === 'listed.times')!
  const [old, fresh] = [one, two].map(({ batch }) => batch.columns.get(def.name)!)
  const found = [
    ...differencesOf(
      old!,
      fresh!,
      Array.from({ length: ROWS }, (_, row) => row),
      noCounts(def)
    )
  ]
  expect(found).toEqual([
    { row: 5, old: times[5] ? JSON.stringify(times[5]) : null, fresh: '[1,null,2]' }
  ])
})
