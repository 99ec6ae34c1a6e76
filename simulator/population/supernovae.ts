import type { Band } from '../sky/flux.ts'
import type { Rng } from '../sky/random.ts'

/** Absolute or apparent magnitude above the peak level against days, or null before it begins. */
export type Magnitudes = (band: Band, days: number) => number | null

/** Phases of the SN Ia template, rest-frame days from B maximum. */
const PHASES = [-15, -12, -10, -7, -5, -3, 0, 3, 5, 7, 10, 15, 20, 25, 30, 40, 50, 60, 80]

/** Magnitudes below B peak for z = 0, 0.05, 0.1, from the Hsiao et al. (2007) spectra. */
const TEMPLATE: Readonly<Record<'g' | 'r', readonly (readonly number[])[]>> = {
  g: [
    [
      2.91, 1.63, 1.22, 0.61, 0.33, 0.24, 0.1, 0.15, 0.19, 0.29, 0.47, 0.87, 1.3, 1.72, 2.06, 2.65,
      2.87, 3.06, 3.4
    ],
    [
      2.73, 1.49, 1.08, 0.47, 0.19, 0.1, -0.03, 0.04, 0.09, 0.21, 0.44, 0.92, 1.44, 1.93, 2.29,
      2.83, 3.02, 3.19, 3.48
    ],
    [
      2.65, 1.42, 1.02, 0.43, 0.16, 0.08, -0.04, 0.05, 0.11, 0.24, 0.47, 0.97, 1.52, 2.03, 2.39,
      2.9, 3.09, 3.25, 3.56
    ]
  ],
  r: [
    [
      2.99, 1.76, 1.36, 0.83, 0.58, 0.48, 0.34, 0.38, 0.4, 0.51, 0.71, 1.02, 1.12, 1.19, 1.41, 2.07,
      2.46, 2.78, 3.41
    ],
    [
      2.89, 1.67, 1.27, 0.73, 0.48, 0.36, 0.21, 0.23, 0.25, 0.35, 0.52, 0.81, 0.94, 1.04, 1.28,
      1.91, 2.3, 2.62, 3.26
    ],
    [
      2.8, 1.59, 1.18, 0.63, 0.38, 0.25, 0.08, 0.1, 0.12, 0.2, 0.35, 0.65, 0.84, 1.01, 1.28, 1.88,
      2.23, 2.51, 3.11
    ]
  ]
}

function interpolate(values: readonly number[], phase: number): number | null {
  const first = PHASES[0] ?? 0
  if (phase < first) {
    // Fireball rise: flux grows with the square of time since 17.5 d before maximum.
    const age = (phase + 17.5) / (first + 17.5)
    return age > 0.05 ? (values[0] ?? 0) - 5 * Math.log10(age) : null
  }
  for (let i = 1; i < PHASES.length; i++) {
    const high = PHASES[i] ?? 0
    if (phase <= high) {
      const low = PHASES[i - 1] ?? 0
      const part = (phase - low) / (high - low)
      return (values[i - 1] ?? 0) * (1 - part) + (values[i] ?? 0) * part
    }
  }
  const last = PHASES.at(-1) ?? 80
  return (values.at(-1) ?? 0) + 0.015 * (phase - last)
}

/** The template in g and r; the other bands are offset from them (i + 0.3, z + 0.4, u + 0.6) [k]. */
function template(band: Band, phase: number, z: number): number | null {
  const grid = band === 'g' || band === 'u' ? TEMPLATE.g : TEMPLATE.r
  const at = Math.min(1.999, z / 0.05)
  const low = Math.floor(at)
  const a = interpolate(grid[low] ?? [], phase)
  const b = interpolate(grid[low + 1] ?? [], phase)
  if (a === null || b === null) return null
  const offset = { u: 0.6 + 0.03 * Math.max(0, phase), g: 0, r: 0, i: 0.3, z: 0.4, y: 0.5 }[band]
  return a * (1 - at + low) + b * (at - low) + offset
}

/** SN Ia: stretch `s`, colour `c` (added in g only, as the template's own colour holds the rest). */
export function typeIa(s: number, c: number, z: number): Magnitudes {
  return (band, days) => {
    const value = template(band, days / (s * (1 + z)), z)
    const redden = band === 'g' ? c : band === 'u' ? 1.3 * c : 0
    return value === null ? null : value + redden
  }
}

