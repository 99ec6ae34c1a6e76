import { FixedColumn, TextColumn } from '../table/columns.ts'
import { fluxErrFromMag, fluxFromMag, ZTF_PIXEL } from '../contract/index.ts'
import { AlertTable } from '../table/table.ts'
import { dateOf, JD_OF_MJD_0 } from '../table/time.ts'
import type { RangeSink } from './compile.ts'
import { emptyEpoch, HistoryWriter, timeOrder, value } from './history.ts'
import { PacketError } from '../reasons.ts'
import { placeRow, put, rawList, RowMark, setBand } from './rows.ts'
import type { RawList } from './rows.ts'
import type { SurveyReader } from './survey.ts'

const BANDS = [0, 103, 114, 105] // fid 1 g, 2 r, 3 i

const PRV = {
  jd: 'float64',
  fid: 'int32',
  diffmaglim: 'float32',
  candid: 'int64',
  isdiffpos: 'utf8',
  ra: 'float64',
  dec: 'float64',
  magpsf: 'float32',
  sigmapsf: 'float32',
  rb: 'float32',
  magnr: 'float32',
  sigmagnr: 'float32',
  distnr: 'float32'
} as const

const FORCED = {
  jd: 'float64',
  fid: 'int32',
  forcediffimflux: 'float32',
  forcediffimfluxunc: 'float32',
  magzpsci: 'float32',
  procstatus: 'utf8'
} as const

/** ZTF: candidate, prv_candidates and fp_hists into the alert table (schemas 3.1 to 4.02 and later). */
export function ztfReader(capacity: number): SurveyReader {
  const table = new AlertTable('ztf', capacity)
  const columns = new Map<string, FixedColumn | TextColumn>([
    ['objectId', table.column('object_id')],
    ['schemavsn', table.column('schema_version')],
    ['candid', table.column('alert_id')]
  ])
  for (const [name, column] of table.columns) {
    if (name.startsWith('ztf.')) columns.set(`candidate.${name.slice(4)}`, column)
  }
  const prv = rawList(PRV, 'prv_candidates[]', capacity, columns)
  const forced = rawList(FORCED, 'fp_hists[]', capacity, columns)
  const ranges = new Map<string, RangeSink>([
    ['cutoutScience.stampData', table.stamps.science],
    ['cutoutTemplate.stampData', table.stamps.template],
    ['cutoutDifference.stampData', table.stamps.difference]
  ])
  const lists = new Map([
    ['prv_candidates', prv.list],
    ['fp_hists', forced.list]
  ])
  const mark = new RowMark(table, [prv, forced])
  const rows = new ZtfRows(table, prv, forced)
  return {
    survey: 'ztf',
    table,
    sinks: { columns, lists, ranges, present: new Map() },
    finish: (row) => rows.finish(row),
    keep: () => mark.set(),
    rollback: (row) => {
      mark.rollback(row)
      rows.forget()
    }
  }
}

class ZtfRows {
  readonly #table: AlertTable
  readonly #prv: RawList
  readonly #forced: RawList
  readonly #history: HistoryWriter
  readonly #numbers: FixedColumn[]
  readonly #texts: TextColumn[]
  readonly #scores: FixedColumn[]
  #prvDone = 0
  #forcedDone = 0
  readonly #epoch = emptyEpoch()

  constructor(table: AlertTable, prv: RawList, forced: RawList) {
    this.#table = table
    this.#prv = prv
    this.#forced = forced
    this.#history = new HistoryWriter(table)
    const own = [...table.columns].filter(([name]) => name.startsWith('ztf.'))
    this.#numbers = own
      .map(([, column]) => column)
      .filter((column) => column instanceof FixedColumn)
    this.#texts = own.map(([, column]) => column).filter((column) => column instanceof TextColumn)
    this.#scores = ['ztf.sgscore1', 'ztf.sgscore2', 'ztf.sgscore3'].map((name) => table.fixed(name))
  }

