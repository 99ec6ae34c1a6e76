import { BOGUS, EVENT_BIN, EVENT_BINS, EXPLOSIONS, VARIABLES } from './parameters.ts'
import { SURVEYS } from '../survey/parameters.ts'
import type { TransientClass, VariableClass } from './parameters.ts'
import { makeArtefact } from './artefacts.ts'
import { asAsteroid, belt, earth, ephemeris } from './asteroids.ts'
import type { Exposure } from '../survey/cadence.ts'
import type { Field } from '../survey/fields.ts'
import { FieldCells, placeOnChip } from '../survey/focal-plane.ts'
import type { SkyObject, Source } from './objects.ts'
import { Rng, keyOf, mix } from '../sky/random.ts'
import { eventCount, makeEvent, placeIn } from './transients.ts'
import { makeVariable, variableCount } from './variables.ts'
import type { Survey } from '../../engine/contract/index.ts'

export const EVENT_CLASSES: readonly TransientClass[] = [
  ...(Object.keys(EXPLOSIONS) as (keyof typeof EXPLOSIONS)[]),
  'grb',
  'microlensing',
  'flare'
]

/** Blocks of slots for events above the persistent objects of a chip: by bin, and by day for flares. */
const BINS_KEPT = 10
const DAYS_KEPT = 2
/** One more block is kept for injected objects. */
const BLOCKS = BINS_KEPT + DAYS_KEPT + 1

/** Objects that are remembered, over all fields: bounds the memory. */
const MOST_OBJECTS = 60000

/** A run of time bins that events are drawn in. Flares are short and many: a bin is a day. */
interface Series {
  readonly kinds: readonly TransientClass[]
  /** Days. */
  readonly width: number
  readonly block: (bin: number) => number
  readonly ordinal: (bin: number, rank: number) => number
}

const SLOW: Series = {
  kinds: EVENT_CLASSES.filter((kind) => kind !== 'flare'),
  width: EVENT_BIN,
  block: (bin) => bin % BINS_KEPT,
  ordinal: (bin, rank) => (bin % 32) * 65536 + rank
}

const FLARES: Series = {
  kinds: ['flare'],
  width: 1,
  block: (day) => BINS_KEPT + (day % DAYS_KEPT),
  ordinal: (day, rank) => 32 * 65536 + (day % 512) * 4096 + Math.min(4095, rank)
}

interface Residents {
  readonly objects: readonly SkyObject[]
  /** Slots used on each chip. */
  readonly slots: ReadonlyMap<number, number>
}

/**
 * Everything in the sky. A field's objects depend on the seed and the field alone, an event on its
 * field and its time bin, an asteroid on its number: any worker can make any part of it.
 */
export class Population {
  readonly survey: Survey
  readonly seed: number
  readonly scale: number
  #residents = new Memory<number, Residents>(({ objects }) => objects.length)
  #events = new Memory<string, readonly SkyObject[]>((objects) => objects.length + 40)
  #belt: ReturnType<typeof belt> | undefined
  #tonight: { night: number; byField: Map<number, number[]> } | undefined
  #injected: readonly SkyObject[] = []

  constructor(survey: Survey, seed: number, scale: number) {
    this.survey = survey
    this.seed = seed
    this.scale = scale
  }

  /** Adds objects that were asked for by name; they live in the fields they were placed in. */
  inject(objects: readonly SkyObject[]): void {
    this.#injected = objects
  }

  /** Objects that stay: variables, quasars, and spots that fail again and again. */
  residents(field: Field): Residents {
    const known = this.#residents.get(field.index)
    if (known) return known
    const made = this.#makeResidents(field)
    this.#residents.set(field.index, made)
    return made
  }

