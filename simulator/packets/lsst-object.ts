import type { RecordValues } from './avro-writer.ts'
import { midpointTai, processedTai } from './lsst-source.ts'
import type { Band } from '../sky/flux.ts'
import type { SkyObject } from '../population/objects.ts'
import type { Measurement } from '../observe/photometry.ts'
import type { Version } from './schema.ts'

const BANDS: readonly Band[] = ['u', 'g', 'r', 'i', 'z', 'y']

/** Inverse-variance mean and its error; null of nothing. */
function weightedMean(points: readonly { flux: number; sigma: number }[]) {
  if (points.length === 0) return null
  let weights = 0
  let sum = 0
  for (const { flux, sigma } of points) {
    weights += 1 / (sigma * sigma)
    sum += flux / (sigma * sigma)
  }
  return { mean: sum / weights, error: Math.sqrt(1 / weights) }
}

function spread(values: readonly number[]): number | null {
  if (values.length < 2) return null
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  const sum = values.reduce((total, value) => total + (value - mean) ** 2, 0)
  return Math.sqrt(sum / (values.length - 1))
}

function steepest(points: readonly Measurement[]): number | null {
  let most: number | null = null
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1], points[i]]
    if (!a || !b) continue
    const slope = (b.flux - a.flux) / (b.exposure.mjd - a.exposure.mjd)
    if (most === null || slope > most) most = slope
  }
  return most
}

function bandPart(
  band: Band,
  sources: readonly Measurement[],
  forced: readonly Measurement[]
): RecordValues {
  const points = sources.filter((source) => source.exposure.band === band)
  const fluxes = points.map((point) => point.flux)
  const psf = weightedMean(points)
  const science = weightedMean(
    points.map(({ flux, reference, sigma }) => ({ flux: flux + reference, sigma }))
  )
  const all = weightedMean(forced.filter((point) => point.exposure.band === band))
  const some = points.length > 0
  return {
    [`${band}_psfFluxMean`]: psf?.mean,
    [`${band}_psfFluxMeanErr`]: psf?.error,
    [`${band}_psfFluxSigma`]: spread(fluxes),
    [`${band}_psfFluxNdata`]: points.length,
    [`${band}_fpFluxMean`]: all?.mean,
    [`${band}_fpFluxMeanErr`]: all?.error,
    [`${band}_scienceFluxMean`]: science?.mean,
    [`${band}_scienceFluxMeanErr`]: science?.error,
    [`${band}_psfFluxMin`]: some ? Math.min(...fluxes) : null,
    [`${band}_psfFluxMax`]: some ? Math.max(...fluxes) : null,
    [`${band}_psfFluxMaxSlope`]: steepest(points),
    [`${band}_psfFluxErrMean`]: some
      ? points.reduce((sum, point) => sum + point.sigma, 0) / points.length
      : null
  }
}

/**
 * A row of diaObject: statistics of the object's sources, the current one last. The 10.0 stream
 * leaves the times of the first and last source empty.
 */
export function objectValues(
  object: SkyObject,
  id: bigint,
  sources: readonly Measurement[],
  forced: readonly Measurement[],
  version: Version
): RecordValues {
  const now = sources.at(-1)
  const first = sources[0]
  if (!now || !first) throw new Error('an object has at least its current source')
  const degrees = 2e-5 / Math.sqrt(sources.length)
  const times =
    version === '10.0'
      ? {}
      : {
          firstDiaSourceMjdTai: midpointTai(first.exposure),
          lastDiaSourceMjdTai: midpointTai(now.exposure)
        }
  return {
    diaObjectId: id,
    validityStartMjdTai: processedTai(now.exposure) + 4e-5,
    ra: object.ra,
    raErr: degrees,
    dec: object.dec,
    decErr: degrees * 1.3,
    ra_dec_Cov: 0,
    ...Object.assign({}, ...BANDS.map((band) => bandPart(band, sources, forced))),
    ...times,
    nDiaSources: sources.length
  }
}
