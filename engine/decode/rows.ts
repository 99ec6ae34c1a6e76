import { ListGroup, makeColumn } from '../table/columns.ts'
import type { Column, FixedColumn, TextColumn } from '../table/columns.ts'
import { HEALPIX_ORDER, healpixNested } from '../table/healpix.ts'
import { galactic } from '../table/sky.ts'
import type { AlertTable } from '../table/table.ts'
import { isPlausible } from '../table/time.ts'
import { PacketError } from '../reasons.ts'

/** Sets time and place of a row, or throws with what is unusable about them. */
export function placeRow(
  table: AlertTable,
  row: number,
  mjd: number,
  ra: number,
  dec: number
): void {
  if (!isPlausible(mjd)) throw new PacketError('missing-time', `mjd is ${mjd}`)
  if (!(ra >= 0 && ra <= 360 && dec >= -90 && dec <= 90)) {
    throw new PacketError('missing-position', `ra is ${ra}, dec is ${dec}`)
  }
  const [glon, glat] = galactic(ra, dec)
  table.fixed('mjd').set(row, mjd)
  table.fixed('ra').set(row, ra)
  table.fixed('dec').set(row, dec)
  table.fixed('glon').set(row, glon)
  table.fixed('glat').set(row, glat)
  table.fixed('healpix').set(row, BigInt(healpixNested(ra, dec, HEALPIX_ORDER)))
}

/** Remembers where list columns stood before a row, so that the row can be taken back. */
export class RowMark {
  readonly #table: AlertTable
  readonly #scalars: Column[]
  readonly #lists: ListGroup[]
  readonly #lengths: number[]

  constructor(table: AlertTable, raw: readonly RawList[]) {
    this.#table = table
    this.#lists = [table.history, table.forced, ...raw.map(({ list }) => list)]
    this.#lengths = this.#lists.map(() => 0)
    const listed = new Set(this.#lists.flatMap(({ columns }) => columns))
    this.#scalars = [...table.columns.values()].filter((column) => !listed.has(column))
  }

  set(): void {
    for (let i = 0; i < this.#lists.length; i++) this.#lengths[i] = this.#lists[i]!.length
  }

  /** Nothing of the row may show in the next one, whose schema may lack fields. Text bytes stay, unused. */
  rollback(row: number): void {
    for (let i = 0; i < this.#lists.length; i++) {
      const list = this.#lists[i]!
      list.length = this.#lengths[i]!
      for (const column of list.columns) column.valid.fill(0, list.length)
    }
    for (const column of this.#scalars) column.valid[row] = 0
    for (const present of this.#table.present.values()) present[row] = 0
    for (const { length } of Object.values(this.#table.stamps)) length[row] = 0
  }
}

/** The fields of a packet's array that the history is made from, before it is made. */
export interface RawList {
  readonly list: ListGroup
  readonly raw: Record<string, FixedColumn | TextColumn>
}

/** Columns for the items of the array at `path`, entered into the decoder's map of columns. */
export function rawList(
  types: Record<string, 'float64' | 'float32' | 'int32' | 'int64' | 'utf8'>,
  path: string,
  capacity: number,
  columns: Map<string, FixedColumn | TextColumn>
): RawList {
  const raw: RawList['raw'] = {}
  for (const [name, type] of Object.entries(types)) {
    raw[name] = makeColumn(type, capacity * 16)
    columns.set(`${path}.${name}`, raw[name])
  }
  return { list: new ListGroup(Object.values(raw), 0), raw }
}

/** Sets a number; NaN and infinity say nothing. */
export function put(column: FixedColumn, row: number, v: number): void {
  const says = v - v === 0
  column.valid[row] = says ? 1 : 0
  column.values[row] = says ? v : Number.NaN
}

const BAND_BYTES = Uint8Array.from({ length: 128 }, (_, i) => i)

/** Sets a band from its character code, 0 for unknown. */
export function setBand(column: TextColumn, row: number, band: number): void {
  if (band === 0) column.valid[row] = 0
  else column.setBytes(row, BAND_BYTES, band, band + 1)
}
