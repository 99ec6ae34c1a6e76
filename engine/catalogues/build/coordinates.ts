import { inspect } from 'node:util'
import { SiskinError } from '../../errors.ts'

export type RaUnit = 'degrees' | 'hours'

/** `12:34:56.7`, `12 34 56.7`, `12h34m56.7s`, `-5d12m3s`, `+41°16'9"`. */
const SEXAGESIMAL =
  /^([+-]?)(\d{1,3})(?:\s*[:hd°]\s*|\s+)(\d{1,2})(?:\s*[:m'′]\s*|\s+)(\d{1,2}(?:\.\d*)?)\s*[s"″]?$/

/**
 * A right ascension as degrees in [0, 360): a number in the unit of its column, or sexagesimal text, which is in hours unless
 * it says degrees. NaN for what is missing.
 * @throws SiskinError for what is neither
 */
export function raOf(value: unknown, unit: RaUnit): number {
  const scale = unit === 'hours' ? 15 : 1
  const parsed = numberOf(value)
  const ra = parsed === null ? sexagesimal(value) * (isInDegrees(value) ? 1 : 15) : parsed * scale
  if (Number.isNaN(ra)) return ra
  if (ra >= 0 && ra < 360) return ra
  if (ra >= -360 && ra <= 360) return ra < 0 ? ra + 360 : 0
  throw new SiskinError(`right ascension ${String(value)} is outside [-360, 360] degrees`)
}

/** A declination in degrees, NaN for what is missing. @throws SiskinError for what is none */
export function decOf(value: unknown): number {
  const dec = numberOf(value) ?? sexagesimal(value)
  if (Number.isNaN(dec) || Math.abs(dec) <= 90) return dec
  throw new SiskinError(`declination ${String(value)} is outside [-90, 90] degrees`)
}

/** NaN for nothing, null for a text that is no plain number. */
function numberOf(value: unknown): number | null {
  if (value === null || value === undefined) return Number.NaN
  if (typeof value === 'number') return Number.isFinite(value) ? value : Number.NaN
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'string') throw new SiskinError(`${inspect(value)} is no coordinate`)
  const text = value.trim()
  if (text === '' || /^nan$/i.test(text)) return Number.NaN
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : null
}

function isInDegrees(value: unknown): boolean {
  return /[d°]/.test(String(value))
}

function sexagesimal(value: unknown): number {
  const match = SEXAGESIMAL.exec(String(value).trim())
  const [, sign, whole = '', minutes = '', seconds = ''] = match ?? []
  if (!match || Number(minutes) >= 60 || Number(seconds) >= 60) {
    throw new SiskinError(
      `"${String(value)}" is no coordinate: degrees are wanted, or 12:34:56.7 as hours and +41:16:09 as degrees`
    )
  }
  const size = Number(whole) + Number(minutes) / 60 + Number(seconds) / 3600
  return sign === '-' ? -size : size
}
