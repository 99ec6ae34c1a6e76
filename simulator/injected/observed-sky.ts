import { airmass } from '../sky/ephemeris.ts'
import type { Band } from '../sky/flux.ts'
import { keyOf } from '../sky/random.ts'
import { ecliptic, galactic } from '../sky/sky.ts'
import type { Survey } from '../../engine/contract/index.ts'
import type { Exposure } from '../survey/cadence.ts'
import type { Field } from '../survey/fields.ts'
import { SURVEYS } from '../survey/parameters.ts'

/** A pointing that was observed. Degrees. */
export interface Pointing {
  readonly id: number
  readonly ra: number
  readonly dec: number
}

/** An exposure that was taken. */
export interface Taken {
  /** Place of its pointing among the pointings. */
  readonly pointing: number
  readonly band: Band
  /** MJD UTC: ZTF the start, LSST the middle. */
  readonly mjd: number
  /** 5-sigma limit of the difference image, mag. */
  readonly limit: number
  /** Pixels; null: not known. */
  readonly fwhm: number | null
}

/** How a night was observed, and its fields before. */
export interface ObservingPattern {
  readonly survey: Survey
  readonly pointings: readonly Pointing[]
  /** Exposures of the night, and the earlier ones of its pointings; both ascending in time. */
  readonly night: readonly Taken[]
  readonly before: readonly Taken[]
}

/** A sky that was observed as told, in the place of a schedule that is made up. */
export class ObservedSky {
  readonly survey: Survey
  readonly night: readonly Exposure[]
  readonly #past = new Map<Field, readonly Exposure[]>()
  readonly #tonight: ReadonlyMap<Field, readonly Exposure[]>

  constructor({ survey, pointings, night, before }: ObservingPattern) {
    this.survey = survey
    const fields = pointings.map((one, index) => fieldOf(survey, one, index))
    const exposures = (taken: readonly Taken[]) => {
      const counts = new Map<number, number>()
      return taken.map((one) => {
        const day = Math.floor(survey === 'lsst' ? one.mjd - 0.5 : one.mjd)
        const index = counts.get(day) ?? 0
        counts.set(day, index + 1)
        return exposureOf(survey, fields[one.pointing]!, one, day, index)
      })
    }
    this.night = exposures(night)
    const past = exposures(before)
    this.#tonight = Map.groupBy(this.night, ({ field }) => field)
    for (const [field, own] of Map.groupBy([...past, ...this.night], ({ field }) => field)) {
      this.#past.set(field, own)
    }
  }

  /** Exposures of the night of one field, ascending in time. */
  tonight(field: Field): readonly Exposure[] {
    return this.#tonight.get(field) ?? []
  }

  /** Exposures of a field before a moment and not older than `days`, ascending in time. */
  before(field: Field, mjd: number, days: number): readonly Exposure[] {
    const all = this.#past.get(field) ?? []
    return all.filter((one) => one.mjd < mjd && one.mjd >= mjd - days)
  }

  /** The first exposure of a field from `begin` to before `end` (MJD) that is as asked for. */
  first(
    field: Field,
    begin: number,
    end: number,
    isWanted: (exposure: Exposure) => boolean
  ): Exposure | undefined {
    const all = this.#past.get(field) ?? []
    return all.find((one) => one.mjd >= begin && one.mjd < end && isWanted(one))
  }
}

function fieldOf(survey: Survey, { id, ra, dec }: Pointing, index: number): Field {
  const { width, height } = SURVEYS[survey].field
  const { lon, lat } = galactic({ ra, dec })
  return {
    id,
    index,
    ra,
    dec,
    glon: lon,
    glat: lat,
    beta: ecliptic({ ra, dec }).lat,
    area: width * height,
    width,
    height,
    key: keyOf(0, survey, 'observed', id)
  }
}

function exposureOf(
  survey: Survey,
  field: Field,
  { band, mjd, limit, fwhm }: Taken,
  night: number,
  index: number
): Exposure {
  return {
    night,
    index,
    field,
    band,
    mjd,
    limit,
    fwhm: fwhm ?? SURVEYS[survey].seeing.median,
    airmass: airmass(field, SURVEYS[survey].site, mjd),
    key: keyOf(field.key, band, mjd * 1e5)
  }
}
