import { fieldGrid } from './fields.ts'
import type { Field } from './fields.ts'
import { toPlane } from '../sky/sky.ts'
import type { Direction } from '../sky/sky.ts'
import type { Survey } from '../../engine/contract/index.ts'

/** Chips across and down, and their size in pixels: ZTF 64 readout channels, LSST 189 detectors. */
const CAMERAS = {
  ztf: { across: 8, down: 8, most: 64, width: 3072, height: 3080 },
  lsst: { across: 13, down: 15, most: 189, width: 4072, height: 4000 }
} as const

/** Where a direction falls in the focal plane; null outside it. */
export function placeOnChip(
  survey: Survey,
  field: Field,
  at: Direction
): { chip: number; x: number; y: number } | null {
  const plane = toPlane(field, at)
  if (!plane) return null
  const { across, down, most, width, height } = CAMERAS[survey]
  const east = (plane.east / field.width + 0.5) * across
  const north = (plane.north / field.height + 0.5) * down
  if (east < 0 || north < 0 || east >= across || north >= down) return null
  const column = Math.floor(east)
  const row = Math.floor(north)
  const chip = survey === 'ztf' ? readoutChannel(column, row) : row * across + column
  if (chip >= most) return null
  return { chip, x: (east - column) * width, y: (north - row) * height }
}

/** ZTF: sixteen CCDs of four quadrants. */
function readoutChannel(column: number, row: number): number {
  const ccd = Math.floor(row / 2) * 4 + Math.floor(column / 2)
  return ccd * 4 + (row % 2) * 2 + (column % 2)
}

/** Distance in pixels from the nearest edge of the chip. */
export function toEdge(survey: Survey, x: number, y: number): number {
  const { width, height } = CAMERAS[survey]
  return Math.min(x, y, width - x, height - y)
}

/** Finds the fields near a direction. */
export class FieldCells {
  #rows: { dec: number; height: number; fields: Field[] }[] = []

  constructor(survey: Survey, seed: number) {
    for (const field of fieldGrid(survey, seed)) {
      const row = this.#rows.at(-1)
      if (row && row.dec === field.dec) row.fields.push(field)
      else this.#rows.push({ dec: field.dec, height: field.height, fields: [field] })
    }
  }

  /** Indexes of fields whose centre is within one field size: a moving object may enter them. */
  near(at: Direction): number[] {
    const found: number[] = []
    const first = this.#rows[0]?.dec ?? 0
    const pitch = (this.#rows[1]?.dec ?? first + 1) - first
    const nearest = Math.round((at.dec - first) / pitch)
    for (let i = Math.max(0, nearest - 2); i <= nearest + 2; i++) {
      const row = this.#rows[i]
      if (!row || Math.abs(row.dec - at.dec) > row.height) continue
      const count = row.fields.length
      const shift = (row.fields[0]?.ra ?? 0) / (360 / count)
      const middle = Math.round((at.ra / 360) * count - shift)
      // Near a pole a row may have fewer fields than the three that are asked for.
      for (let k = 0; k < Math.min(3, count); k++) {
        const field = row.fields[mod(middle - 1 + k, count)]
        if (field) found.push(field.index)
      }
    }
    return found
  }
}

function mod(value: number, base: number): number {
  return ((value % base) + base) % base
}
