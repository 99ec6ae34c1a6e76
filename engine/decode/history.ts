import type { FixedColumn, ListGroup, TextColumn } from '../table/columns.ts'
import type { AlertTable } from '../table/table.ts'

/** One epoch of a light curve on its way into the history columns; NaN and null where it cannot say. */
export interface Epoch {
  mjd: number
  /** Character code of the band, 0 unknown. */
  band: number
  flux: number
  fluxErr: number
  magLimit: number
  detected: boolean
  forced: boolean
  ra: number
  dec: number
  reliability: number
  refFlux: number
  refFluxErr: number
  refDistance: number
}

/** Appends epochs to the history columns of a table, in order of time. */
export class HistoryWriter {
  readonly #list: ListGroup
  readonly #mjd: FixedColumn
  readonly #band: TextColumn
  readonly #numbers: readonly [FixedColumn, keyof Epoch][]
  readonly #detected: FixedColumn
  readonly #forced: FixedColumn
  readonly #id: FixedColumn
  readonly #one = new Uint8Array(1)

  constructor(table: AlertTable) {
    this.#list = table.history
    this.#mjd = table.fixed('history_mjd')
    this.#band = table.text('history_band')
    this.#detected = table.fixed('history_detected')
    this.#forced = table.fixed('history_forced')
    this.#id = table.fixed('history_id')
    this.#numbers = [
      [table.fixed('history_flux'), 'flux'],
      [table.fixed('history_flux_err'), 'fluxErr'],
      [table.fixed('history_mag_limit'), 'magLimit'],
      [table.fixed('history_ra'), 'ra'],
      [table.fixed('history_dec'), 'dec'],
      [table.fixed('history_reliability'), 'reliability'],
      [table.fixed('history_ref_flux'), 'refFlux'],
      [table.fixed('history_ref_flux_err'), 'refFluxErr'],
      [table.fixed('history_ref_distance'), 'refDistance']
    ]
  }

  reserve(more: number): void {
    this.#list.ensure(this.#list.length + more)
  }

  /** `ids[idRow]`, when given, is copied as the epoch's id word by word: it exceeds 2^53. */
  append(epoch: Epoch, ids: FixedColumn | null, idRow: number): void {
    const i = this.#list.length++
    this.#mjd.values[i] = epoch.mjd
    this.#mjd.valid[i] = 1
    this.#one[0] = epoch.band
    if (epoch.band === 0) this.#band.valid[i] = 0
    else this.#band.setBytes(i, this.#one, 0, 1)
    for (const [column, key] of this.#numbers) {
      const value = epoch[key] as number
      const says = value - value === 0
      column.valid[i] = says ? 1 : 0
      column.values[i] = says ? value : Number.NaN
    }
    this.#detected.values[i] = epoch.detected ? 1 : 0
    this.#detected.valid[i] = 1
    this.#forced.values[i] = epoch.forced ? 1 : 0
    this.#forced.valid[i] = 1
    this.#id.valid[i] = ids ? ids.valid[idRow]! : 0
    if (ids) {
      this.#id.words[i * 2] = ids.words[idRow * 2]!
      this.#id.words[i * 2 + 1] = ids.words[idRow * 2 + 1]!
    }
  }
}

/** The value at `row`, NaN where the column cannot say. */
export function value(column: FixedColumn, row: number): number {
  return column.valid[row] === 0 ? Number.NaN : (column.values[row] as number)
}

/** The order of `times[from..to)` by time: null when it already ascends, as it nearly always does. */
export function timeOrder(times: FixedColumn, from: number, to: number): number[] | null {
  let ascending = true
  for (let i = from + 1; i < to; i++) {
    if (times.values[i]! < times.values[i - 1]!) {
      ascending = false
      break
    }
  }
  if (ascending) return null
  const order = Array.from({ length: to - from }, (_, i) => from + i)
  return order.sort((a, b) => Number(times.values[a]) - Number(times.values[b]) || a - b)
}
