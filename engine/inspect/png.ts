import { crc32, deflateSync } from 'node:zlib'
import type { FitsImage } from '../stamps/fits.ts'

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
const GREY = 0
const SOFTENING = 3

/** Grey values of an image, one byte a pixel, in its own order. */
/** Pixels of the picture, along a side, for each of the stamp. */
export const ZOOM = 4

export type Grey = Uint8Array

/**
 * Brings pixels to 0..255: the 1st to the 99.5th percentile through an asinh, so that a faint
 * neighbour shows beside a bright star. NaN and what lies below become black.
 */
export function stretch(pixels: Float64Array, lowPercent = 1, highPercent = 99.5): Grey {
  const sorted = pixels.filter((value) => Number.isFinite(value)).sort()
  const low = percentile(sorted, lowPercent)
  const range = percentile(sorted, highPercent) - low
  const top = Math.asinh(SOFTENING)
  return Uint8Array.from(pixels, (value) => {
    const part = range > 0 ? (value - low) / range : 0.5
    const clipped = Math.min(1, Math.max(0, part))
    return Number.isFinite(value) ? Math.round((255 * Math.asinh(SOFTENING * clipped)) / top) : 0
  })
}

function percentile(sorted: Float64Array, percent: number): number {
  if (sorted.length === 0) return 0
  const at = ((sorted.length - 1) * percent) / 100
  const below = sorted[Math.floor(at)]!
  return below + (sorted[Math.ceil(at)]! - below) * (at - Math.floor(at))
}

/** A stamp as a PNG, `zoom` screen pixels a pixel. The image's last row comes on top: FITS counts upwards. */
export function stampPng(image: FitsImage, zoom = ZOOM): Uint8Array {
  const { width, height } = image
  const grey = stretch(image.pixels)
  const rows: Uint8Array[] = []
  for (let y = height - 1; y >= 0; y--) {
    const row = new Uint8Array(1 + width * zoom)
    for (let x = 0; x < width; x++) row.fill(grey[y * width + x]!, 1 + x * zoom, 1 + (x + 1) * zoom)
    for (let i = 0; i < zoom; i++) rows.push(row)
  }
  return greyPng(width * zoom, height * zoom, Buffer.concat(rows))
}

/** @param lines per line a filter byte (0) and a grey value a pixel. */
function greyPng(width: number, height: number, lines: Uint8Array): Uint8Array {
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, GREY, 0, 0, 0], 8)
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(lines)),
    chunk('IEND', new Uint8Array(0))
  ])
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(data.length, 0)
  frame.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
}
