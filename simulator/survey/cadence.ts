import { SURVEYS, WEATHER } from './parameters.ts'
import { airmass, darkness, moonIsUp } from '../sky/ephemeris.ts'
import type { Darkness } from '../sky/ephemeris.ts'
import { fieldGrid } from './fields.ts'
import type { Field } from './fields.ts'
import { Rng, keyOf, uniformAt } from '../sky/random.ts'
import { separation, siderealTime, wrap } from '../sky/sky.ts'
import type { Band } from '../sky/flux.ts'
import type { Survey } from '../../engine/contract/index.ts'

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

/** An exposure before its weather is drawn. */
type Slot = Pick<Exposure, 'field' | 'band' | 'mjd' | 'index' | 'airmass'>

/** The exposures of one night. Past nights are asked for a field or two: each is made when asked for. */
export class NightPlan {
  #slots: readonly Slot[]
  #expose: (slot: Slot) => Exposure
  #made: (Exposure | undefined)[] = []
  #places = new Map<number, number[]>()

  constructor(slots: readonly Slot[], expose: (slot: Slot) => Exposure) {
    this.#slots = slots
    this.#expose = expose
    for (const [place, { field }] of slots.entries()) {
      const list = this.#places.get(field.index)
      if (list) list.push(place)
      else this.#places.set(field.index, [place])
    }
  }

  get count(): number {
    return this.#slots.length
  }

  get exposures(): readonly Exposure[] {
    return this.#slots.map((slot, place) => this.#at(slot, place))
  }

  /** Exposures of one field, ascending in time. */
  of(field: number): readonly Exposure[] {
    const places = this.#places.get(field) ?? []
    return places.flatMap((place) => {
      const slot = this.#slots[place]
      return slot ? [this.#at(slot, place)] : []
    })
  }

  #at(slot: Slot, place: number): Exposure {
    return (this.#made[place] ??= this.#expose(slot))
  }
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
      for (const exposure of this.plan(night).of(field.index)) {
        if (exposure.mjd < mjd && exposure.mjd >= mjd - days) found.push(exposure)
      }
    }
    this.#last = { name, found }
    return found
  }

  /** The first exposure of a field from `begin` to before `end` (MJD) that is as asked for. */
  first(
    field: Field,
    begin: number,
    end: number,
    isWanted: (exposure: Exposure) => boolean
  ): Exposure | undefined {
    for (let night = Math.floor(begin) - 1; night <= Math.floor(end) + 1; night++) {
      for (const exposure of this.plan(night).of(field.index)) {
        if (exposure.mjd >= begin && exposure.mjd < end && isWanted(exposure)) return exposure
      }
    }
    return undefined
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
  const sidereal = siderealTime(dark.middle)
  const month = keyOf(seed, 'cadence', Math.floor(night / MONTH))
  const chosen: { field: Field; mjd: number }[] = []
  for (const field of fields) {
    if (!isScheduled(survey, field, night, month)) continue
    const mjd = bestTime(survey, field, dark, sidereal)
    if (mjd !== null && moonIsFar(survey, field, dark)) chosen.push({ field, mjd })
  }
  chosen.sort((a, b) => a.mjd - b.mjd || a.field.index - b.field.index)
  const slots = assignSlots(survey, key, dark, open, chosen)
  return new NightPlan(slots, (slot) => expose(survey, night, slot, dark, key))
}

/** The hours lost to weather lie together somewhere in the night. */
function openHours(dark: Darkness, key: number): { from: number; to: number } {
  const rng = new Rng(keyOf(key, 'weather'))
  if (!rng.chance(WEATHER.chance)) return { from: Infinity, to: Infinity }
  const lost = rng.between(WEATHER.lossLow, WEATHER.lossHigh) * (dark.end - dark.begin)
  const from = rng.between(dark.begin, dark.end - lost)
  return { from, to: from + lost }
}

/** `month` is the key of the cadences that fields have for some time. */
function isScheduled(survey: Survey, field: Field, night: number, month: number): boolean {
  const { cadences } = SURVEYS[survey]
  let draw = uniformAt(month, field.index)
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
function bestTime(survey: Survey, field: Field, dark: Darkness, sidereal: number): number | null {
  const { site, airmassMax } = SURVEYS[survey]
  const transit = dark.middle + (wrap(field.ra - sidereal - site.longitude + 180) - 180) / 360.9856
  const mjd = Math.max(dark.begin, Math.min(dark.end, transit))
  return airmass(field, site, mjd) < airmassMax * 0.85 ? mjd : null
}

/**
 * Fields in order of transit are cut into blocks; a block is observed in one band and then again
 * in another, which makes the pairs of a field `pairMinutes` apart.
 */
function assignSlots(
  survey: Survey,
  key: number,
  dark: Darkness,
  lost: { from: number; to: number },
  chosen: readonly { field: Field; mjd: number }[]
): Slot[] {
  const { slotSeconds, pairMinutes, site, airmassMax } = SURVEYS[survey]
  const length = dark.end - dark.begin
  const pitch = Math.max(slotSeconds / 86400, length / Math.max(1, 2 * chosen.length))
  const block = Math.max(1, Math.round(pairMinutes / 1440 / pitch))
  const slots: Slot[] = []
  let count = 0
  let index = 0
  for (let first = 0; first < chosen.length; first += block) {
    const fields = chosen.slice(first, first + block)
    const bands = bandPair(survey, keyOf(key, 'bands', first), dark)
    for (const band of bands) {
      for (const { field } of fields) {
        const mjd = Math.round((dark.begin + pitch * count++) * 1e7) / 1e7
        if (mjd > dark.end || (mjd > lost.from && mjd < lost.to)) continue
        const slot = { field, band, mjd, index: index++, airmass: airmass(field, site, mjd) }
        if (slot.airmass < airmassMax) slots.push(slot)
      }
    }
  }
  return slots
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
  slot: Slot,
  dark: Darkness,
  nightKey: number
): Exposure {
  const set = SURVEYS[survey]
  const { field, band, mjd } = slot
  const key = keyOf(nightKey, field.index, band)
  const rng = new Rng(key)
  const clouds = rng.chance(set.cloudChance) ? rng.exponential(set.cloudMean) : 0
  const moon = moonIsUp(dark, set.site, mjd) ? set.moonLoss[band] * dark.illumination : 0
  const seeing = set.seeing.median * Math.exp(rng.normal(0, set.seeing.sigma))
  return {
    ...slot,
    night,
    limit: Math.max(
      15,
      set.depth[band] +
        rng.normal(0, set.depthScatter) -
        moon -
        set.airmassLoss * (slot.airmass - 1) -
        clouds
    ),
    fwhm: Math.max(1.1, seeing),
    key
  }
}
