import { SURVEYS } from './parameters.ts'
import { ecliptic, galactic, wrap } from '../sky/sky.ts'
import { keyOf } from '../sky/random.ts'
import type { Survey } from '../../engine/contract/index.ts'

/** One pointing of the survey's fixed grid. Angles in degrees. */
export interface Field {
  readonly id: number
  readonly index: number
  readonly ra: number
  readonly dec: number
  readonly glon: number
  readonly glat: number
  /** Ecliptic latitude. */
  readonly beta: number
  /** Square degrees. */
  readonly area: number
  readonly width: number
  readonly height: number
  readonly key: number
}

/** The first field number; ZTF's own numbers at this declination are alike. */
const FIRST_ID = 246

const grids = new Map<string, readonly Field[]>()

/** The survey's grid: rows of constant declination, south first. */
export function fieldGrid(survey: Survey, seed: number): readonly Field[] {
  const name = `${survey}/${seed}`
  const known = grids.get(name)
  if (known) return known
  const made = makeGrid(survey, seed)
  grids.set(name, made)
  return made
}

function makeGrid(survey: Survey, seed: number): Field[] {
  const { field, decRange } = SURVEYS[survey]
  const fields: Field[] = []
  const rows = Math.round((decRange[1] - decRange[0]) / field.height)
  const height = (decRange[1] - decRange[0]) / rows
  for (let row = 0; row < rows; row++) {
    const dec = decRange[0] + height * (row + 0.5)
    const count = Math.max(1, Math.round((360 * Math.cos((dec * Math.PI) / 180)) / field.width))
    for (let i = 0; i < count; i++) {
      const index = fields.length
      const at = { ra: wrap((360 / count) * (i + 0.5 * (row % 2))), dec }
      const { lon, lat } = galactic(at)
      fields.push({
        id: FIRST_ID + index,
        index,
        ...at,
        glon: lon,
        glat: lat,
        beta: ecliptic(at).lat,
        area: field.width * field.height,
        width: field.width,
        height: field.height,
        key: keyOf(seed, survey, 'field', index)
      })
    }
  }
  return fields
}
