import type { Numbers } from '#contract'

export const BANDS = ['u', 'g', 'r', 'i', 'z', 'y'] as const
export type Band = (typeof BANDS)[number]

/** Detections of one alert's history, in one band or in all. Times are MJD; null for none. */
export interface Tally {
  detections: number
  first: number | null
  last: number | null
  /** The last detection before the alert's own time. */
  previous: number | null
}

/** The lists of one alert's history that counting needs. */
export interface Epochs {
  readonly mjd: Numbers
  readonly band: readonly (string | null)[]
  readonly detected: Uint8Array
  readonly forced: Uint8Array
}

/** Counts survey detections in all bands and in each; forced photometry is not counted. */
export function tally(epochs: Epochs, now: number): { all: Tally; bands: Record<Band, Tally> } {
  const all = nothing()
  const bands = {
    u: nothing(),
    g: nothing(),
    r: nothing(),
    i: nothing(),
    z: nothing(),
    y: nothing()
  }
  for (let i = 0; i < epochs.mjd.length; i++) {
    if (epochs.detected[i] !== 1 || epochs.forced[i] === 1) continue
    const mjd = epochs.mjd[i] ?? Number.NaN
    count(all, mjd, now)
    const band = epochs.band[i]
    if (isBand(band)) count(bands[band], mjd, now)
  }
  return { all, bands }
}

/** Forced photometry at 5 sigma and more. */
export function forcedDetections({ detected, forced }: Epochs): number {
  let found = 0
  for (let i = 0; i < forced.length; i++) if (forced[i] === 1 && detected[i] === 1) found++
  return found
}

function nothing(): Tally {
  return { detections: 0, first: null, last: null, previous: null }
}

function count(tally: Tally, mjd: number, now: number): void {
  tally.detections++
  tally.first ??= mjd
  tally.last = mjd
  if (mjd < now) tally.previous = mjd
}

function isBand(band: string | null | undefined): band is Band {
  return BANDS.includes(band as Band)
}