  finish(row: number): void {
    const table = this.#table
    this.#sentinels(row)
    this.#identity(row)
    const jd = value(table.fixed('ztf.jd'), row)
    const mjd = jd - JD_OF_MJD_0
    placeRow(table, row, mjd, value(table.fixed('ztf.ra'), row), value(table.fixed('ztf.dec'), row))
    table.text('survey').set(row, 'ztf')
    table.fixed('night').set(row, dateOf(mjd))
    const band = BANDS[value(table.fixed('ztf.fid'), row)] ?? 0
    setBand(table.text('band'), row, band)
    this.#brightness(row)
    this.#pastEpochs(mjd)
    this.#thisEpoch(row, mjd, band)
    table.history.offsets[row + 1] = table.history.length
    this.#forcedEpochs(row)
  }

  forget(): void {
    this.#prvDone = this.#prv.list.length
    this.#forcedDone = this.#forced.list.length
  }

  /** -999 and -99999, the string "null" and a star/galaxy score of exactly 0.5 say nothing. */
  #sentinels(row: number): void {
    for (const column of this.#numbers) {
      const v = column.values[row]!
      if (v === -999 || v === -99999) column.valid[row] = 0
      else if (column.type === 'int64' && (v === -999n || v === -99999n)) column.valid[row] = 0
    }
    for (const column of this.#scores) if (column.values[row] === 0.5) column.valid[row] = 0
    for (const column of this.#texts) {
      const length = column.ends[row]! - column.starts[row]!
      if (column.valid[row] === 1 && length === 4) {
        if (column.get(row) === 'null') column.valid[row] = 0
      }
    }
  }

