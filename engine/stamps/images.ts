import type { Stamp } from '../contract/index.ts'
import type { Images } from '../table/images.ts'
import type { AlertTable } from '../table/table.ts'
import { readFits } from './fits.ts'

/** @param bytesOf what the alert of a row was decoded from */
export function imagesOf({ stamps }: AlertTable, bytesOf: (row: number) => Uint8Array): Images {
  return {
    at(name, row) {
      const start = stamps[name].start[row]!
      const length = stamps[name].length[row]!
      return length === 0 ? null : stampOf(bytesOf(row).subarray(start, start + length))
    }
  }
}

function stampOf(fits: Uint8Array): Stamp | null {
  try {
    const { width, height, pixels, missing, cards } = readFits(fits)[0]!
    if (missing > 0) return null
    return { width, height, pixels: Float32Array.from(pixels), header: cards }
  } catch {
    return null
  }
}
