/**
 * The closed list of units a column may carry. A module that asks for a column names its unit; the
 * plan refuses a mismatch before the first alert is read, so nJy and mag cannot be swapped silently.
 * `''` is a pure number, a label, a flag or an identifier.
 */
export const UNITS = [
  '',
  'd',
  's',
  'deg',
  'arcsec',
  'px',
  'mag',
  'mag/d',
  'mag2',
  'nJy',
  'au',
  'km/s',
  'survey'
] as const

/** `survey` marks a survey's own field kept as sent: its unit is in the survey's documentation. */
export type Unit = (typeof UNITS)[number]