  /** Events of a field that may be seen at a moment. */
  events(field: Field, mjd: number): SkyObject[] {
    const found = this.#injected.filter(
      (object) => object.field === field && object.from <= mjd && object.to >= mjd
    )
    const add = (series: Series, bins: number): void => {
      const last = Math.floor(mjd / series.width)
      for (let bin = last - bins; bin <= last; bin++) {
        for (const object of this.#bin(field, bin, series)) {
          if (object.from <= mjd && object.to >= mjd) found.push(object)
        }
      }
    }
    add(SLOW, EVENT_BINS)
    add(FLARES, 1)
    return found
  }

  /** Asteroids and one-off artefacts of one exposure. */
  singles(exposure: Exposure): SkyObject[] {
    const { field } = exposure
    const slots = new Map<number, number>()
    const objects: SkyObject[] = []
    const add = (source: Source, key: number): void => {
      const at = placeOnChip(this.survey, field, source)
      if (!at) return
      const base = this.#firstFree(field, at.chip)
      const used = slots.get(at.chip) ?? 0
      slots.set(at.chip, used + 1)
      const slot = base + used
      objects.push({ ...source, ...at, field, key, slot, ordinal: objects.length, life: 'single' })
    }
    for (const asteroid of this.#asteroids(exposure)) {
      // The noise and the neighbours of its place, which is another one in the next exposure.
      const key = mix(asteroid.key, exposure.key)
      add(asAsteroid(asteroid, exposure.mjd, earth(exposure.mjd)), key)
    }
    const rng = new Rng(keyOf(exposure.key, 'bogus'))
    const count = rng.poisson(BOGUS.singles[this.survey] * field.area * this.scale)
    for (let i = 0; i < count; i++) {
      const { mjd } = exposure
      const artefact = { ...makeArtefact(this.survey, rng, field, null), from: mjd, to: mjd }
      add(artefact, keyOf(exposure.key, 'bogus', i))
    }
    return objects
  }

  #makeResidents(field: Field): Residents {
    const slots = new Map<number, number>()
    const objects: SkyObject[] = []
    const add = (source: Source, key: number): void => {
      const at = placeOnChip(this.survey, field, source)
      if (!at) return
      const slot = slots.get(at.chip) ?? 0
      slots.set(at.chip, slot + 1)
      objects.push({
        ...source,
        ...at,
        field,
        key,
        slot,
        ordinal: objects.length,
        life: 'persistent'
      })
    }
    for (const kind of Object.keys(VARIABLES) as VariableClass[]) {
      const mean = variableCount(kind, this.survey, field) * this.scale
      const count = new Rng(keyOf(this.seed, field.key, kind)).poisson(mean)
      for (let i = 0; i < count; i++) {
        const key = keyOf(this.seed, field.key, kind, i)
        const rng = new Rng(key)
        add(makeVariable(kind, this.survey, rng, key, placeIn(field, rng)), key)
      }
    }
    const mean = BOGUS.repeaters[this.survey] * field.area * this.scale
    const count = new Rng(keyOf(this.seed, field.key, 'spots')).poisson(mean)
    for (let i = 0; i < count; i++) {
      const key = keyOf(this.seed, field.key, 'spot', i)
      const rng = new Rng(key)
      const chance = Math.min(0.9, rng.exponential(BOGUS.repeatChance))
      add(makeArtefact(this.survey, rng, field, chance), key)
    }
    return { objects, slots }
  }

  /** Events that begin in one bin of time, in a fixed order. */
  #bin(field: Field, bin: number, series: Series): readonly SkyObject[] {
    const name = `${field.index}/${series.width}/${bin}`
    const known = this.#events.get(name)
    if (known) return known
    const made = this.#makeBin(field, bin, series)
    this.#events.set(name, made)
    return made
  }

  #makeBin(field: Field, bin: number, series: Series): SkyObject[] {
    const slots = new Map<number, number>()
    const objects: SkyObject[] = []
    const share = (series.width / EVENT_BIN) * this.scale
    for (const kind of series.kinds) {
      const key = keyOf(this.seed, field.key, kind, bin)
      const count = new Rng(key).poisson(eventCount(kind, this.survey, field) * share)
      for (let i = 0; i < count; i++) {
        const eventKey = keyOf(key, i)
        const rng = new Rng(eventKey)
        const start = (bin + rng.uniform()) * series.width
        const source = makeEvent(kind, this.survey, rng, field, placeIn(field, rng), start)
        const at = placeOnChip(this.survey, field, source)
        if (!at) continue
        const rank = slots.get(at.chip) ?? 0
        if (rank >= this.#slotsPerBin()) continue
        slots.set(at.chip, rank + 1)
        const block = series.block(bin) * this.#slotsPerBin() + rank
        const slot = (this.residents(field).slots.get(at.chip) ?? 0) + block
        const ordinal = series.ordinal(bin, objects.length)
        objects.push({ ...source, ...at, field, key: eventKey, slot, ordinal, life: 'event' })
      }
    }
    return objects
  }

  #slotsPerBin(): number {
    return 3 + Math.ceil((this.survey === 'ztf' ? 10 : 300) * this.scale)
  }

  #firstFree(field: Field, chip: number): number {
    return (this.residents(field).slots.get(chip) ?? 0) + BLOCKS * this.#slotsPerBin()
  }

  /** The slot of the n-th injected object: behind the events, before what lasts one exposure. */
  injectedSlot(field: Field, chip: number, rank: number): number {
    return this.#firstFree(field, chip) - this.#slotsPerBin() + (rank % this.#slotsPerBin())
  }

  #asteroids(exposure: Exposure): readonly ReturnType<typeof belt>[number][] {
    this.#belt ??= belt(this.survey, this.seed, this.scale)
    const tonight = this.#nightly(exposure)
    const all = this.#belt
    return (tonight.get(exposure.field.index) ?? []).flatMap((index) => all[index] ?? [])
  }

  /** Which asteroids are near which declination strip and field tonight: coarse, then exact. */
  #nightly(exposure: Exposure): Map<number, number[]> {
    if (this.#tonight?.night === exposure.night) return this.#tonight.byField
    const from = earth(exposure.night + 0.5)
    const faintest = SURVEYS[this.survey].depth.r + 1
    const byField = new Map<number, number[]>()
    const cells = new FieldCells(this.survey, this.seed)
    for (const { orbit, index } of this.#belt ?? []) {
      const now = ephemeris(orbit, exposure.night + 0.5, from)
      if (now.mag > faintest) continue
      for (const field of cells.near(now)) {
        const list = byField.get(field)
        if (list) list.push(index)
        else byField.set(field, [index])
      }
    }
    this.#tonight = { night: exposure.night, byField }
    return byField
  }
}

/** Drops what was made first while there is too much; what was made last always stays. */
class Memory<K, V> {
  #map = new Map<K, V>()
  #size: (value: V) => number
  #total = 0

  constructor(size: (value: V) => number) {
    this.#size = size
  }

  get(key: K): V | undefined {
    return this.#map.get(key)
  }

  set(key: K, value: V): void {
    this.#map.set(key, value)
    this.#total += this.#size(value)
    for (const [oldest, old] of this.#map) {
      if (this.#total <= MOST_OBJECTS || this.#map.size <= 1) return
      this.#map.delete(oldest)
      this.#total -= this.#size(old)
    }
  }
}
