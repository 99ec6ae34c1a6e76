import { defineModule, flags, group, numbers, text, texts } from '#contract'
import type { Status } from '#contract'
import { FEATURES, FEATURE_NAMES } from './catalogue.ts'
import type { FeatureName } from './catalogue.ts'
import { Curve, fillCurves } from './curve.ts'
import { CHANGE, SCIENCE, WITH_REFERENCE, liesOnSource } from './measure.ts'

const BANDS = ['u', 'g', 'r', 'i', 'z', 'y'] as const
type Band = (typeof BANDS)[number]
type FeatureColumns = Record<FeatureName, (number | null)[]>

const inBand = (band: Band) =>
  group(`Light-curve features of the detections in ${band}; all null without one.`, FEATURES)

export default defineModule({
  name: 'features',
  version: '3.0.0',
  about: 'Twenty-six numbers that describe the light curve in each band, on magnitudes.',
  owner: 'Siskin team',
  cite: 'https://arxiv.org/abs/2012.01419',

  requires: {
    mjd: numbers('history_mjd', 'd'),
    band: texts('history_band'),
    flux: numbers('history_flux', 'nJy'),
    fluxErr: numbers('history_flux_err', 'nJy'),
    detected: flags('history_detected'),
    forced: flags('history_forced'),
    refFlux: numbers('history_ref_flux', 'nJy'),
    refFluxErr: numbers('history_ref_flux_err', 'nJy'),
    scienceFlux: numbers('history_science_flux', 'nJy'),
    scienceFluxErr: numbers('history_science_flux_err', 'nJy'),
    apparent: text('apparent.source')
  },

  produces: {
    u: inBand('u'),
    g: inBand('g'),
    r: inBand('r'),
    i: inBand('i'),
    z: inBand('z'),
    y: inBand('y')
  },

  run({ rows, survey, columns }) {
    const curves = new Map(BANDS.map((band) => [band as string, new Curve()]))
    const out = perBand(() => emptyColumns(rows))
    const status: Status[] = []
    const values = new Float64Array(FEATURE_NAMES.length)
    for (let row = 0; row < rows; row++) {
      const history = {
        mjd: columns.mjd.at(row),
        band: columns.band.at(row),
        flux: columns.flux.at(row),
        fluxErr: columns.fluxErr.at(row),
        detected: columns.detected.at(row),
        forced: columns.forced.at(row),
        refFlux: columns.refFlux.at(row),
        refFluxErr: columns.refFluxErr.at(row),
        scienceFlux: columns.scienceFlux.at(row),
        scienceFluxErr: columns.scienceFluxErr.at(row)
      }
      const onReference =
        survey === 'ztf' ? columns.apparent.at(row) !== null : liesOnSource(history)
      const itself = survey === 'ztf' ? WITH_REFERENCE : SCIENCE
      fillCurves(history, onReference ? itself : CHANGE, curves)
      let described = false
      for (const band of BANDS) {
        const curve = curves.get(band)
        if (curve === undefined || curve.n === 0) continue
        curve.features(values)
        write(out[band], row, values)
        described = true
      }
      status.push(described ? 'ok' : 'too-short')
    }
    return { ...out, status }
  }
})

function perBand<Value>(make: () => Value): Record<Band, Value> {
  return { u: make(), g: make(), r: make(), i: make(), z: make(), y: make() }
}

function emptyColumns(rows: number): FeatureColumns {
  const empty = () => Array.from({ length: rows }, () => null)
  return Object.fromEntries(FEATURE_NAMES.map((name) => [name, empty()])) as FeatureColumns
}

function write(out: FeatureColumns, row: number, values: Float64Array): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (Number.isFinite(value)) out[FEATURE_NAMES[i]!][row] = value
  }
}
