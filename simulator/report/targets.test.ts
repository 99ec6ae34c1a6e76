import { expect, test } from 'vitest'
import { quantile } from './field-profile.ts'
import { NightMaker } from '../night/night.ts'
import { checkOptions } from '../night/options.ts'
import { isOrphan, populationOf } from './targets.ts'
import { alertFacts, passesQuality, roid } from './statistics.ts'
import type { AlertFacts } from './statistics.ts'

/** The targets of the report, on another seed and other nights than it is tuned with. */
const maker = new NightMaker(checkOptions({ out: 'night.tar', scale: 0.05, seed: 8 }))
const nights = [61020, 61065, 61110, 61155, 61200, 61245, 61290, 61335]
const alerts = nights.flatMap((night) => [...alertFacts(maker, night)])
const processed = alerts.filter(passesQuality)
const real = alerts.filter(({ cls }) => cls !== 'bogus')

function share<T>(list: readonly T[], chosen: (item: T) => boolean): number {
  return list.filter(chosen).length / list.length
}

function numbers(list: readonly AlertFacts[], of: (alert: AlertFacts) => number): number[] {
  return list.map(of).toSorted((a, b) => a - b)
}

test('T2, T3, T4: quality, catalogued and moving alerts', () => {
  expect(alerts.length).toBeGreaterThan(20000)
  expect(share(alerts, passesQuality)).toBeGreaterThan(0.28)
  expect(share(alerts, passesQuality)).toBeLessThan(0.33)
  expect(share(processed, ({ catalogue }) => catalogue !== null)).toBeGreaterThan(0.19)
  expect(share(processed, ({ catalogue }) => catalogue !== null)).toBeLessThan(0.26)
  expect(share(processed, (alert) => roid(alert) >= 2)).toBeGreaterThan(0.07)
  expect(share(processed, (alert) => roid(alert) >= 2)).toBeLessThan(0.13)
})

test('T9: few alerts that do not move are far from every star and galaxy', () => {
  const orphans = share(alerts, (alert) => isOrphan(alert) && roid(alert) < 2)
  expect(orphans).toBeGreaterThan(0.0007)
  expect(orphans).toBeLessThan(0.003)
})

test('what fails again and again is what is left of a star', () => {
  const kinds = new Set<string>()
  for (const field of maker.cadence.fields.slice(200, 260)) {
    for (const { artefact, surroundings } of maker.population.residents(field).objects) {
      if (!artefact) continue
      kinds.add(artefact.kind)
      expect(surroundings).toBe('star')
    }
  }
  expect(kinds).toEqual(new Set(['dipole', 'bleed']))
})

test.each([
  [18.5, 0.1],
  [19.3, 0.13],
  [20, 0.19],
  [20.7, 0.29]
])('errors at %f mag are those of the real sample', (mag, sigma) => {
  const near = real.filter(({ magpsf }) => Math.abs(magpsf - mag) < 0.35)
  const median = quantile(
    numbers(near, ({ sigmapsf }) => sigmapsf),
    0.5
  )
  expect(Math.abs(median / sigma - 1)).toBeLessThan(0.3)
})

test('most uncatalogued variables are seen once or twice in thirty days (T5)', () => {
  const unknown = real.filter((alert) => populationOf(alert.cls) === 'variable' && !alert.catalogue)
  expect(share(unknown, ({ nalerthist }) => nalerthist < 3)).toBeGreaterThan(0.5)
})

test('widths of sources have the long tail of the real sample', () => {
  const widths = numbers(alerts, ({ fwhm }) => fwhm)
  expect(Math.abs(quantile(widths, 0.1) - 1.3)).toBeLessThan(0.15)
  expect(Math.abs(quantile(widths, 0.5) - 2.3)).toBeLessThan(0.2)
  expect(Math.abs(quantile(widths, 0.9) - 5.1)).toBeLessThan(0.5)
})

test('a night asked for one field gives what the whole night has there', () => {
  const plan = maker.cadence.plan(61400)
  const [any] = maker.cadence.plan(61400).exposures
  const again = new NightMaker(maker.plan).cadence.plan(61400)
  expect(any).toBeDefined()
  const field = any?.field.index ?? -1
  expect(again.of(field)).toEqual(plan.exposures.filter((one) => one.field.index === field))
  expect(again.count).toBe(plan.exposures.length)
})
