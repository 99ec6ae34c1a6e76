import { crc32, deflateSync } from 'node:zlib'

/** A drawing of a fixed size; y grows downwards. */
export class Drawing {
  readonly width: number
  readonly height: number
  #parts: string[] = []

  constructor(width: number, height: number) {
    this.width = width
    this.height = height
  }

  circle(x: number, y: number, radius: number, colour: string): void {
    this.#parts.push(`<circle cx="${cut(x)}" cy="${cut(y)}" r="${radius}" fill="${colour}"/>`)
  }

  line(points: readonly (readonly [number, number])[], colour: string, width = 1): void {
    const path = points.map(([x, y]) => `${cut(x)},${cut(y)}`).join(' ')
    this.#parts.push(
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="${width}"/>`
    )
  }

  bar(x: number, y: number, width: number, height: number, colour: string): void {
    const size = `width="${cut(width)}" height="${cut(height)}"`
    this.#parts.push(`<rect x="${cut(x)}" y="${cut(y)}" ${size} fill="${colour}"/>`)
  }

  text(x: number, y: number, value: string, size = 11, anchor = 'start'): void {
    const escaped = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
    const font = `font-family="sans-serif" font-size="${size}" text-anchor="${anchor}"`
    this.#parts.push(`<text x="${cut(x)}" y="${cut(y)}" ${font} fill="#222">${escaped}</text>`)
  }

  /** A grey image of `size` x `size` values, first row at the bottom. */
  image(x: number, y: number, scale: number, values: ArrayLike<number>, size: number): void {
    const data = greyPng(values, size).toString('base64')
    const box = `x="${x}" y="${y}" width="${scale}" height="${scale}"`
    this.#parts.push(
      `<image ${box} style="image-rendering:pixelated" href="data:image/png;base64,${data}"/>`
    )
  }

  toString(): string {
    const box = `width="${this.width}" height="${this.height}"`
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" ${box} viewBox="0 0 ${this.width} ${this.height}">` +
      `<rect width="100%" height="100%" fill="white"/>${this.#parts.join('\n')}</svg>\n`
    )
  }
}

function cut(value: number): string {
  return value.toFixed(1)
}

/** A straight scale from data to the page. */
export function linear(from: readonly [number, number], to: readonly [number, number]) {
  return (value: number): number =>
    to[0] + ((value - from[0]) / (from[1] - from[0] || 1)) * (to[1] - to[0])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(data.length, 0)
  body.copy(out, 4)
  out.writeUInt32BE(crc32(body), body.length + 4)
  return out
}

/** An 8-bit PNG, stretched between the 2nd and the 99.5th percentile with an asinh curve. */
function greyPng(values: ArrayLike<number>, size: number): Buffer {
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort()
  const low = sorted[Math.floor(0.02 * sorted.length)] ?? 0
  const high = sorted[Math.floor(0.995 * (sorted.length - 1))] ?? 1
  const rows = Buffer.alloc(size * (size + 1))
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const value = values[(size - 1 - y) * size + x] ?? Number.NaN
      const part = Math.max(0, Math.min(1, (value - low) / (high - low || 1)))
      const grey = Number.isFinite(value) ? (255 * Math.asinh(8 * part)) / Math.asinh(8) : 0
      rows[y * (size + 1) + 1 + x] = Math.round(grey)
    }
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(size, 0)
  head.writeUInt32BE(size, 4)
  head.writeUInt8(8, 8)
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0))
  ])
}
