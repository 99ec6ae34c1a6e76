import { AB_ZERO_POINT, magFromFlux } from '../contract/index.ts'
import type { AlertRecord } from './record.ts'

/** A point of a light curve as it is drawn. */
export interface Point {
  readonly mjd: number
  readonly mag: number
  /** A band's letter, in capitals where the source is fainter than the reference; `v` for a limit. */
  readonly sign: string
}

const LIMIT = 'v'
const SIGMAS_OF_A_LIMIT = 5
/** The least span of the axis of time, days. */
const SHORTEST = 0.01

/**
 * The points of an alert's history: detections by the magnitude of their difference flux, non-detections
 * by their limit (for LSST forced photometry five deviations).
 */
export function pointsOf(alert: AlertRecord): Point[] {
  const numbers = (name: string) =>
    (alert[`history_${name}`] ?? []) as readonly (number | null | undefined)[]
  const band = (alert['history_band'] ?? []) as readonly (string | null)[]
  const detected = (alert['history_detected'] ?? []) as readonly (boolean | null)[]
  const flux = numbers('flux')
  const fluxErr = numbers('flux_err')
  const limit = numbers('mag_limit')
  return numbers('mjd').flatMap((mjd = null, i) => {
    const now = flux[i] ?? null
    const point = detected[i]
      ? { mag: magFromFlux(Math.abs(now ?? 0)), sign: signOf(band[i] ?? '?', now) }
      : { mag: limit[i] ?? fiveSigma(fluxErr[i] ?? null), sign: LIMIT }
    return mjd !== null && Number.isFinite(point.mag) ? [{ mjd, ...point }] : []
  })
}

function signOf(band: string, flux: number | null): string {
  return flux !== null && flux < 0 ? band.toUpperCase() : band
}

function fiveSigma(sigma: number | null): number {
  return sigma === null ? Number.NaN : AB_ZERO_POINT - 2.5 * Math.log10(SIGMAS_OF_A_LIMIT * sigma)
}

/**
 * A light curve as text: brighter is higher, time runs to the right and ends at the latest point. One
 * point is no curve: it is said in words.
 */
export function plot(points: readonly Point[], width = 72, height = 16): string {
  const [only] = points
  if (only === undefined) return '(no point has a magnitude)'
  if (points.length === 1) return inWords(only)
  const mags = points.map(({ mag }) => mag)
  const times = points.map(({ mjd }) => mjd)
  const [bright, faint] = widen(Math.min(...mags), Math.max(...mags), 0.1)
  const last = Math.max(...times)
  const first = Math.min(last - SHORTEST, ...times)
  const grid = Array.from({ length: height }, () => Array.from({ length: width }, () => ' '))
  const limitsFirst = [...points].sort((a, b) => rank(a) - rank(b))
  for (const { mjd, mag, sign } of limitsFirst) {
    const x = Math.round(((mjd - first) / (last - first)) * (width - 1))
    const y = Math.round(((mag - bright) / (faint - bright)) * (height - 1))
    grid[y]![x] = sign
  }
  const label = (y: number) => {
    const shown = y === 0 || y === height - 1 || y === Math.floor(height / 2)
    const mag = bright + ((faint - bright) * y) / (height - 1)
    return shown ? mag.toFixed(2).padStart(6) : ' '.repeat(6)
  }
  const start = `${(first - last).toFixed(Math.abs(first - last) < 10 ? 2 : 0)} d`
  return [
    '   mag',
    ...grid.map((row, y) => `${label(y)} |${row.join('').trimEnd()}`),
    `       +${'-'.repeat(width)}`,
    `        ${start}${'0 d'.padStart(width - start.length)}`
  ].join('\n')
}

function inWords({ mjd, mag, sign }: Point): string {
  return `(one point only: ${meaning(sign)}, ${mag.toFixed(2)} mag, MJD ${mjd.toFixed(5)})`
}

/** Limits first, so that a detection at the same place is drawn over them. */
function rank({ sign }: Point): number {
  return sign === LIMIT ? 0 : 1
}

function widen(low: number, high: number, least: number): [number, number] {
  return high - low >= least ? [low, high] : [low - least / 2, high + least / 2]
}

/** What the signs of a plot mean, for those that are in it. */
export function legend(points: readonly Point[]): string {
  const counts = new Map<string, number>()
  for (const { sign } of points) counts.set(sign, (counts.get(sign) ?? 0) + 1)
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([sign, count]) => `${sign} ${meaning(sign)} ${count}`)
    .join(' · ')
}

function meaning(sign: string): string {
  if (sign === LIMIT) return 'upper limit'
  return sign === sign.toUpperCase() ? `${sign.toLowerCase()}, fainter than the reference` : sign
}
