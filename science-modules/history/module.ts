import {
  defineModule,
  flags,
  float64,
  group,
  int32,
  number,
  numbers,
  TAI_MINUS_UTC,
  texts
} from '#contract'
import { BANDS, forcedDetections, tally } from './bands.ts'
import type { Band, Tally } from './bands.ts'

const MJD_OF_JD_0 = -2_400_000.5

const inBand = (band: Band) =>
  group(`Detections in ${band}.`, {
    n_detections: int32(
      '',
      `Detections in ${band} in the packet, this alert included; 0 for none.`
    ),
    first_mjd: float64(
      'd',
      `First of them, MJD, UTC (ZTF start, LSST middle of the exposure). Null without a detection in ${band}.`
    ),
    last_mjd: float64(
      'd',
      `Last of them, MJD, UTC (ZTF start, LSST middle of the exposure). Null without a detection in ${band}.`
    ),
    age: float64('d', `Time of the alert minus first_mjd. Null without a detection in ${band}.`),
    since_previous: float64('d', `Time since the last earlier detection in ${band}; null for none.`)
  })

export default defineModule({
  name: 'history',
  version: '1.0.0',
  about: 'How often and since when the object has been detected: in all bands and in each.',
  owner: 'Siskin team',

  requires: {
    mjd: number('mjd', 'd'),
    epoch: numbers('history_mjd', 'd'),
    band: texts('history_band'),
    detected: flags('history_detected'),
    forced: flags('history_forced'),
    ztfCount: number('ztf.ndethist', 'survey'),
    ztfStart: number('ztf.jdstarthist', 'survey'),
    lsstCount: number('lsst.diaObject.nDiaSources', 'survey'),
    lsstStart: number('lsst.diaObject.firstDiaSourceMjdTai', 'survey')
  },

  produces: {
    n_detections: int32(
      '',
      'Detections in the packet, all bands, this alert included. Never null.'
    ),
    n_forced: int32(
      '',
      'LSST forced photometry at 5 sigma and more, not in n_detections. 0 for ZTF.'
    ),
    first_mjd: float64(
      'd',
      'First detection in the packet, MJD, UTC (ZTF start, LSST middle of the exposure). Null without any.'
    ),
    last_mjd: float64(
      'd',
      'Last detection in the packet, MJD, UTC (ZTF start, LSST middle of the exposure). Null without any.'
    ),
    age: float64('d', 'Time of the alert minus first_mjd. Null without any detection.'),
    since_previous: float64('d', 'Time since the last earlier detection, any band; null for none.'),
    n_survey: int32(
      '',
      'Detections the survey counts since its start: ZTF ndethist (3 sigma and more), LSST nDiaSources. Null if not sent.'
    ),
    start_mjd: float64(
      'd',
      'First of those, MJD, UTC: ZTF jdstarthist (start of the exposure), LSST firstDiaSourceMjdTai (middle). Null if not sent.'
    ),
    u: inBand('u'),
    g: inBand('g'),
    r: inBand('r'),
    i: inBand('i'),
    z: inBand('z'),
    y: inBand('y')
  },

  run({ rows, survey, columns }) {
    const out = {
      ...tallies(rows),
      n_forced: empty(rows),
      n_survey: empty(rows),
      start_mjd: empty(rows)
    }
    const perBand = {
      u: tallies(rows),
      g: tallies(rows),
      r: tallies(rows),
      i: tallies(rows),
      z: tallies(rows),
      y: tallies(rows)
    }
    for (let row = 0; row < rows; row++) {
      const epochs = {
        mjd: columns.epoch.at(row),
        band: columns.band.at(row),
        detected: columns.detected.at(row),
        forced: columns.forced.at(row)
      }
      const now = columns.mjd.at(row)
      const { all, bands } = tally(epochs, now ?? Number.NaN)
      write(out, row, all, now)
      for (const band of BANDS) write(perBand[band], row, bands[band], now)
      out.n_forced[row] = forcedDetections(epochs)
      out.n_survey[row] = (survey === 'ztf' ? columns.ztfCount : columns.lsstCount).at(row)
      out.start_mjd[row] =
        survey === 'ztf'
          ? plus(columns.ztfStart.at(row), MJD_OF_JD_0)
          : plus(columns.lsstStart.at(row), -TAI_MINUS_UTC)
    }
    return { ...out, ...perBand }
  }
})

function empty(rows: number): (number | null)[] {
  return Array.from({ length: rows }, () => null)
}

function tallies(rows: number) {
  return {
    n_detections: empty(rows),
    first_mjd: empty(rows),
    last_mjd: empty(rows),
    age: empty(rows),
    since_previous: empty(rows)
  }
}

function write(out: ReturnType<typeof tallies>, row: number, found: Tally, now: number | null) {
  out.n_detections[row] = found.detections
  out.first_mjd[row] = found.first
  out.last_mjd[row] = found.last
  out.age[row] = since(found.first, now)
  out.since_previous[row] = since(found.previous, now)
}

function since(then: number | null, now: number | null): number | null {
  return then === null || now === null ? null : now - then
}

function plus(time: number | null, shift: number): number | null {
  return time === null ? null : time + shift
}