/** A rise towards zero, `1 - exp(-t / tau)` in flux, from the explosion at `-rise`. */
function risen(days: number, rise: number): number | null {
  const age = days + rise
  if (age <= 0) return null
  const flux = (1 - Math.exp((-3 * age) / rise)) / (1 - Math.exp(-3))
  return flux < 1e-3 ? null : -2.5 * Math.log10(Math.min(1, flux))
}

/** Magnitude offsets from r of a thermal source that reddens: g - r in mag. */
function coloured(band: Band, gr: number): number {
  return { u: 1.9 * gr + 0.2, g: gr, r: 0, i: -0.3 * gr, z: -0.4 * gr, y: -0.45 * gr }[band]
}

/** SN II: rise, plateau, drop and tail. */
export function typeII(rng: Rng): { magnitudes: Magnitudes; rise: number; last: number } {
  const rise = Math.max(3, rng.normal(8, 3))
  const plateau = Math.max(40, rng.normal(90, 20))
  const magnitudes: Magnitudes = (band, days) => {
    if (days < 0) return add(risen(days, rise), coloured(band, 0))
    const gr = 1.2 * Math.min(1, days / 80)
    const slope = band === 'g' || band === 'u' ? 0.006 : 0.006
    const onPlateau = slope * Math.min(days, plateau)
    const drop = 2 * Math.min(1, Math.max(0, (days - plateau) / 20))
    const tail = 0.0098 * Math.max(0, days - plateau - 20)
    return onPlateau + drop + tail + coloured(band, gr)
  }
  return { magnitudes, rise, last: plateau + 120 }
}

/** SN Ibc: gaussian rise, then dm15 and a linear tail. */
export function typeIbc(rng: Rng): { magnitudes: Magnitudes; rise: number; last: number } {
  const rise = Math.max(6, rng.normal(16, 4))
  const dm15 = Math.max(0.2, rng.normal(0.6, 0.2))
  const magnitudes: Magnitudes = (band, days) => {
    if (days < -rise) return null
    const gr = Math.min(1.1, 0.5 + (0.6 * Math.max(0, days)) / 20)
    if (days < 0) return 1.0857 * 0.5 * (days / (rise / 3)) ** 2 + coloured(band, 0.5)
    const early = dm15 * (Math.min(days, 15) / 15) ** 1.5
    const middle = 0.06 * Math.min(Math.max(0, days - 15), 12)
    return early + middle + 0.018 * Math.max(0, days - 27) + coloured(band, gr)
  }
  return { magnitudes, rise, last: 130 }
}

/** SN IIn and SLSN: slow rise and linear decline; g - r goes from `blue` to `red` in 60 d. */
export function slow(
  rise: number,
  decline: number,
  blue: number,
  red: number
): { magnitudes: Magnitudes; rise: number; last: number } {
  const magnitudes: Magnitudes = (band, days) => {
    if (days < 0) return add(risen(days, rise), coloured(band, blue))
    return decline * days + coloured(band, blue + (red - blue) * Math.min(1, days / 60))
  }
  return { magnitudes, rise, last: 2.5 / decline }
}

/** Tidal disruption: flux falls as ((t + t0) / t0)^(-5/3). */
export function disruption(
  rise: number,
  t0: number
): { magnitudes: Magnitudes; rise: number; last: number } {
  const magnitudes: Magnitudes = (band, days) => {
    if (days < 0) return add(risen(days, rise), coloured(band, -0.2))
    return (5 / 3) * 2.5 * Math.log10((days + t0) / t0) + coloured(band, -0.2)
  }
  return { magnitudes, rise, last: 250 }
}

/** Kilonova: half a day up, then 1.8, 1.0, 0.6 mag a day in g, r, i. */
export function kilonova(): { magnitudes: Magnitudes; rise: number; last: number } {
  const rate = { u: 2.2, g: 1.8, r: 1, i: 0.6, z: 0.5, y: 0.45 }
  const magnitudes: Magnitudes = (band, days) => (days < 0 ? risen(days, 0.5) : rate[band] * days)
  return { magnitudes, rise: 0.5, last: 8 }
}

/** Afterglow: F goes as t^-alpha; the magnitude is that at one day. */
export function afterglow(alpha: number): { magnitudes: Magnitudes; rise: number; last: number } {
  const magnitudes: Magnitudes = (band, days) =>
    days <= 0.001 ? null : 2.5 * alpha * Math.log10(days) + coloured(band, 0.4)
  return { magnitudes, rise: 0, last: 12 }
}

function add(a: number | null, b: number): number | null {
  return a === null ? null : a + b
}
