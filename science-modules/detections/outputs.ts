import { float64, group, int32 } from '#contract'
import type { Band } from './bands.ts'

/** What the module says of all bands together. */
export const OVERALL = {
  n_detections: int32(
    '',
    'Detections in the packet, all bands, this alert included. Never null.',
    'meta.number;obs'
  ),
  n_forced: int32(
    '',
    'LSST forced photometry at 5 sigma and more, not in n_detections. 0 for ZTF.',
    'meta.number;obs'
  ),
  first_mjd: float64(
    'd',
    'First detection in the packet, MJD, UTC (ZTF start, LSST middle of the exposure). Null without any.',
    'time.start;obs.exposure'
  ),
  last_mjd: float64(
    'd',
    'Last detection in the packet, MJD, UTC (ZTF start, LSST middle of the exposure). Null without any.',
    'time.end;obs.exposure'
  ),
  age: float64(
    'd',
    'Time of the alert minus first_mjd. Null without any detection.',
    'time.interval'
  ),
  since_previous: float64(
    'd',
    'Time since the last earlier detection, any band; null for none.',
    'time.interval'
  ),
  n_survey: int32(
    '',
    'Detections the survey counts since its start: ZTF ndethist (3 sigma and more), LSST nDiaSources. Null if not sent.',
    'meta.number;obs'
  ),
  start_mjd: float64(
    'd',
    'First of those, MJD, UTC: ZTF jdstarthist (start of the exposure), LSST firstDiaSourceMjdTai (middle). Null if not sent.',
    'time.start;obs.exposure'
  )
}

/** What it says of one band. */
export const inBand = (band: Band) =>
  group(`Detections in ${band}.`, {
    n_detections: int32(
      '',
      `Detections in ${band} in the packet, this alert included; 0 for none.`,
      'meta.number;obs'
    ),
    first_mjd: float64(
      'd',
      `First of them, MJD, UTC (ZTF start, LSST middle of the exposure). Null without a detection in ${band}.`,
      'time.start;obs.exposure'
    ),
    last_mjd: float64(
      'd',
      `Last of them, MJD, UTC (ZTF start, LSST middle of the exposure). Null without a detection in ${band}.`,
      'time.end;obs.exposure'
    ),
    age: float64(
      'd',
      `Time of the alert minus first_mjd. Null without a detection in ${band}.`,
      'time.interval'
    ),
    since_previous: float64(
      'd',
      `Time since the last earlier detection in ${band}; null for none.`,
      'time.interval'
    )
  })
