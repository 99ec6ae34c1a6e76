import { unknownName, UsageError } from '../errors.ts'

/** What a catalogue says of a column; empty where it says nothing. */
export interface CatalogueColumn {
  readonly name: string
  readonly unit: string
  readonly ucd: string
  /** The coordinate system of a place: `ICRS`, `eq_FK5`. */
  readonly system: string
}

/** A column of a file that says its name only. */
export function unsaid(name: string): CatalogueColumn {
  return { name, unit: '', ucd: '', system: '' }
}

/** What catalogues call right ascension and declination in degrees (ICRS or J2000), without case and signs. */
const NAMES = {
  ra: /^ra(d|deg)?(j?2000|jdeg|icrs(deg)?)?$/,
  dec: /^dec?(d|deg)?(j?2000|jdeg|icrs(deg)?)?$/
} as const

/** Which of several is the place, in UCD1+ and in the words of before. */
const MAIN = {
  ra: /^(pos\.eq\.ra;meta\.main|pos_eq_ra_main)$/i,
  dec: /^(pos\.eq\.dec;meta\.main|pos_eq_dec_main)$/i
} as const

const DEGREES = /^(|deg|degrees?)$/i
/** Of other equinoxes, or no right ascension at all: some seconds to many degrees away. */
const OTHER_SYSTEMS = /fk4|galactic|ecl|B1950/i

/**
 * The columns of a catalogue that hold its places: `ra` and `dec`, or the one that its UCD (`pos.eq.ra;meta.main`) or another
 * usual name (`RA_ICRS`, `_DEJ2000`) tells.
 * @throws UsageError where there is none, where there are several, and where it is not in degrees or of another equinox
 */
export function placeColumns(
  catalogue: string,
  columns: readonly CatalogueColumn[]
): { readonly ra: string; readonly dec: string } {
  return { ra: placeColumn(catalogue, columns, 'ra'), dec: placeColumn(catalogue, columns, 'dec') }
}

function placeColumn(
  catalogue: string,
  columns: readonly CatalogueColumn[],
  wanted: 'ra' | 'dec'
): string {
  const names = columns.map(({ name }) => name)
  const inDegrees = columns.filter(({ unit }) => DEGREES.test(unit))
  const main = inDegrees.filter(({ ucd }) => MAIN[wanted].test(ucd.replaceAll(/\s/g, '')))
  const called = inDegrees.filter(({ name }) =>
    NAMES[wanted].test(name.toLowerCase().replaceAll(/[^a-z0-9]/g, ''))
  )
  const own = inDegrees.find(({ name }) => name === wanted)
  const found = own ? [own] : main.length > 0 ? main : called
  const [only, ...more] = found
  if (only === undefined) {
    expectDegrees(catalogue, columns, wanted)
    throw unknownName(`column of catalogue ${catalogue}`, wanted, names)
  }
  if (more.length > 0) {
    throw new UsageError(
      `catalogue ${catalogue}: ${found.map(({ name }) => name).join(' or ')}? Name the one "${wanted}" that holds degrees (ICRS)`
    )
  }
  if (OTHER_SYSTEMS.test(only.system)) {
    throw new UsageError(
      `catalogue ${catalogue}: "${only.name}" is of the system ${only.system}: ICRS (or J2000) is wanted`
    )
  }
  return only.name
}

/** @throws UsageError for one that would be it, were it in degrees */
function expectDegrees(
  catalogue: string,
  columns: readonly CatalogueColumn[],
  wanted: 'ra' | 'dec'
): void {
  const other = columns.find(({ name, ucd }) => name === wanted || MAIN[wanted].test(ucd))
  if (!other) return
  throw new UsageError(
    `catalogue ${catalogue}: "${other.name}" is in ${other.unit}: degrees are wanted`
  )
}
