import { SURVEYS } from '../survey/parameters.ts'
import type { Cadence, Exposure } from '../survey/cadence.ts'
import type { SkyObject } from '../population/objects.ts'
import { measure } from './photometry.ts'
import type { Measurement } from './photometry.ts'
import { Rng, keyOf, uniformAt } from '../sky/random.ts'
import type { Survey } from '../../engine/contract/index.ts'

/** What the survey knows of an object when it sends an alert. */
export interface History {
  /** Measurements in the packet's window, ascending, without the alert itself. */
  readonly recent: readonly Measurement[]
  /** Detections of at least 3 sigma since the survey began, this one counted. */
  readonly detections: number
  /** Exposures of the position since the survey began. */
  readonly coverage: number
  /** MJD of the first 3-sigma detection and of the first alert. */
  readonly firstSeen: number
  readonly firstAlert: number
  /** The exposure of the first alert ever, where the survey keeps an object by it (LSST). */
  readonly birth: Exposure
}

/** The exposures that there were of a field. */
type Past = Pick<Cadence, 'before' | 'first'>

/** The chance that a typical exposure sees a resident, from a sample of its own light curve. */
const chances = new WeakMap<SkyObject, { seen: number; alert: number }>()

const SAMPLES = 24

function longRunChance(survey: Survey, object: SkyObject): { seen: number; alert: number } {
  const known = chances.get(object)
  if (known) return known
  const { bands, depth, seeing } = SURVEYS[survey]
  const rng = new Rng(keyOf(object.key, 'past'))
  let seen = 0
  let alert = 0
  for (let index = 0; index < SAMPLES; index++) {
    const mjd = rng.between(58300, 60300)
    const band = bands[index % bands.length] ?? 'r'
    const typical = { band, mjd, limit: depth[band] - 0.5, fwhm: seeing.median, airmass: 1.2 }
    const past = { ...typical, night: Math.floor(mjd), index, field: object.field, key: index }
    const measured = measure(survey, object, past)
    if (measured.detected) alert++
    if (measured.seen) seen++
  }
  const made = { seen: seen / SAMPLES, alert: alert / SAMPLES }
  chances.set(object, made)
  return made
}

/** Measurements of an object in the past exposures of its field. */
export function pastMeasurements(
  survey: Survey,
  cadence: Past,
  object: SkyObject,
  mjd: number,
  days: number
): Measurement[] {
  const epochs = cadence.before(object.field, mjd, days)
  return epochs.map((exposure) => measure(survey, object, exposure))
}

export function historyOf(
  survey: Survey,
  cadence: Past,
  object: SkyObject,
  alert: Measurement
): History {
  const { mjd, field } = alert.exposure
  const { historyDays, start } = SURVEYS[survey]
  const days = survey === 'lsst' && mjd >= start ? Math.min(historyDays, mjd - start) : historyDays
  const recent = pastMeasurements(survey, cadence, object, mjd, days)
  const birth = survey === 'lsst' ? birthOf(cadence, object, alert, recent) : alert.exposure
  // [m]: the position was covered between 60 and 2,500 times, by field.
  const perDay = 0.25 + 0.9 * uniformAt(field.key, 5) ** 3
  const coverage = Math.max(recent.length + 1, Math.round(perDay * (mjd - start)))
  if (!Number.isFinite(object.from))
    return { ...longLived(survey, object, alert, recent, coverage), birth }
  const all =
    object.life === 'event' && mjd - object.from > historyDays
      ? pastMeasurements(survey, cadence, object, mjd, mjd - object.from)
      : recent
  const seen = all.filter((past) => past.seen)
  const first = all.find((past) => past.detected)
  return {
    recent,
    detections: seen.length + 1,
    coverage,
    firstSeen: seen[0]?.exposure.mjd ?? mjd,
    firstAlert: first?.exposure.mjd ?? mjd,
    birth
  }
}

const births = new WeakMap<SkyObject, Exposure>()

/** The first alert of an object since the survey began; the same whichever of its alerts asks. */
function birthOf(
  cadence: Past,
  object: SkyObject,
  alert: Measurement,
  recent: readonly Measurement[]
): Exposure {
  const known = births.get(object)
  if (known) return known
  const { historyDays, start } = SURVEYS.lsst
  const { mjd, field } = alert.exposure
  const begin = Math.max(start, object.from)
  const isCovered = mjd < start || mjd - historyDays <= begin
  const first = isCovered
    ? recent.find((past) => past.detected)?.exposure
    : cadence.first(field, begin, mjd, (past) => measure('lsst', object, past).detected)
  const birth = first ?? alert.exposure
  if (object.life !== 'single') births.set(object, birth)
  return birth
}

function longLived(
  survey: Survey,
  object: SkyObject,
  alert: Measurement,
  recent: readonly Measurement[],
  coverage: number
): Omit<History, 'birth'> {
  const { start } = SURVEYS[survey]
  const rng = new Rng(keyOf(object.key, 'first'))
  const chance = longRunChance(survey, object)
  // Half of the coverage is by the same field and chip.
  const before = Math.max(0, Math.round((coverage - recent.length) * 0.5 * chance.seen))
  const seen = recent.filter((past) => past.seen)
  const wait = (rate: number): number => Math.min(1500, rng.exponential(4 / Math.max(0.004, rate)))
  const early = start + wait(chance.seen)
  const firstSeen = before > 0 ? early : (seen[0]?.exposure.mjd ?? alert.exposure.mjd)
  const firstAlert = start + wait(chance.alert)
  return {
    recent,
    detections: before + seen.length + 1,
    coverage,
    firstSeen,
    firstAlert: Math.max(firstSeen, firstAlert)
  }
}
