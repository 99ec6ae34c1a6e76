import { describe, expect, test } from 'vitest'
import { defineModule, float64, int32, number, utf8 } from '#contract'
import type { Module, Result, Status } from '#contract'
import { enrich } from '../../engine/enrich/enrich.ts'
import { makePlan } from '../../engine/enrich/plan.ts'
import { ModuleRunner, SWITCH_OFF_AFTER } from '../../engine/enrich/run-module.ts'
import type { Enriched } from '../../engine/table/enriched.ts'
import { goldenAlerts } from '../conformance/alerts.ts'
import { tableOf, valueAt } from '../conformance/batch.ts'

const ROWS = 20
const table = () => tableOf('ztf', goldenAlerts('ztf', ROWS))

const PRODUCES = { value: float64('', 'A number.'), word: utf8('A word.') }
type Made = Result<typeof PRODUCES>
const many = <T>(rows: number, value: T) => Array.from({ length: rows }, () => value)
const fine = (rows: number) => ({ value: many<number | null>(rows, 1), word: many(rows, 'a') })

function moduleThat(
  run: (rows: number, ids: readonly number[], signal: AbortSignal) => Made | Promise<Made>,
  more: { budget?: number; surveys?: readonly ('ztf' | 'lsst')[] } = {}
): Module {
  return defineModule({
    name: 'trial',
    version: '1.0.0',
    about: 'On trial.',
    owner: '@owner',
    ...more,
    requires: { mjd: number('mjd', 'd') },
    produces: PRODUCES,
    run: ({ rows, columns, signal }) => {
      const ids = Array.from({ length: rows }, (_, row) =>
        Math.round(((columns.mjd.at(row) ?? 0) - 60_000) / 0.37)
      )
      return run(rows, ids, signal)
    }
  })
}

interface Ran {
  readonly statuses: unknown[]
  readonly values: unknown[]
  readonly counts: Record<string, number>
}

async function run(module: Module, runner = new ModuleRunner(() => {})): Promise<Ran> {
  const plan = makePlan([module], [])
  const batch = await enrich(table(), plan, { runner, stopped: new Set(), onStart() {} })
  return {
    statuses: columnOf(batch, 'trial.status'),
    values: columnOf(batch, 'trial.value'),
    counts: batch.runs[0]!.statuses
  }
}

function columnOf(batch: Enriched, name: string): unknown[] {
  const column = batch.column(name)!
  return Array.from({ length: batch.table.rows }, (_, row) => valueAt(column, row))
}

const allBut = (bad: number, status: string) =>
  many(ROWS, 'ok').map((ok, row) => (row === bad ? status : ok))

