import { SURVEYS, WEATHER } from './parameters.ts'
import { airmass, darkness, moonIsUp } from './ephemeris.ts'
import type { Darkness } from './ephemeris.ts'
import { fieldGrid } from './fields.ts'
import type { Field } from './fields.ts'
import { Rng, keyOf, uniformAt } from './random.ts'
import { separation, siderealTime, wrap } from './sky.ts'
import type { Band } from './flux.ts'
import type { Survey } from '../engine/contract/index.ts'

/** One exposure of one field. */
export interface Exposure {
  /** Integer MJD that names the night: ZTF UTC date, LSST date of UTC - 12 h. */
  readonly night: number
  /** Place in the night, from 0. */
  readonly index: number
  readonly field: Field
  readonly band: Band
  /** MJD UTC: ZTF the start, LSST the middle of the exposure. */
  readonly mjd: number
  /** 5-sigma limit of the difference image, mag. */
  readonly limit: number
  /** Pixels. */
  readonly fwhm: number
  readonly airmass: number
  readonly key: number
}

export interface NightPlan {
  readonly exposures: readonly Exposure[]
  readonly byField: ReadonlyMap<number, readonly Exposure[]>
}

const MONTH = 60

/** The schedule of the sky: a pure function of the seed and the night, kept for as long as needed. */
export class Cadence {
  readonly survey: Survey
  readonly fields: readonly Field[]
  #seed: number
  #plans = new Map<number, NightPlan>()
  /** Alerts of one exposure ask for the same past one after another. */
  #last: { name: string; found: readonly Exposure[] } | undefined

  constructor(survey: Survey, seed: number) {
    this.survey = survey
    this.#seed = seed
    this.fields = fieldGrid(survey, seed)
  }

