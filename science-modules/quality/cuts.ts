/**
 * One quality cut. `on: false` keeps its flag but takes it out of `pass`; change it together with
 * the module's version.
 */
export interface Cut<Value> {
  readonly name: string
  readonly on: boolean
  passes(value: Value): boolean
}

const RB_MIN = Math.fround(0.55)
const MAGDIFF_MAX = Math.fround(0.1)
const SNR_MIN = 6

/** ZTF cuts in the order of the flags. Bounds are rounded to single precision, as the fields are sent. */
export const ZTF_CUTS = [
  { name: 'rb', on: true, passes: (rb) => rb >= RB_MIN },
  { name: 'nbad', on: true, passes: (nbad) => nbad === 0 },
  { name: 'magdiff', on: true, passes: (magdiff) => Math.abs(magdiff) <= MAGDIFF_MAX }
] as const satisfies readonly Cut<number>[]

/** LSST cuts on numbers, computed from the difference flux. */
export const LSST_NUMBER_CUTS = [
  { name: 'flux', on: true, passes: (flux) => flux >= 0 },
  { name: 'snr', on: true, passes: (snr) => snr >= SNR_MIN }
] as const satisfies readonly Cut<number>[]

function unset(name: LsstFlag): Cut<boolean> & { name: LsstFlag } {
  return { name, on: true, passes: (flagged) => !flagged }
}

/** LSST diaSource flags that must not be set. */
export const LSST_FLAGS = [
  'isDipole',
  'pixelFlags',
  'pixelFlags_bad',
  'pixelFlags_saturated',
  'pixelFlags_streakCenter',
  'pixelFlags_interpolated',
  'pixelFlags_cr',
  'pixelFlags_nodata',
  'pixelFlags_streak',
  'pixelFlags_edge',
  'psfFlux_flag',
  'apFlux_flag',
  'forced_PsfFlux_flag',
  'forced_PsfFlux_flag_edge',
  'shape_flag',
  'centroid_flag'
] as const

export type LsstFlag = (typeof LSST_FLAGS)[number]

export const LSST_FLAG_CUTS = LSST_FLAGS.map(unset)

/** Writes one flag per row and lowers `pass` where a cut that is on is failed or cannot be judged. */
export function applyCut<Value>(
  cut: Cut<Value>,
  value: (row: number) => Value | null,
  pass: boolean[]
): (boolean | null)[] {
  return pass.map((_, row) => {
    const input = value(row)
    const verdict = input === null ? null : cut.passes(input)
    if (cut.on && verdict !== true) pass[row] = false
    return verdict
  })
}
