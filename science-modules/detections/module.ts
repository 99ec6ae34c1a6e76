import { defineModule, flags, number, numbers, TAI_MINUS_UTC, texts } from '#contract'
import { BANDS, forcedDetections, tally } from './bands.ts'
import type { Tally } from './bands.ts'
import { inBand, OVERALL } from './outputs.ts'

const MJD_OF_JD_0 = -2_400_000.5

export default defineModule({
  name: 'detections',
  version: '2.0.0',
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
    ...OVERALL,
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