  plan(night: number): NightPlan {
    const known = this.#plans.get(night)
    if (known) return known
    const made = planNight(this.survey, this.#seed, night, this.fields)
    this.#plans.set(night, made)
    const kept = SURVEYS[this.survey].historyDays + 230
    if (this.#plans.size > kept) this.#plans.delete(this.#plans.keys().next().value ?? night)
    return made
  }

  /** Exposures of a field before a moment and not older than `days`, ascending in time. */
  before(field: Field, mjd: number, days: number): readonly Exposure[] {
    const name = `${field.index}/${mjd}/${days}`
    if (this.#last?.name === name) return this.#last.found
    const found: Exposure[] = []
    for (let night = Math.floor(mjd - days) - 1; night <= Math.floor(mjd) + 1; night++) {
      for (const exposure of this.plan(night).byField.get(field.index) ?? []) {
        if (exposure.mjd < mjd && exposure.mjd >= mjd - days) found.push(exposure)
      }
    }
    this.#last = { name, found }
    return found
  }
}

function planNight(
  survey: Survey,
  seed: number,
  night: number,
  fields: readonly Field[]
): NightPlan {
  const { site, twilight } = SURVEYS[survey]
  const key = keyOf(seed, survey, 'night', night)
  // Local midnight of an LSST night falls on the next UTC day.
  const dark = darkness(survey === 'lsst' ? night + 1 : night, site, twilight)
  const open = openHours(dark, key)
  const chosen = fields
    .filter((field) => isScheduled(survey, field, night, seed))
    .map((field) => ({ field, mjd: bestTime(survey, field, dark) }))
    .filter((choice) => choice.mjd !== null && moonIsFar(survey, choice.field, dark))
    .map((choice) => ({ field: choice.field, mjd: choice.mjd ?? 0 }))
    .toSorted((a, b) => a.mjd - b.mjd || a.field.index - b.field.index)
  const exposures = assignSlots(survey, night, key, dark, open, chosen)
  const byField = new Map<number, Exposure[]>()
  for (const exposure of exposures) {
    const list = byField.get(exposure.field.index)
    if (list) list.push(exposure)
    else byField.set(exposure.field.index, [exposure])
  }
  return { exposures, byField }
}

/** The hours lost to weather lie together somewhere in the night. */
function openHours(dark: Darkness, key: number): { from: number; to: number } {
  const rng = new Rng(keyOf(key, 'weather'))
  if (!rng.chance(WEATHER.chance)) return { from: Infinity, to: Infinity }
  const lost = rng.between(WEATHER.lossLow, WEATHER.lossHigh) * (dark.end - dark.begin)
  const from = rng.between(dark.begin, dark.end - lost)
  return { from, to: from + lost }
}

function isScheduled(survey: Survey, field: Field, night: number, seed: number): boolean {
  const { cadences } = SURVEYS[survey]
  let draw = uniformAt(keyOf(seed, 'cadence', Math.floor(night / MONTH)), field.index)
  for (const { every, share } of cadences) {
    if (draw < share) return (night + (field.key % 60)) % every === 0
    draw -= share
  }
  return false
}

function moonIsFar(survey: Survey, field: Field, dark: Darkness): boolean {
  return separation(field, dark.moon) > SURVEYS[survey].moonDistanceMin
}

/** When in the dark the field is highest; null if never above the airmass limit. */
function bestTime(survey: Survey, field: Field, dark: Darkness): number | null {
  const { site, airmassMax } = SURVEYS[survey]
  const transit =
    dark.middle +
    (wrap(field.ra - siderealTime(dark.middle) - site.longitude + 180) - 180) / 360.9856
  const mjd = Math.max(dark.begin, Math.min(dark.end, transit))
  return airmass(field, site, mjd) < airmassMax * 0.85 ? mjd : null
}

/**
 * Fields in order of transit are cut into blocks; a block is observed in one band and then again
 * in another, which makes the pairs of a field `pairMinutes` apart.
 */
function assignSlots(
  survey: Survey,
  night: number,
  key: number,
  dark: Darkness,
  lost: { from: number; to: number },
  chosen: readonly { field: Field; mjd: number }[]
): Exposure[] {
  const { slotSeconds, pairMinutes } = SURVEYS[survey]
  const length = dark.end - dark.begin
  const slot = Math.max(slotSeconds / 86400, length / Math.max(1, 2 * chosen.length))
  const block = Math.max(1, Math.round(pairMinutes / 1440 / slot))
  const exposures: Exposure[] = []
  let count = 0
  for (let first = 0; first < chosen.length; first += block) {
    const fields = chosen.slice(first, first + block)
    const bands = bandPair(survey, keyOf(key, 'bands', first), dark)
    for (const band of bands) {
      for (const { field } of fields) {
        const mjd = Math.round((dark.begin + slot * count++) * 1e7) / 1e7
        if (mjd > dark.end || (mjd > lost.from && mjd < lost.to)) continue
        exposures.push(expose(survey, night, exposures.length, field, band, mjd, dark, key))
      }
    }
  }
  return exposures.filter((exposure) => exposure.airmass < SURVEYS[survey].airmassMax)
}

function bandPair(survey: Survey, key: number, dark: Darkness): readonly Band[] {
  const rng = new Rng(key)
  if (survey === 'ztf') return rng.chance(0.5) ? ['g', 'r'] : ['r', 'g']
  const bright: readonly (readonly Band[])[] = [
    ['r', 'i'],
    ['i', 'z'],
    ['z', 'y'],
    ['y', 'z']
  ]
  const faint: readonly (readonly Band[])[] = [
    ['u', 'g'],
    ['g', 'r'],
    ['g', 'i'],
    ['r', 'i'],
    ['i', 'z']
  ]
  return rng.pick(dark.illumination > 0.5 ? bright : faint)
}

function expose(
  survey: Survey,
  night: number,
  index: number,
  field: Field,
  band: Band,
  mjd: number,
  dark: Darkness,
  nightKey: number
): Exposure {
  const set = SURVEYS[survey]
  const key = keyOf(nightKey, field.index, band)
  const rng = new Rng(key)
  const mass = airmass(field, set.site, mjd)
  const clouds = rng.chance(set.cloudChance) ? rng.exponential(set.cloudMean) : 0
  const moon = moonIsUp(dark, set.site, mjd) ? set.moonLoss[band] * dark.illumination : 0
  const seeing = set.seeing.median * Math.exp(rng.normal(0, set.seeing.sigma))
  return {
    night,
    index,
    field,
    band,
    mjd,
    limit: Math.max(
      15,
      set.depth[band] +
        rng.normal(0, set.depthScatter) -
        moon -
        set.airmassLoss * (mass - 1) -
        clouds
    ),
    fwhm: Math.max(1.1, seeing),
    airmass: mass,
    key
  }
}
