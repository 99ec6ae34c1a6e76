import { defineFilter, number } from '#contract'
import { notKnownSolarSystem, real, sound } from '../blocks.ts'

const AMPLITUDE_MIN = 0.5
const DETECTIONS_MIN = 5
/** How often the error of a point goes off the half range of LSST, whose faint stars are mostly noise. */
const NOISE = 2

export default defineFilter({
  name: 'large_amplitude',
  version: '2.2.0',
  topic: 'large-amplitude',
  about: 'Varied by a magnitude and more in one band, over at least five detections.',
  owner: 'Siskin team',
  seeks: {
    classes: [
      'mira',
      'rrlyr',
      'eclipsing',
      'cepheid',
      'delta_sct',
      'yso',
      'cv',
      'flare',
      'microlensing',
      'sn_ia',
      'sn_ii',
      'sn_ibc',
      'sn_iin',
      'slsn',
      'tde',
      'kilonova'
    ],
    phase: 'varied'
  },
  requires: {
    amplitudeU: number('features.u.amplitude', 'mag'),
    amplitudeG: number('features.g.amplitude', 'mag'),
    amplitudeR: number('features.r.amplitude', 'mag'),
    amplitudeI: number('features.i.amplitude', 'mag'),
    amplitudeZ: number('features.z.amplitude', 'mag'),
    amplitudeY: number('features.y.amplitude', 'mag'),
    spreadU: number('features.u.standard_deviation', 'mag'),
    chi2U: number('features.u.chi2', ''),
    spreadG: number('features.g.standard_deviation', 'mag'),
    chi2G: number('features.g.chi2', ''),
    spreadR: number('features.r.standard_deviation', 'mag'),
    chi2R: number('features.r.chi2', ''),
    spreadI: number('features.i.standard_deviation', 'mag'),
    chi2I: number('features.i.chi2', ''),
    spreadZ: number('features.z.standard_deviation', 'mag'),
    chi2Z: number('features.z.chi2', ''),
    spreadY: number('features.y.standard_deviation', 'mag'),
    chi2Y: number('features.y.chi2', ''),
    detectionsU: number('detections.u.n_detections', ''),
    detectionsG: number('detections.g.n_detections', ''),
    detectionsR: number('detections.r.n_detections', ''),
    detectionsI: number('detections.i.n_detections', ''),
    detectionsZ: number('detections.z.n_detections', ''),
    detectionsY: number('detections.y.n_detections', '')
  },
  uses: { notKnownSolarSystem, real, sound },
  keep({ survey, columns, blocks }) {
    const noise = survey === 'lsst' ? NOISE : 0
    const bands = [
      [columns.amplitudeU, columns.spreadU, columns.chi2U, columns.detectionsU],
      [columns.amplitudeG, columns.spreadG, columns.chi2G, columns.detectionsG],
      [columns.amplitudeR, columns.spreadR, columns.chi2R, columns.detectionsR],
      [columns.amplitudeI, columns.spreadI, columns.chi2I, columns.detectionsI],
      [columns.amplitudeZ, columns.spreadZ, columns.chi2Z, columns.detectionsZ],
      [columns.amplitudeY, columns.spreadY, columns.chi2Y, columns.detectionsY]
    ] as const
    const isLarge = (row: number) =>
      bands.some(([amplitude, spread, chi2, detections]) => {
        const half = amplitude.at(row) ?? 0
        if (half < AMPLITUDE_MIN || (detections.at(row) ?? 0) < DETECTIONS_MIN) return false
        if (noise === 0) return true
        const error = (spread.at(row) ?? Infinity) / Math.sqrt(chi2.at(row) ?? 0)
        return half - noise * error >= AMPLITUDE_MIN
      })
    return (row) =>
      isLarge(row) && blocks.sound(row) && blocks.real(row) && blocks.notKnownSolarSystem(row)
  }
})
