import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Module, Survey } from '#contract'
import { UNITS } from '#contract'
import { needed } from '../../engine/enrich/plan.ts'
import { moduleColumns } from '../../engine/table/enriched.ts'
import type { Enriched } from '../../engine/table/enriched.ts'
import { stampsFor } from '../../engine/table/images.ts'
import { ReaderSet } from '../../engine/table/readers.ts'
import { goldenAlerts, silentAlert } from './alerts.ts'
import type { Alert } from './alerts.ts'
import { batchOf, checksum, digest, enrichAlerts, modelsOf, outputsOf } from './batch.ts'
import type { Outputs } from './batch.ts'
import { Dice } from './dice.ts'
import { compareGolden } from './golden.ts'
import { foldersIn, load, planOf } from './load.ts'
import { inTimeLater } from './in-time.ts'
import { askedBy, LOOKUP_STATUSES } from './made-up.ts'
import { withNoise } from './noise.ts'
import { ucdFault } from '../support/ucd.ts'

const HOME = fileURLToPath(new URL('../../science-modules/', import.meta.url))
const GOLDEN_ALERTS = 150
const TIMED_ALERTS = 1000
const ANOTHER_DAY = 400 * 86_400_000
const SEMVER = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/

const { good: ordered, broken } = planOf(await load<Module>(HOME, 'module.ts'))
/** What a module did wrong over the golden alerts. */
const failed = new Map<string, Error>()
/** Modules that answer the same question in two ways: what else they fail follows from that. */
const unsteady = new Set<string>()
const golden: Record<Survey, Alert[]> = {
  ztf: goldenAlerts('ztf', GOLDEN_ALERTS),
  lsst: goldenAlerts('lsst', GOLDEN_ALERTS)
}
const timings: string[] = []

beforeAll(async () => {
  for (const survey of ['ztf', 'lsst'] as const) {
    const faults = await enrichAlerts(survey, golden[survey], ordered)
    for (const [name, error] of faults) failed.set(name, error)
  }
})
afterAll(() => console.log(['ms per 1,000 alerts', ...timings].join('\n')))

test('every folder is registered once, under its own name', async () => {
  const { modules } = await import('../../science-modules/registry.ts')
  expect(modules.map(({ name }) => name).sort()).toEqual(foldersIn(HOME))
})

test.each([...broken])('module %s can be loaded, and fits into the plan', (_, error) => {
  throw error
})

