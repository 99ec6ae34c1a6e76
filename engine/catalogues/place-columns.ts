import { unknownName, UsageError } from '../errors.ts'

/** What catalogues call right ascension and declination in degrees (ICRS or J2000), without case and signs. */
const NAMES = {
  ra: /^ra(d|deg)?(j?2000|jdeg|icrs(deg)?)?$/,
  dec: /^dec?(d|deg)?(j?2000|jdeg|icrs(deg)?)?$/
} as const

/**
 * The columns of a catalogue that hold its places: `ra` and `dec`, or the one of another usual name (`RA_ICRS`, `_DEJ2000`).
 * @throws UsageError where there is none, and where there are several
 */
export function placeColumns(
  catalogue: string,
  names: readonly string[]
): { readonly ra: string; readonly dec: string } {
  return { ra: placeColumn(catalogue, names, 'ra'), dec: placeColumn(catalogue, names, 'dec') }
}

function placeColumn(catalogue: string, names: readonly string[], wanted: 'ra' | 'dec'): string {
  if (names.includes(wanted)) return wanted
  const found = names.filter((name) =>
    NAMES[wanted].test(name.toLowerCase().replaceAll(/[^a-z0-9]/g, ''))
  )
  const [only, ...more] = found
  if (only === undefined) throw unknownName(`column of catalogue ${catalogue}`, wanted, names)
  if (more.length === 0) return only
  throw new UsageError(
    `catalogue ${catalogue}: ${found.join(' or ')}? Name the one "${wanted}" that holds degrees (ICRS)`
  )
}
