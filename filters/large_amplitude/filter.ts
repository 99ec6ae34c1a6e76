import { defineFilter, number } from '#contract'
import { notKnownSolarSystem, real, sound } from '../blocks.ts'

const AMPLITUDE_MIN = 0.5
const DETECTIONS_MIN = 5

export default defineFilter({
  name: 'large_amplitude',
  version: '2.0.0',
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
    detectionsU: number('detections.u.n_detections', ''),
    detectionsG: number('detections.g.n_detections', ''),
    detectionsR: number('detections.r.n_detections', ''),
    detectionsI: number('detections.i.n_detections', ''),
    detectionsZ: number('detections.z.n_detections', ''),
    detectionsY: number('detections.y.n_detections', '')
  },
  uses: { notKnownSolarSystem, real, sound },
  keep({ columns, blocks }) {
    const bands = [
      [columns.amplitudeU, columns.detectionsU],
      [columns.amplitudeG, columns.detectionsG],
      [columns.amplitudeR, columns.detectionsR],
      [columns.amplitudeI, columns.detectionsI],
      [columns.amplitudeZ, columns.detectionsZ],
      [columns.amplitudeY, columns.detectionsY]
    ] as const
    const isLarge = (row: number) =>
      bands.some(
        ([amplitude, detections]) =>
          (amplitude.at(row) ?? 0) >= AMPLITUDE_MIN && (detections.at(row) ?? 0) >= DETECTIONS_MIN
      )
    return (row) =>
      isLarge(row) && blocks.sound(row) && blocks.real(row) && blocks.notKnownSolarSystem(row)
  }
})
