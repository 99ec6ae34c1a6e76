import { historyOf } from '../observe/history.ts'
import type { NightMaker } from '../night/night.ts'
import type { ClassName } from '../population/objects.ts'
import { candidateValues } from '../packets/ztf-candidate.ts'
import { detection } from '../packets/ztf-detection.ts'

/** The numbers of one ZTF alert that the targets are counted with. */
export interface AlertFacts {
  readonly cls: ClassName
  readonly band: string
  readonly mjd: number
  readonly ra: number
  readonly dec: number
  readonly magpsf: number
  readonly positive: boolean
  readonly fwhm: number
  readonly sigmapsf: number
  readonly limit: number
  readonly rb: number
  readonly drb: number
  readonly nbad: number
  readonly magdiff: number
  readonly catalogue: string | null
  readonly ndethist: number
  readonly nalerthist: number
  readonly sgscore1: number
  readonly distpsnr1: number
  readonly ssdistnr: number
  readonly neargaia: number
  readonly firstSeen: number
  /** Entries of the history, and how many are upper limits. */
  readonly entries: number
  readonly pull: number
  /** Days since the previous entry of the history. */
  readonly gap: number
}

/** Every alert of a night, without making packets. */
export function* alertFacts(maker: NightMaker, night: number): Generator<AlertFacts> {
  for (const exposure of maker.cadence.plan(night).exposures) {
    for (const { object, found } of maker.alerts(exposure)) {
      const history = historyOf('ztf', maker.cadence, object, found)
      const now = detection(object, found)
      const values = candidateValues(object, found, history, now) as Record<string, number>
      const of = (name: string): number => values[name] ?? Number.NaN
      yield {
        cls: object.cls,
        band: exposure.band,
        mjd: exposure.mjd,
        ra: now.ra,
        dec: now.dec,
        magpsf: now.magpsf,
        positive: now.positive,
        fwhm: of('fwhm'),
        sigmapsf: of('sigmapsf'),
        limit: exposure.limit,
        rb: of('rb'),
        drb: of('drb'),
        nbad: of('nbad'),
        magdiff: of('magdiff'),
        catalogue: object.catalogue,
        ndethist: of('ndethist'),
        nalerthist: 1 + history.recent.filter((past) => past.detected).length,
        sgscore1: of('sgscore1'),
        distpsnr1: of('distpsnr1'),
        ssdistnr: of('ssdistnr'),
        neargaia: of('neargaia'),
        firstSeen: history.firstSeen,
        entries: history.recent.length,
        pull: (found.flux - found.trueFlux) / found.sigma,
        gap: exposure.mjd - (history.recent.at(-1)?.exposure.mjd ?? -Infinity)
      }
    }
  }
}

/** The quality cuts of the Fink paper, section 3.2. */
export function passesQuality(alert: AlertFacts): boolean {
  return alert.rb >= 0.55 && alert.nbad === 0 && Math.abs(alert.magdiff) <= 0.1
}

/** Fink's `roid`: 3 known Solar System object, 2 candidate, 1 new, 0 none of these. */
export function roid(alert: AlertFacts): number {
  const { ndethist, nalerthist, sgscore1, distpsnr1, ssdistnr, gap } = alert
  let flag = 0
  if (ndethist === 1) flag = 1
  if (sgscore1 < 0.76 && ndethist <= 2) flag = 2
  if (distpsnr1 > 0 && distpsnr1 < 5) flag = 0
  if (nalerthist === 2 && gap > 30 / 1440) flag = 0
  if (ndethist === 2 && nalerthist === 1) flag = 0
  const near = ssdistnr >= 0 && ssdistnr < 5 && Math.abs(distpsnr1) - ssdistnr > 0
  if (near && ndethist <= 5 && nalerthist <= 5) flag = 3
  return flag
}
