import { ListGroup, makeColumn, TextColumn } from '../table/columns.ts'
import type { Column, FixedColumn } from '../table/columns.ts'
import { HEALPIX_ORDER, healpixNested } from '../table/healpix.ts'
import { galactic } from '../table/sky.ts'
import type { ScalarType } from '../table/schema.ts'
import type { AlertTable } from '../table/table.ts'
import { isPlausible } from '../table/time.ts'
import { PacketError } from '../reasons.ts'

/** Degrees: a position that is outside by less was rounded, and is no damage. */
const ROUNDING = 1e-6

/** Right ascension (deg) in [0, 360), outside by a rounding taken in; NaN for what is none. */
export function rightAscension(ra: number): number {
  if (!(ra >= -ROUNDING && ra <= 360 + ROUNDING)) return Number.NaN
  if (ra >= 0 && ra < 360) return ra + 0 // -0 becomes 0
  const turned = ra < 0 ? ra + 360 : ra - 360
  return turned < 360 ? turned : 0
}

/** Declination (deg) in [-90, 90], outside by a rounding taken in; NaN for what is none. */
export function declination(dec: number): number {
  if (!(Math.abs(dec) <= 90 + ROUNDING)) return Number.NaN
  return Math.max(-90, Math.min(90, dec))
}

/** Sets time and place of a row, and that it is real where its packet does not say, or throws with what is unusable about them. */
export function placeRow(
  table: AlertTable,
  row: number,
  mjd: number,
  sentRa: number,
  sentDec: number
): void {
  if (!isPlausible(mjd)) throw new PacketError('missing-time', `mjd is ${mjd}`)
  const ra = rightAscension(sentRa)
  const dec = declination(sentDec)
  if (!(ra >= 0 && dec >= -90)) {
    throw new PacketError('missing-position', `ra is ${sentRa}, dec is ${sentDec}`)
  }
  const [glon, glat] = galactic(ra, dec)
  table.fixed('mjd').set(row, mjd)
  table.fixed('ra').set(row, ra)
  table.fixed('dec').set(row, dec)
  table.fixed('glon').set(row, glon)
  table.fixed('glat').set(row, glat)
  table.fixed('healpix').set(row, BigInt(healpixNested(ra, dec, HEALPIX_ORDER)))
  const injected = table.fixed('injected')
  if (injected.valid[row] === 0) injected.set(row, 0)
}

/** Square of the distance (deg) of entry `at` of a list from the alert; very large without a position. */
export function distanceFrom(
  table: AlertTable,
  row: number,
  { ra, dec }: Record<'ra' | 'dec', FixedColumn>
): (at: number) => number {
  const toRa = table.fixed('ra').values[row] as number
  const toDec = table.fixed('dec').values[row] as number
  const shrink = Math.cos((toDec * Math.PI) / 180)
  return (at) => {
    if (ra.valid[at] === 0 || dec.valid[at] === 0) return Number.MAX_VALUE
    const turn = Math.abs((ra.values[at] as number) - toRa) % 360
    const east = Math.min(turn, 360 - turn) * shrink
    const north = (dec.values[at] as number) - toDec
    return east * east + north * north
  }
}

/** Remembers how far lists and text reached before a row, so that the row can be taken back. */
export class RowMark {
  readonly #table: AlertTable
  readonly #scalars: Column[]
  readonly #texts: TextColumn[]
  readonly #used: number[]
  #history = 0
  #forced = 0

  constructor(table: AlertTable) {
    this.#table = table
    const listed = new Set([...table.history.columns, ...table.forced.columns])
    const columns = [...table.columns.values()]
    this.#scalars = columns.filter((column) => !listed.has(column))
    this.#texts = columns.filter((column) => column instanceof TextColumn)
    this.#used = this.#texts.map(() => 0)
  }

  set(): void {
    this.#history = this.#table.history.length
    this.#forced = this.#table.forced.length
    for (let i = 0; i < this.#texts.length; i++) this.#used[i] = this.#texts[i]!.used
  }

  /** Nothing of the row may show in the next one, whose schema may lack fields. */
  rollback(row: number): void {
    this.#table.history.length = this.#history
    this.#table.forced.length = this.#forced
    for (let i = 0; i < this.#texts.length; i++) this.#texts[i]!.truncate(this.#used[i]!)
    for (const column of this.#scalars) column.valid[row] = 0
    for (const present of this.#table.present.values()) present[row] = 0
    for (const { length } of Object.values(this.#table.stamps)) length[row] = 0
  }
}

/** The fields of a packet's array that the history is made from, before it is made. */
export class RawList<Name extends string = string> {
  readonly list: ListGroup
  readonly raw: Record<Name, FixedColumn>
  readonly #texts: TextColumn[]

  /** Columns for the items of the array at `path`, entered into the decoder's map of columns. */
  constructor(
    types: Readonly<Record<Name, 'float64' | 'float32' | 'int32' | 'int64' | 'utf8'>>,
    path: string,
    columns: Map<string, FixedColumn | TextColumn>
  ) {
    const raw: Record<string, FixedColumn | TextColumn> = {}
    for (const [name, type] of Object.entries<ScalarType>(types)) {
      raw[name] = makeColumn(type, 64)
      columns.set(`${path}.${name}`, raw[name])
    }
    this.list = new ListGroup(Object.values(raw), 0)
    this.raw = raw as Record<Name, FixedColumn>
    this.#texts = Object.values(raw).filter((column) => column instanceof TextColumn)
  }

  text(name: Name): TextColumn {
    return this.raw[name] as FixedColumn | TextColumn as TextColumn
  }

  /** For the next packet. */
  empty(): void {
    this.list.length = 0
    for (const text of this.#texts) text.truncate(0)
  }
}

/** Sets a number; NaN and infinity say nothing, nor does what is infinite in the column's precision. */
export function put(column: FixedColumn, row: number, v: number): void {
  const kept = column.type === 'float32' ? Math.fround(v) : v
  const says = kept - kept === 0
  column.valid[row] = says ? 1 : 0
  column.values[row] = says ? v : Number.NaN
}

/** The id of a row; 0 where there is none. */
export function idAt(column: FixedColumn, row: number): bigint {
  return column.valid[row] === 1 ? (column.values[row] as bigint) : 0n
}

/** Whether two rows hold the same 64-bit id; false where either has none. */
export function sameId(a: FixedColumn, i: number, b: FixedColumn, j: number): boolean {
  return (
    a.valid[i] === 1 &&
    b.valid[j] === 1 &&
    a.words[i * 2] === b.words[j * 2] &&
    a.words[i * 2 + 1] === b.words[j * 2 + 1]
  )
}

const BAND_BYTES = Uint8Array.from({ length: 128 }, (_, i) => i)

/** Sets a band from its character code, 0 for unknown. */
export function setBand(column: TextColumn, row: number, band: number): void {
  if (band === 0) column.valid[row] = 0
  else column.setBytes(row, BAND_BYTES, band, band + 1)
}