  #identity(row: number): void {
    const id = this.#table.fixed('alert_id')
    const candid = this.#table.fixed('ztf.candid')
    const from = candid.valid[row] === 1 ? candid : id
    id.words[row * 2] = from.words[row * 2]!
    id.words[row * 2 + 1] = from.words[row * 2 + 1]!
    id.valid[row] = from.valid[row]!
    const high = id.words[row * 2 + 1]!
    if (id.valid[row] === 0 || high < 0 || (high === 0 && id.words[row * 2] === 0)) {
      throw new PacketError('missing-id', 'candid is missing, zero or negative')
    }
    const object = this.#table.text('object_id')
    if (object.valid[row] === 1 && object.ends[row] === object.starts[row]) object.valid[row] = 0
  }

  #brightness(row: number): void {
    const table = this.#table
    const mag = value(table.fixed('ztf.magpsf'), row)
    const magErr = value(table.fixed('ztf.sigmapsf'), row)
    const sign = signOf(table.text('ztf.isdiffpos'), row)
    const flux = sign * fluxFromMag(mag)
    put(table.fixed('flux'), row, flux)
    put(table.fixed('flux_err'), row, fluxErrFromMag(fluxFromMag(mag), magErr))
    put(table.fixed('mag'), row, mag)
    put(table.fixed('mag_err'), row, magErr)
    put(table.fixed('mag_limit'), row, value(table.fixed('ztf.diffmaglim'), row))
    table.fixed('is_positive').set(row, sign === sign ? (sign > 0 ? 1 : 0) : null)
  }

  /** An entry without magpsf is an upper limit; entries are never later than the alert. */
  #pastEpochs(now: number): void {
    const { list, raw } = this.#prv
    const times = raw['jd'] as FixedColumn
    const from = this.#prvDone
    const to = list.length
    const order = timeOrder(times, from, to)
    this.#history.reserve(to - from + 1)
    for (let i = from; i < to; i++) {
      const at = order ? order[i - from]! : i
      const mjd = value(times, at) - JD_OF_MJD_0
      if (mjd <= now) this.#pastEpoch(at, mjd)
    }
    this.#prvDone = to
  }

  #pastEpoch(at: number, mjd: number): void {
    const raw = this.#prv.raw as Record<keyof typeof PRV, FixedColumn>
    const epoch = this.#epoch
    const mag = limit(value(raw.magpsf, at))
    const sign = signOf(this.#prv.raw['isdiffpos'] as TextColumn, at)
    epoch.mjd = mjd
    epoch.band = BANDS[value(raw.fid, at)] ?? 0
    epoch.detected = mag === mag
    epoch.flux = sign * fluxFromMag(mag)
    epoch.fluxErr = fluxErrFromMag(fluxFromMag(mag), limit(value(raw.sigmapsf, at)))
    epoch.magLimit = limit(value(raw.diffmaglim, at))
    epoch.ra = limit(value(raw.ra, at))
    epoch.dec = limit(value(raw.dec, at))
    epoch.reliability = limit(value(raw.rb, at))
    this.#reference(value(raw.magnr, at), value(raw.sigmagnr, at), value(raw.distnr, at))
    this.#history.append(epoch, raw.candid, at)
  }

  #thisEpoch(row: number, mjd: number, band: number): void {
    const table = this.#table
    const epoch = this.#epoch
    epoch.mjd = mjd
    epoch.band = band
    epoch.flux = value(table.fixed('flux'), row)
    epoch.fluxErr = value(table.fixed('flux_err'), row)
    epoch.magLimit = value(table.fixed('mag_limit'), row)
    epoch.detected = table.fixed('mag').valid[row] === 1
    epoch.ra = value(table.fixed('ra'), row)
    epoch.dec = value(table.fixed('dec'), row)
    epoch.reliability = value(table.fixed('ztf.rb'), row)
    this.#reference(
      value(table.fixed('ztf.magnr'), row),
      value(table.fixed('ztf.sigmagnr'), row),
      value(table.fixed('ztf.distnr'), row)
    )
    this.#history.append(epoch, table.fixed('alert_id'), row)
  }

  #reference(mag: number, magErr: number, distance: number): void {
    const known = mag >= 0
    this.#epoch.refFlux = known ? fluxFromMag(mag) : Number.NaN
    this.#epoch.refFluxErr = known ? fluxErrFromMag(this.#epoch.refFlux, limit(magErr)) : Number.NaN
    this.#epoch.refDistance = distance >= 0 ? distance * ZTF_PIXEL : Number.NaN
  }

  #forcedEpochs(row: number): void {
    const { list, raw } = this.#forced
    const columns = raw as Record<keyof typeof FORCED, FixedColumn>
    const table = this.#table
    const to = list.length
    const order = timeOrder(columns.jd, this.#forcedDone, to)
    table.forced.ensure(table.forced.length + to - this.#forcedDone)
    for (let i = this.#forcedDone; i < to; i++) {
      const at = order ? order[i - this.#forcedDone]! : i
      const j = table.forced.length++
      const scale = fluxFromMag(limit(value(columns.magzpsci, at)))
      const flux = limit(value(columns.forcediffimflux, at))
      const fluxErr = limit(value(columns.forcediffimfluxunc, at))
      put(table.fixed('forced_mjd'), j, value(columns.jd, at) - JD_OF_MJD_0)
      setBand(table.text('forced_band'), j, BANDS[value(columns.fid, at)] ?? 0)
      put(table.fixed('forced_flux'), j, flux * scale)
      put(table.fixed('forced_flux_err'), j, fluxErr * scale)
      const status = (raw['procstatus'] as TextColumn).get(at)
      table.fixed('forced_good').set(j, status === null ? null : status === '0' ? 1 : 0)
    }
    this.#forcedDone = to
    table.forced.offsets[row + 1] = table.forced.length
  }
}

/** The sentinels of list entries, as in the candidate: null. */
function limit(v: number): number {
  return v <= -998 ? Number.NaN : v
}

/** isdiffpos is one of t 1 f 0; anything else cannot say. */
function signOf(column: TextColumn, row: number): number {
  if (column.valid[row] === 0 || column.ends[row]! - column.starts[row]! !== 1) return Number.NaN
  const code = column.bytes[column.starts[row]!]
  if (code === 116 || code === 49) return 1
  return code === 102 || code === 48 ? -1 : Number.NaN
}
