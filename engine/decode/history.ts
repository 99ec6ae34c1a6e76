import type { FixedColumn, ListGroup, TextColumn } from '../table/columns.ts'
import type { AlertTable } from '../table/table.ts'
import { put, setBand } from './rows.ts'

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
  scienceFlux: number
  scienceFluxErr: number
}

/** An epoch that says nothing yet. */
export function emptyEpoch(): Epoch {
  const none = Number.NaN
  return {
    mjd: none,
    band: 0,
    flux: none,
    fluxErr: none,
    magLimit: none,
    detected: false,
    forced: false,
    ra: none,
    dec: none,
    reliability: none,
    refFlux: none,
    refFluxErr: none,
    refDistance: none,
    scienceFlux: none,
    scienceFluxErr: none
  }
}

/** Appends epochs to the history columns of a table, in order of time. */
export class HistoryWriter {
  readonly #list: ListGroup
  readonly #band: TextColumn
  readonly #id: FixedColumn
  readonly #columns: Record<Measure, FixedColumn>

  constructor(table: AlertTable) {
    this.#list = table.history
    this.#band = table.text('history_band')
    this.#id = table.fixed('history_id')
    this.#columns = {
      mjd: table.fixed('history_mjd'),
      detected: table.fixed('history_detected'),
      forced: table.fixed('history_forced'),
      flux: table.fixed('history_flux'),
      fluxErr: table.fixed('history_flux_err'),
      magLimit: table.fixed('history_mag_limit'),
      ra: table.fixed('history_ra'),
      dec: table.fixed('history_dec'),
      reliability: table.fixed('history_reliability'),
      refFlux: table.fixed('history_ref_flux'),
      refFluxErr: table.fixed('history_ref_flux_err'),
      refDistance: table.fixed('history_ref_distance'),
      scienceFlux: table.fixed('history_science_flux'),
      scienceFluxErr: table.fixed('history_science_flux_err')
    }
  }

  reserve(more: number): void {
    this.#list.ensure(this.#list.length + more)
  }

  /** `ids[idRow]`, when given, is copied as the epoch's id word by word: it exceeds 2^53. */
  append(epoch: Epoch, ids: FixedColumn | null, idRow: number): void {
    const i = this.#list.length++
    const to = this.#columns
    setBand(this.#band, i, epoch.band)
    put(to.mjd, i, epoch.mjd)
    put(to.detected, i, epoch.detected ? 1 : 0)
    put(to.forced, i, epoch.forced ? 1 : 0)
    put(to.flux, i, epoch.flux)
    put(to.fluxErr, i, epoch.fluxErr)
    put(to.magLimit, i, epoch.magLimit)
    put(to.ra, i, epoch.ra)
    put(to.dec, i, epoch.dec)
    put(to.reliability, i, epoch.reliability)
    put(to.refFlux, i, epoch.refFlux)
    put(to.refFluxErr, i, epoch.refFluxErr)
    put(to.refDistance, i, epoch.refDistance)
    put(to.scienceFlux, i, epoch.scienceFlux)
    put(to.scienceFluxErr, i, epoch.scienceFluxErr)
    const says = ids?.valid[idRow] === 1
    this.#id.valid[i] = says ? 1 : 0
    this.#id.words[i * 2] = says ? ids.words[idRow * 2]! : 0 // what lies under a null is of another packet
    this.#id.words[i * 2 + 1] = says ? ids.words[idRow * 2 + 1]! : 0
  }
}

type Measure = Exclude<keyof Epoch, 'band'>

/** The value at `row`, NaN where the column cannot say. */
export function value(column: FixedColumn, row: number): number {
  return column.valid[row] === 0 ? Number.NaN : (column.values[row] as number)
}
