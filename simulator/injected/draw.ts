import type { ClassName, SkyObject, Source } from '../population/objects.ts'
import { CLASSES } from '../population/objects.ts'
import type { TransientClass, VariableClass } from '../population/parameters.ts'
import { EVENT_CLASSES } from '../population/population.ts'
import { makeEvent, placeIn } from '../population/transients.ts'
import { makeVariable } from '../population/variables.ts'
import { Rng, keyOf } from '../sky/random.ts'
import { placeOnChip } from '../survey/focal-plane.ts'
import type { Survey } from '../../engine/contract/index.ts'
import type { ObservedSky } from './observed-sky.ts'

/** Classes that can be injected: those that stay in their place and are real. */
export const INJECTABLE: readonly ClassName[] = CLASSES.filter(
  (name) => name !== 'sso' && name !== 'bogus'
)

/** Days since the onset up to which events are drawn. */
const OLDEST: Record<TransientClass, number> = {
  kilonova: 10,
  grb: 10,
  flare: 0.17,
  microlensing: 60,
  sn_ia: 60,
  sn_ibc: 60,
  sn_ii: 90,
  sn_iin: 90,
  slsn: 120,
  tde: 120
}

/** Counters on a chip that no detection of the survey has: of ZTF candid ends in 9xxxxx, of LSST bit 17 is set. */
const COUNTERS: Record<Survey, { readonly first: number; readonly count: number }> = {
  ztf: { first: 885_000, count: 90_000 },
  lsst: { first: 1 << 17, count: 1 << 17 }
}

/** Of distance, over which explosions are drawn: 7.5 mag. */
const DECADES = 1.5

const TRIES = 200

/**
 * An object in a field of the night: events evenly in their age, explosions evenly in their distance modulus, so that
 * every magnitude and age has its share. Nothing is asked of it: it may be too faint to be seen. Null: no place was found.
 */
export function drawObject(
  sky: ObservedSky,
  cls: ClassName,
  seed: number,
  rank: number
): SkyObject | null {
  const { survey } = sky
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const key = keyOf(seed, 'injected', cls, rank, attempt)
    const rng = new Rng(key)
    const exposure = rng.pick(sky.night)
    const { field } = exposure
    const source = sourceOf(sky, cls, rng, key, exposure)
    const at = placeOnChip(survey, field, source)
    if (!at) continue
    const { first, count } = COUNTERS[survey]
    const slot = first + ((rank * 7919 + (keyOf(seed, cls, 'slot') % count)) % count)
    return { ...source, ...at, field, key, slot, ordinal: rank, life: 'event', injected: true }
  }
  return null
}

function sourceOf(
  { survey }: ObservedSky,
  cls: ClassName,
  rng: Rng,
  key: number,
  { field, mjd }: ObservedSky['night'][number]
): Source {
  const place = placeIn(field, rng)
  if (!isEvent(cls)) return makeVariable(cls as VariableClass, survey, rng, key, place)
  const start = mjd - rng.uniform() * OLDEST[cls]
  const nearer = 10 ** (-DECADES * rng.uniform())
  return makeEvent(cls, survey, rng, field, place, start, (reach) => reach * nearer)
}

function isEvent(name: ClassName): name is TransientClass {
  return (EVENT_CLASSES as readonly ClassName[]).includes(name)
}
