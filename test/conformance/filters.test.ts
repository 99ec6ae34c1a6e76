import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Filter, Module, Needs, Survey } from '#contract'
import { select } from '../../engine/publish/select.ts'
import type { Enriched } from '../../engine/table/enriched.ts'
import { goldenAlerts, silentAlert } from './alerts.ts'
import type { Alert } from './alerts.ts'
import { batchOf, enrichAlerts } from './batch.ts'
import { Dice } from './dice.ts'
import { kept, keptUnasked } from './kept.ts'
import { asError, foldersIn, load, planned, planOf } from './load.ts'
import { askedBy } from './made-up.ts'

const HOME = fileURLToPath(new URL('../../filters/', import.meta.url))
const MODULES = fileURLToPath(new URL('../../science-modules/', import.meta.url))
const GOLDEN_ALERTS = 500

const { good: ordered } = planOf(await load<Module>(MODULES, 'module.ts'))
const { good: filters, broken } = planned(await load<Filter>(HOME, 'filter.ts'), ordered)
/** What a filter did wrong over the golden alerts. */
const failed = new Map<string, Error>()
const golden: Record<Survey, Alert[]> = {
  ztf: goldenAlerts('ztf', GOLDEN_ALERTS, 2),
  lsst: goldenAlerts('lsst', GOLDEN_ALERTS, 2)
}
const whole: Partial<Record<Survey, Enriched>> = {}
const rates: string[] = []

beforeAll(async () => {
  for (const survey of ['ztf', 'lsst'] as const) {
    await enrichAlerts(survey, golden[survey], ordered)
    whole[survey] = batchOf(survey, golden[survey], ordered)
  }
})
afterAll(() => console.log([`kept of ${GOLDEN_ALERTS} golden alerts`, ...rates].join('\n')))

test('every folder is registered once, under its own name; topics are their own', async () => {
  const { filters: registered } = await import('../../filters/registry.ts')
  expect(registered.map(({ name }) => name).sort()).toEqual(foldersIn(HOME))
  expect(new Set(registered.map(({ topic }) => topic)).size).toBe(registered.length)
})

test.each([...broken])('filter %s can be loaded, and finds the columns it reads', (_, error) => {
  throw error
})

describe.each(filters.map((filter): [string, Filter] => [filter.name, filter]))(
  'filter %s',
  (name, filter) => {
    const surveys = filter.surveys ?? (['ztf', 'lsst'] as const)

    test.each(surveys)('runs over the golden alerts, and comes to an end: %s', (survey) => {
      try {
        kept(filter, survey, golden[survey])
      } catch (error) {
        failed.set(name, asError(error))
        throw error
      }
    })

    beforeEach((context) => {
      if (context.task.name.startsWith('runs over')) return
      if (failed.has(name)) context.skip(`${name} does not run over the golden alerts`)
    })

    test('is declared in full', () => {
      expect(filter.about.trim(), 'about').not.toBe('')
      expect(filter.owner.trim(), 'owner: put your name').not.toMatch(/^$|@your-name/)
      for (const { about, name: block } of Object.values(filter.uses)) {
        expect(about.trim(), `about of block ${block}`).not.toBe('')
      }
    })

    test('has a README that names its topic and version, and tests of its own', () => {
      const readme = readFileSync(`${HOME}${name}/README.md`, 'utf8')
      expect(readme, 'Versions in README.md').toContain(filter.version)
      expect(readme, 'the topic in README.md').toContain(filter.topic)
      expect(existsSync(`${HOME}${name}/filter.test.ts`), 'filter.test.ts is missing').toBe(true)
    })

    test.each(surveys)('takes an empty batch, and keeps no silent alert: %s', (survey) => {
      expect(kept(filter, survey, [])).toEqual([])
      expect(kept(filter, survey, [silentAlert(survey), silentAlert(survey)])).toEqual([])
    })

    test.each(surveys)('keeps nothing for what is null: %s', (survey) => {
      const parts: [string, Needs][] = [
        ['its own columns', filter.requires],
        ...Object.values(filter.uses).map((block): [string, Needs] => [
          `block ${block.name}`,
          block.requires
        ])
      ]
      for (const [part, needs] of parts) {
        if (Object.keys(needs).length === 0) continue
        const rows = kept(filter, survey, golden[survey], { muted: needs })
        expect(rows, `kept though ${part} say nothing`).toEqual([])
      }
    })

    test.each(askedBy(filter))('uses what it asks for: %s', (noisy) => {
      const all = (given?: { readonly noisy: string }) =>
        surveys.map((survey) => kept(filter, survey, golden[survey], given))
      expect(
        all({ noisy }),
        `another "${noisy}" changes nothing ${name} keeps: ask no more for it, or give it values in test/conformance/made-up.ts`
      ).not.toEqual(all())
    })

    const unasked = Object.keys(filter.lookups ?? {}).length > 0 ? surveys : []
    test.each(unasked)(
      'takes no catalogue that could not be asked for one without: %s',
      (survey) => {
        for (const only of ['not-covered', 'unavailable'] as const) {
          const rows = keptUnasked(filter, survey, golden[survey], only)
          expect(
            rows,
            `kept where the catalogue is "${only}", and not for every answer that it could give: only "none" says that there is nothing`
          ).toEqual([])
        }
      }
    )

    test.each(surveys)('takes each alert on its own: %s', (survey) => {
      const alerts = golden[survey]
      const rows = kept(filter, survey, alerts)
      expect(
        kept(filter, survey, alerts),
        `${name} is not the same twice: does it use the clock or random numbers?`
      ).toEqual(rows)
      const [selected] = select([filter], whole[survey]!, (message) => expect.fail(message))
      const chosen = [...selected!.rows, ...selected!.injected].sort((a, b) => a - b)
      expect(chosen, 'rows that the engine selects, injected ones among them').toEqual(rows)
      const order = new Dice(5).shuffled(alerts.map((_, row) => row))
      const shuffled = kept(
        filter,
        survey,
        order.map((row) => alerts[row]!)
      )
      expect(shuffled.map((at) => order[at]!).sort((a, b) => a - b)).toEqual(rows)
      const half = GOLDEN_ALERTS / 2
      const second = kept(filter, survey, alerts.slice(half)).map((row) => row + half)
      expect([...kept(filter, survey, alerts.slice(0, half)), ...second]).toEqual(rows)
      const percent = ((100 * rows.length) / GOLDEN_ALERTS).toFixed(1)
      rates.push(`  ${name.padEnd(24)} ${survey.padEnd(5)} ${percent.padStart(5)} %`)
      expect(rows.length, 'a filter that keeps everything selects nothing').toBeLessThan(
        GOLDEN_ALERTS
      )
    })
  }
)
