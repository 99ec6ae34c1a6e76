import {
  MAG_PER_RELATIVE_FLUX,
  bool,
  defineModule,
  flags,
  float64,
  number,
  numbers,
  text,
  texts
} from '#contract'
import type { Status } from '#contract'
import { firstDetection, previousPoint } from './pair.ts'
import { logRatio } from './ratio.ts'

export default defineModule({
  name: 'rate',
  version: '1.1.0',
  about:
    'How fast the magnitude of the change moves, against the latest earlier point of the same band.',
  owner: 'Siskin team',

  requires: {
    mjd: number('mjd', 'd'),
    band: text('band'),
    flux: number('flux', 'nJy'),
    fluxErr: number('flux_err', 'nJy'),
    start: number('detections.start_mjd', 'd'),
    pastMjd: numbers('history_mjd', 'd'),
    pastBand: texts('history_band'),
    pastFlux: numbers('history_flux', 'nJy'),
    pastFluxErr: numbers('history_flux_err', 'nJy'),
    pastLimit: numbers('history_mag_limit', 'mag'),
    pastDetected: flags('history_detected')
  },

  produces: {
    mag_rate: float64(
      'mag/d',
      'Expected rate; negative while brightening. Null without an earlier point.',
      'arith.rate;phot.mag'
    ),
    sigma_rate: float64(
      'mag/d',
      'Its standard deviation. Null where mag_rate is null.',
      'stat.error;phot.mag'
    ),
    lower_rate: float64(
      'mag/d',
      '5 % quantile of the rate. Null where mag_rate is null.',
      'stat.percentile;phot.mag'
    ),
    upper_rate: float64(
      'mag/d',
      '95 % quantile of the rate. Null where mag_rate is null.',
      'stat.percentile;phot.mag'
    ),
    delta_time: float64(
      'd',
      'Time since that earlier point. Null where mag_rate is null.',
      'time.interval'
    ),
    from_upper: bool('True when that point is an upper limit. Null where mag_rate is null.'),
    same_sign: bool(
      'True when both differences have one sign, so that the rate speaks of one brightening or fading. Null from an upper limit and where mag_rate is null.'
    ),
    first_detection_mjd: float64(
      'd',
      'First detection in the packet, any band, MJD, UTC (ZTF start, LSST middle of the exposure). Null for none.',
      'time.start;obs.exposure'
    ),
    jdstarthist_dt: float64(
      'd',
      'first_detection_mjd minus the first detection the survey knows of (detections.start_mjd). Null where either is null.',
      'time.interval'
    )
  },

  run({ rows, columns }) {
    const out = {
      mag_rate: empty<number>(rows),
      sigma_rate: empty<number>(rows),
      lower_rate: empty<number>(rows),
      upper_rate: empty<number>(rows),
      delta_time: empty<number>(rows),
      from_upper: empty<boolean>(rows),
      same_sign: empty<boolean>(rows),
      first_detection_mjd: empty<number>(rows),
      jdstarthist_dt: empty<number>(rows)
    }
    const status: Status[] = []
    for (let row = 0; row < rows; row++) {
      const history = {
        mjd: columns.pastMjd.at(row),
        band: columns.pastBand.at(row),
        flux: columns.pastFlux.at(row),
        fluxErr: columns.pastFluxErr.at(row),
        limit: columns.pastLimit.at(row),
        detected: columns.pastDetected.at(row)
      }
      const first = firstDetection(history)
      const start = columns.start.at(row)
      out.first_detection_mjd[row] = first
      out.jdstarthist_dt[row] = first === null || start === null ? null : first - start

      const mjd = columns.mjd.at(row)
      const band = columns.band.at(row)
      const flux = columns.flux.at(row)
      const sigma = columns.fluxErr.at(row)
      const usable =
        mjd !== null && band !== null && flux !== null && flux !== 0 && sigma !== null && sigma > 0
      const previous = usable ? previousPoint(history, mjd, band) : null
      status.push(previous === null ? 'too-short' : 'ok')
      if (!usable || previous === null) continue

      const days = mjd - previous.mjd
      const ratio = logRatio({ flux: Math.abs(flux), sigma }, previous.belief)
      const scale = MAG_PER_RELATIVE_FLUX / days
      out.mag_rate[row] = -scale * ratio.mean
      out.sigma_rate[row] = scale * ratio.sigma
      out.lower_rate[row] = -scale * ratio.q95
      out.upper_rate[row] = -scale * ratio.q05
      out.delta_time[row] = days
      out.from_upper[row] = previous.fromUpper
      out.same_sign[row] = previous.fromUpper ? null : flux > 0 === previous.flux > 0
    }
    return { ...out, status }
  }
})

function empty<Value>(rows: number): (Value | null)[] {
  return Array.from({ length: rows }, () => null)
}
