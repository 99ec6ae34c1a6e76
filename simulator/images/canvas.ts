import type { Rng } from '../sky/random.ts'

/** Moffat profile with beta = 3, normalised on the infinite plane. */
function moffat(distance2: number, fwhm: number): number {
  const alpha2 = (fwhm * fwhm) / (4 * (Math.cbrt(2) - 1))
  const base = 1 + distance2 / alpha2
  return 2 / (Math.PI * alpha2 * base * base * base)
}

/** A PSF image of unit sum. */
export function moffatKernel(size: number, fwhm: number): Float64Array {
  const centre = (size - 1) / 2
  const kernel = new Float64Array(size * size)
  let sum = 0
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const value = moffat((x - centre) ** 2 + (y - centre) ** 2, fwhm)
      kernel[y * size + x] = value
      sum += value
    }
  }
  return kernel.map((value) => value / sum)
}

export interface Galaxy {
  readonly flux: number
  /** Half-light radius, pixels. */
  readonly radius: number
  readonly ratio: number
  readonly angle: number
}

/** A square image that sources are painted on. */
export class Canvas {
  readonly size: number
  readonly values: Float32Array

  constructor(size: number) {
    this.size = size
    this.values = new Float32Array(size * size)
  }

  put(x: number, y: number, value: number): void {
    const column = Math.round(x)
    const row = Math.round(y)
    if (column < 0 || row < 0 || column >= this.size || row >= this.size) return
    const at = row * this.size + column
    this.values[at] = (this.values[at] ?? 0) + value
  }

  star(x: number, y: number, flux: number, fwhm: number): void {
    const reach = Math.ceil(5 * fwhm)
    const most = this.size - 1
    const [top, left] = [Math.floor(y) - reach, Math.floor(x) - reach]
    for (let row = Math.max(0, top); row <= Math.min(most, y + reach); row++) {
      for (let column = Math.max(0, left); column <= Math.min(most, x + reach); column++) {
        this.put(column, row, flux * moffat((column - x) ** 2 + (row - y) ** 2, fwhm))
      }
    }
  }

  /** Exponential disc (Sersic n = 1). */
  galaxy(x: number, y: number, { flux, radius, ratio, angle }: Galaxy): void {
    const scale = radius / 1.678
    const peak = flux / (2 * Math.PI * scale * scale * ratio)
    const cos = Math.cos(angle)
    const sin = Math.sin(angle)
    for (let row = 0; row < this.size; row++) {
      for (let column = 0; column < this.size; column++) {
        const u = (column - x) * cos + (row - y) * sin
        const v = ((row - y) * cos - (column - x) * sin) / ratio
        const distance = Math.hypot(u, v) / scale
        if (distance < 8) this.put(column, row, peak * Math.exp(-distance))
      }
    }
  }

  ring(x: number, y: number, radius: number, value: number): void {
    for (let row = 0; row < this.size; row++) {
      for (let column = 0; column < this.size; column++) {
        const off = Math.abs(Math.hypot(column - x, row - y) - radius)
        if (off < 2) this.put(column, row, value)
      }
    }
  }

  /** Rows without data. */
  blank(from: number, to: number): void {
    this.values.fill(Number.NaN, from * this.size, to * this.size)
  }

  add(other: Canvas): void {
    for (let i = 0; i < this.values.length; i++) {
      this.values[i] = (this.values[i] ?? 0) + (other.values[i] ?? 0)
    }
  }

  /** Background with Poisson-like growth of the noise on bright pixels. */
  noise(rng: Rng, sigma: number, background: number): void {
    for (let i = 0; i < this.values.length; i++) {
      const value = this.values[i] ?? 0
      this.values[i] = value + background + rng.normal(0, Math.hypot(sigma, 0.02 * value))
    }
  }
}
