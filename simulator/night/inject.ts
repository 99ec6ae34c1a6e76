import type { Cadence, Exposure } from '../survey/cadence.ts'
import { placeOnChip } from '../survey/focal-plane.ts'
import type { ClassName, SkyObject } from '../population/objects.ts'
import type { NightPlan } from './options.ts'
import { measure } from '../observe/photometry.ts'
import type { Population } from '../population/population.ts'
import { EVENT_CLASSES } from '../population/population.ts'
import type { TransientClass, VariableClass } from '../population/parameters.ts'
import { Rng, keyOf } from '../sky/random.ts'
import { makeEvent, placeIn } from '../population/transients.ts'
import { makeVariable } from '../population/variables.ts'

const TRIES = 200
/** Redshift up to which injected explosions are drawn: what is asked for is to be seen. */
const NEAR = 0.023
/** Above the ordinals of a field's own events. */
const FIRST_ORDINAL = 31 * 65536 + 60000

/** Objects asked for by class: each gives at least one alert in the nights asked for, if it can. */
export function objectsToInject(
  plan: NightPlan,
  cadence: Cadence,
  population: Population
): SkyObject[] {
  const exposures: Exposure[] = []
  if (Object.keys(plan.inject).length === 0) return []
  for (let i = 0; i < Math.min(plan.nights, 60); i++) {
    exposures.push(...cadence.plan(plan.firstNight + i).exposures)
  }
  if (exposures.length === 0) return []
  const objects: SkyObject[] = []
  for (const [name, count] of Object.entries(plan.inject)) {
    for (let i = 0; i < count; i++) {
      const key = keyOf(plan.seed, 'inject', name, i)
      const object = injectOne(plan, population, exposures, name as ClassName, key, objects.length)
      if (object) objects.push(object)
    }
  }
  return objects
}

function injectOne(
  plan: NightPlan,
  population: Population,
  exposures: readonly Exposure[],
  name: ClassName,
  key: number,
  rank: number
): SkyObject | null {
  let last: SkyObject | null = null
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const rng = new Rng(keyOf(key, attempt))
    const exposure = rng.pick(exposures)
    const { field } = exposure
    const source = isEvent(name)
      ? makeEvent(
          name,
          plan.survey,
          rng,
          field,
          placeIn(field, rng),
          exposure.mjd - age(name, rng),
          (reach) => Math.min(NEAR, reach)
        )
      : makeVariable(
          name as VariableClass,
          plan.survey,
          rng,
          keyOf(key, attempt),
          placeIn(field, rng)
        )
    const at = placeOnChip(plan.survey, field, source)
    if (!at) continue
    const slot = population.injectedSlot(field, at.chip, rank)
    const ordinal = FIRST_ORDINAL + rank
    last = { ...source, ...at, field, key: keyOf(key, attempt), slot, ordinal, life: 'event' }
    if (measure(plan.survey, last, exposure).detected) return last
  }
  return last
}

function isEvent(name: ClassName): name is TransientClass {
  return (EVENT_CLASSES as readonly ClassName[]).includes(name)
}

/** Days since an injected event began when it is first looked at. */
function age(name: TransientClass, rng: Rng): number {
  if (name === 'flare') return rng.between(0, 0.01)
  if (name === 'kilonova' || name === 'grb') return rng.between(0.05, 1.5)
  return rng.between(5, 45)
}
