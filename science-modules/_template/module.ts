import { defineModule, flags, float64, number, numbers } from '#contract'
import type { Numbers, Status } from '#contract'

export default defineModule({
  name: 'module_name',
  version: '1.0.0',
  about: 'One sentence: what this module says about an alert.',
  owner: '@your-name',

  requires: {
    now: number('mjd', 'd'),
    time: numbers('history_mjd', 'd'),
    flux: numbers('history_flux', 'nJy'),
    detected: flags('history_detected')
  },

  produces: {
    peak_flux: float64(
      'nJy',
      'Largest difference flux so far. Null without a detection.',
      'phot.flux.density;stat.max'
    ),
    since_peak: float64('d', 'Time since then. Null where peak_flux is null.', 'time.interval')
  },

  run({ rows, columns: { now, time, flux, detected } }) {
    const peak_flux: (number | null)[] = []
    const since_peak: (number | null)[] = []
    const status: Status[] = []
    for (let row = 0; row < rows; row++) {
      const peak = brightest(flux.at(row), detected.at(row))
      const mjd = now.at(row)
      const peakTime = time.at(row)[peak]
      peak_flux.push(flux.at(row)[peak] ?? null)
      since_peak.push(mjd === null || peakTime === undefined ? null : mjd - peakTime)
      status.push(peak < 0 ? 'too-short' : 'ok')
    }
    return { peak_flux, since_peak, status }
  }
})

/** Index of the detection with the largest flux; -1 without any. */
function brightest(flux: Numbers, detected: Uint8Array): number {
  let peak = -1
  for (let i = 0; i < flux.length; i++) {
    const highest = peak < 0 ? Number.NEGATIVE_INFINITY : flux[peak]!
    if (detected[i] === 1 && flux[i]! > highest) peak = i // a flux that was not sent is NaN
  }
  return peak
}