describe.each(ordered.map((module): [string, Module] => [module.name, module]))(
  'module %s',
  (name, module) => {
    test('runs over the golden alerts, and comes to an end', () => {
      const error = failed.get(name)
      if (error) throw error
    })

    beforeEach((context) => {
      if (context.task.name.startsWith('runs over')) return
      if (failed.has(name)) context.skip(`${name} does not run over the golden alerts`)
      const other = [...needed(module)].find((need) => failed.has(need) || broken.has(need))
      if (unsteady.has(name)) context.skip(`${name} is not the same twice`)
      if (other) context.skip(`${name} reads from ${other}, which is broken`)
    })

    const surveys = module.surveys ?? (['ztf', 'lsst'] as const)
    const others = ordered.filter((other) => other !== module)
    const run = (survey: Survey, alerts: readonly Alert[], noisy = ''): Promise<Outputs> =>
      outputsOf(module, batchOf(survey, alerts, others, noisy))

    test('is declared in full', () => {
      expect(module.version).toMatch(SEMVER)
      expect(module.about.trim(), 'about').not.toBe('')
      expect(module.owner.trim(), 'owner: put your name').not.toMatch(/^$|@your-name/)
      for (const { name: column, unit, ucd, doc } of moduleColumns(module)) {
        const fault = ucdFault(ucd)
        expect(fault, `UCD of ${column}, as in float64('mag', '…', 'phot.mag')`).toBeNull()
        expect(UNITS, `unit of ${column}`).toContain(unit)
        expect(doc.trim(), `doc of ${column}`).not.toBe('')
      }
    })

    test('has a README that names its version, and tests of its own', () => {
      const readme = `${HOME}${name}/README.md`
      expect(existsSync(readme), `${readme} is missing`).toBe(true)
      expect(readFileSync(readme, 'utf8'), 'Versions in README.md').toContain(module.version)
      expect(existsSync(`${HOME}${name}/module.test.ts`), 'module.test.ts is missing').toBe(true)
    })

    test.each(surveys)(
      'answers an empty batch, one alert and silent alerts: %s',
      async (survey) => {
        expectRows(module, await run(survey, []), 0)
        expectRows(module, await run(survey, golden[survey].slice(0, 1)), 1)
        expectRows(module, await run(survey, [silentAlert(survey), silentAlert(survey)]), 2)
      }
    )

    test.each(surveys)('returns what it declares and nothing else: %s', async (survey) => {
      const batch = batchOf(survey, golden[survey], others)
      let raw: object = {}
      const spied: Module = {
        ...module,
        run: async (given) => (raw = await module.run(given)) as Awaited<ReturnType<Module['run']>>
      }
      expectRows(module, await outputsOf(spied, batch), GOLDEN_ALERTS)
      const declared = new Set([...Object.keys(module.produces), 'status'])
      expect(Object.keys(raw).filter((column) => !declared.has(column))).toEqual([])
    })

    test.each(surveys)('gives the same answer twice: %s', async (survey) => {
      const first = await run(survey, golden[survey])
      vi.useFakeTimers({ toFake: ['Date', 'performance'], now: Date.now() + ANOTHER_DAY })
      const second = await run(survey, golden[survey]).finally(() => vi.useRealTimers())
      const other = Object.keys(first).filter(
        (column) => digest(first[column]) !== digest(second[column])
      )
      if (other.length > 0) unsteady.add(name)
      expect(
        other,
        `${name} is not the same twice: does it use the clock or random numbers?`
      ).toEqual([])
    })

    test.each(surveys)('leaves its inputs alone: %s', async (survey) => {
      const batch = batchOf(survey, golden[survey], others)
      const before = checksum(batch)
      const view = await viewOf(module, batch, survey)
      await inTimeLater(`module ${name}`, () => module.run(view))
      expect(checksum(batch), 'it wrote into a column it reads').toBe(before)
    })

    test.each(surveys)('takes each alert on its own: %s', async (survey) => {
      const alerts = golden[survey]
      const whole = await run(survey, alerts)
      const [a, b] = [await run(survey, alerts.slice(0, 40)), await run(survey, alerts.slice(40))]
      for (const [column, values] of Object.entries(whole)) {
        expect([...a[column]!, ...b[column]!], `${column} of two batches`).toEqual(values)
      }
      const order = new Dice(3).shuffled(alerts.map((_, row) => row))
      const shuffled = await run(
        survey,
        order.map((row) => alerts[row]!)
      )
      for (const [column, values] of Object.entries(whole)) {
        expect(shuffled[column], `${column} in another order`).toEqual(
          order.map((row) => values[row])
        )
      }
    })

    test.each(Object.values(module.requires).map(({ column }) => column))(
      'uses %s',
      async (column) => {
        let said = false
        for (const survey of surveys) {
          const noisy = withNoise(golden[survey], column, 7)
          if (!noisy) continue
          said = true
          const changed =
            digest(await run(survey, noisy)) !== digest(await run(survey, golden[survey]))
          if (changed) return
        }
        expect.fail(
          said
            ? `noise in "${column}" changes nothing ${name} says: take it out of requires`
            : `"${column}" is null in all golden alerts: give it values in test/conformance/alerts.ts`
        )
      }
    )

    test.each(askedBy(module))('uses what it asks for: %s', async (asked) => {
      const usual = await Promise.all(surveys.map((survey) => run(survey, golden[survey])))
      const other = await Promise.all(surveys.map((survey) => run(survey, golden[survey], asked)))
      expect(
        digest(other),
        `another "${asked}" changes nothing ${name} says: ask no more for it, or give it values in test/conformance/made-up.ts`
      ).not.toBe(digest(usual))
    })

    const asking = Object.keys(module.lookups ?? {}).length > 0 ? LOOKUP_STATUSES : []
    test.each(asking)('answers where every catalogue says "%s"', async (only) => {
      for (const survey of surveys) {
        const batch = batchOf(survey, golden[survey], others, '', only)
        expectRows(module, await outputsOf(module, batch), GOLDEN_ALERTS)
      }
    })

    test('is as its golden file says, or has a new version', async () => {
      const answers: Record<string, Outputs> = {}
      for (const survey of surveys) answers[survey] = await run(survey, golden[survey])
      const inputs = surveys.map((survey) => inputsOf(module, golden[survey]))
      compareGolden(module, digest(inputs), answers)
    })

    test('costs', async () => {
      for (const survey of surveys) {
        const alerts = Array.from(
          { length: TIMED_ALERTS },
          (_, i) => golden[survey][i % GOLDEN_ALERTS]!
        )
        const batch = batchOf(survey, alerts, others)
        await outputsOf(module, batchOf(survey, alerts, others))
        await outputsOf(module, batch)
        timings.push(
          `  ${name.padEnd(16)} ${survey.padEnd(5)} ${batch.runs[0]!.ms.toFixed(1).padStart(7)}`
        )
      }
    })
  }
)

/** One value or null per alert in every column; no row that the engine had to fail. */
function expectRows(module: Module, outputs: Outputs, rows: number): void {
  expect(Object.keys(outputs)).toEqual(moduleColumns(module).map(({ name }) => name))
  for (const [column, values] of Object.entries(outputs)) {
    expect(values.length, `rows of ${column}`).toBe(rows)
  }
  const statuses = outputs[`${module.name}.status`] as string[]
  const failed = statuses.filter((status) => status.startsWith('failed'))
  expect(failed, 'rows that the engine failed').toEqual([])
}

/** What the answers hang on: the made-up alerts, and what other modules say about them. */
function inputsOf(module: Module, alerts: readonly Alert[]): Alert[] {
  const made = new Set(ordered.flatMap(moduleColumns).map(({ name }) => name))
  const read = new Set(Object.values(module.requires).map(({ column }) => column))
  return alerts.map((alert) =>
    Object.fromEntries(Object.entries(alert).filter(([name]) => !made.has(name) || read.has(name)))
  )
}

async function viewOf(module: Module, batch: Enriched, survey: Survey) {
  return {
    rows: batch.table.rows,
    survey,
    columns: new ReaderSet(batch).for(module.requires),
    lookups: batch.answers.for(module.lookups),
    models: await modelsOf(module),
    stamps: stampsFor(module, batch.images),
    signal: new AbortController().signal
  }
}