describe('a module that breaks costs its own columns only', () => {
  test('throws on one alert: that alert fails', async () => {
    const trial = moduleThat((rows, ids) => {
      if (ids.includes(7)) throw new Error('seven')
      return fine(rows)
    })
    const { statuses, values, counts } = await run(trial)
    expect(statuses).toEqual(allBut(7, 'failed:threw'))
    expect(values[7]).toBeNull()
    expect(counts).toEqual({ ok: ROWS - 1, 'failed:threw': 1 })
  })

  test('throws always: every row fails, it is switched off after some batches, said once', async () => {
    let calls = 0
    const trial = moduleThat(() => {
      calls++
      throw new Error('no good')
    })
    const said: string[] = []
    const runner = new ModuleRunner((level, message) => said.push(`${level}: ${message}`))
    for (let batch = 0; batch < SWITCH_OFF_AFTER; batch++) {
      expect((await run(trial, runner)).counts).toEqual({ 'failed:threw': ROWS })
    }
    const before = calls
    expect((await run(trial, runner)).counts).toEqual({ 'failed:off': ROWS })
    expect((await run(trial, runner)).counts).toEqual({ 'failed:off': ROWS })
    expect(calls, 'calls after it was switched off').toBe(before)
    const errors = said.filter((message) => message.startsWith('error'))
    expect(errors.length).toBe(1)
    expect(errors[0]).toMatch(/trial 1\.0\.0 is switched off.*@owner/)
    expect(said[0]).toMatch(/warn: module trial \(@owner\): it threw: no good/)
  })

  test('a good batch in between starts the count again', async () => {
    let broken = true
    const trial = moduleThat((rows) => {
      if (broken) throw new Error('for now')
      return fine(rows)
    })
    const runner = new ModuleRunner(() => {})
    for (let batch = 0; batch < SWITCH_OFF_AFTER - 1; batch++) await run(trial, runner)
    broken = false
    await run(trial, runner)
    broken = true
    expect((await run(trial, runner)).counts).toEqual({ 'failed:threw': ROWS })
    broken = false
    expect((await run(trial, runner)).counts).toEqual({ ok: ROWS })
  })

  test('returns too few rows', async () => {
    const { counts, values } = await run(moduleThat((rows) => fine(rows - 1)))
    expect(counts).toEqual({ 'failed:rows': ROWS })
    expect(values).toEqual(many(ROWS, null))
  })

  test('leaves a column out', async () => {
    const trial = moduleThat((rows) => ({ value: many(rows, 1) }) as unknown as Made)
    expect((await run(trial)).counts).toEqual({ 'failed:rows': ROWS })
  })

  test('returns nothing at all', async () => {
    const trial = moduleThat(() => undefined as unknown as Made)
    expect((await run(trial)).counts).toEqual({ 'failed:type': ROWS })
  })

  test.each<[string, unknown, string]>([
    ['NaN', Number.NaN, 'failed:nan'],
    ['infinity', Number.POSITIVE_INFINITY, 'failed:nan'],
    ['a text for a number', '1', 'failed:type'],
    ['a boolean for a number', true, 'failed:type']
  ])('returns %s in one row: that row fails whole', async (_, wrong, status) => {
    const trial = moduleThat((rows, ids) => ({
      ...fine(rows),
      value: ids.map((id) => (id === 3 ? wrong : 1)) as number[]
    }))
    const { statuses, values } = await run(trial)
    expect(statuses).toEqual(allBut(3, status))
    expect(values[3]).toBeNull()
  })

  test('what is wrong with its values is told once, with column, alert and value', async () => {
    const said: string[] = []
    const runner = new ModuleRunner((_, message) => said.push(message))
    const trial = moduleThat((rows, ids) => ({
      ...fine(rows),
      value: ids.map((id) => (id > 3 ? Number.NaN : 1)),
      word: ids.map((id) => (id === 2 ? 5 : 'a')) as string[],
      extra: []
    }))
    await run(trial, runner)
    await run(trial, runner)
    const who = 'module trial (@owner): '
    expect(said).toEqual([
      `${who}it returns \`extra\`, which \`produces\` does not declare`,
      expect.stringMatching(
        /trial\.word is declared utf8, and is given a number; .*first: alert \d+, 5$/
      ),
      expect.stringMatching(
        /trial\.value is no finite number: .*failed:nan; first: alert \d+, NaN$/
      )
    ])
  })

  test('returns a status that is not in the list', async () => {
    const trial = moduleThat((rows, ids) => ({
      ...fine(rows),
      status: ids.map((id): Status => (id === 5 ? ('Unknown' as Status) : 'ok'))
    }))
    expect((await run(trial)).statuses).toEqual(allBut(5, 'failed:type'))
  })

  test('a number of 32 bits must be whole', async () => {
    const trial = defineModule({
      name: 'trial',
      version: '1.0.0',
      about: '',
      owner: '@owner',
      requires: {},
      produces: { value: int32('', 'Whole.') },
      run: ({ rows }) => ({ value: many(rows, 1.5) })
    })
    expect((await run(trial)).counts).toEqual({ 'failed:type': ROWS })
  })

  test('an async module over its budget is told to stop, and fails', async () => {
    let told = false
    const trial = moduleThat(
      async (rows, _, signal) => {
        signal.addEventListener('abort', () => (told = true))
        await Promise.resolve() // from here on the clock is there
        await new Promise((resolve) => setTimeout(resolve, 10_000).unref())
        return fine(rows)
      },
      { budget: 1 }
    )
    expect((await run(trial)).counts).toEqual({ 'failed:timeout': ROWS })
    expect(told).toBe(true)
  })
})

test('statuses without a word from the module: ok where anything is said', async () => {
  const trial = moduleThat((rows, ids) => ({
    value: ids.map((id) => (id % 2 === 0 ? 1 : null)),
    word: many(rows, null)
  }))
  expect((await run(trial)).counts).toEqual({ ok: ROWS / 2, 'not-applicable': ROWS / 2 })
})

test('a module of the other survey is not called', async () => {
  const trial = moduleThat(
    () => {
      throw new Error('called')
    },
    { surveys: ['lsst'] }
  )
  expect((await run(trial)).counts).toEqual({ 'not-applicable': ROWS })
})

test('a module that hung over these alerts before is not tried again', async () => {
  const plan = makePlan([moduleThat((rows) => fine(rows))], [])
  const options = { runner: new ModuleRunner(() => {}), stopped: new Set(['trial']), onStart() {} }
  const batch = await enrich(table(), plan, options)
  expect(batch.runs[0]!.statuses).toEqual({ 'failed:timeout': ROWS })
})

test('a module that waits holds up those that read from it, and no others', async () => {
  const order: string[] = []
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const about = { version: '1.0.0', about: 'On trial.', owner: '@o' }
  const produces = { value: float64('', 'One.') }
  const slow = defineModule({
    ...about,
    name: 'slow',
    requires: {},
    produces,
    async run({ rows }) {
      await gate
      order.push('slow')
      return { value: many(rows, 1) }
    }
  })
  const quick = (name: string, reads: Record<string, ReturnType<typeof number>>) =>
    defineModule({
      ...about,
      name,
      requires: reads,
      produces,
      run({ rows }) {
        open()
        order.push(name)
        return { value: many(rows, 1) }
      }
    })
  const after = quick('after', { value: number('slow.value', '') })
  const plan = makePlan([slow, quick('other', {}), after], [])
  const runner = new ModuleRunner(() => {})
  const batch = await enrich(table(), plan, { runner, stopped: new Set(), onStart() {} })
  expect(order).toEqual(['other', 'slow', 'after'])
  expect(batch.runs.map(({ module }) => module.name)).toEqual(['slow', 'other', 'after'])
})
