/**
 * The closed list of units a column may carry, as IVOA's VOUnits writes them. A module that asks for a
 * column names its unit; the plan refuses a mismatch before the first alert is read, so nJy and mag
 * cannot be swapped silently. `''` is a pure number, a label, a flag or an identifier.
 */
export const UNITS = [
  '',
  'd',
  's',
  'deg',
  'deg**2',
  'deg/d',
  'arcsec',
  'arcsec**2',
  'mas',
  'mas/yr',
  'pc',
  'kpc',
  'Mpc',
  'pixel',
  'adu',
  'mag',
  'mag/d',
  'mag**2',
  'nJy',
  'nJy/d',
  'AU',
  'km/s',
  '10**-10AU/d**2',
  'm**2/Mg'
] as const

export type Unit = (typeof UNITS)[number]

/** What a need may say: `survey` takes a survey's own field in whatever unit it was sent. */
export type NeedUnit = Unit | 'survey'
