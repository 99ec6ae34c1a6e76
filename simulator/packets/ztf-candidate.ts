import type { RecordValues } from './avro-writer.ts'
import type { History } from '../observe/history.ts'
import { julianDate, referenceId } from './ztf-identifiers.ts'
import type { SkyObject } from '../population/objects.ts'
import type { Measurement } from '../observe/photometry.ts'
import { QUALITY } from '../survey/parameters.ts'
import { Rng, keyOf, mix } from '../sky/random.ts'
import { round } from '../sky/flux.ts'
import type { Detection } from './ztf-detection.ts'
import { context } from './ztf-surroundings.ts'

/** The `candidate` record: the detection, its surroundings and its past. */
export function candidateValues(
  object: SkyObject,
  found: Measurement,
  history: History,
  now: Detection
): RecordValues {
  const rng = new Rng(mix(found.key, 17))
  const { image } = now
  const { field } = found.exposure
  const fieldRng = new Rng(keyOf(field.key, 'reference', object.chip, image.fid))
  const begin = round(2458180 + fieldRng.between(0, 130), 6)
  const spread = Math.abs(found.flux) / found.sigma
  const dsnrms = 3 + rng.gamma(2) * 1.5 + 0.15 * spread ** 1.5
  const ssnrms = dsnrms * 1.5 + rng.gamma(2) * 3
  return {
    ...now.values,
    ...context(object, now.ra, now.dec),
    ndethist: history.detections,
    ncovhist: history.coverage,
    jdstarthist: julianDate(history.firstSeen),
    jdendhist: image.jd,
    tooflag: 0,
    rfid: referenceId(field.id, image.fid, object.chip),
    jdstartref: begin,
    jdendref: round(begin + fieldRng.between(30, 250), 6),
    nframesref: fieldRng.chance(0.8) ? 15 : 16 + fieldRng.int(25),
    dsnrms,
    ssnrms,
    dsdiff: dsnrms - ssnrms,
    nmatches: Math.round(190 + 2000 * Math.exp(-Math.abs(field.glat) / 12) * rng.between(0.7, 1.2)),
    zpclrcov: -image.clrcounc * 0.95,
    zpmed: round(image.magzpsci + rng.normal(0, 0.03), 3),
    clrmed: round(0.62 + 0.1 * rng.normal(), 3),
    clrrms: round(Math.max(0.1, rng.normal(0.28, 0.05)), 6),
    exptime: 30,
    drb: round(deepScore(rng, object), 9),
    drbversion: 'd6_m7',
    surveyNote: 'a field that no reader knows'
  }
}

/** Deep real-bogus score, as distributed in `QUALITY`. */
function deepScore(rng: Rng, object: SkyObject): number {
  if (object.artefact) return rng.beta(...QUALITY.bogus.drb)
  const { drbSure, drbMean } = QUALITY.real
  return rng.chance(drbSure) ? Math.max(0, 1 - rng.exponential(drbMean)) : rng.between(0, 0.9)
}
