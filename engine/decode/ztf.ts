import { FixedColumn, TextColumn } from '../table/columns.ts'
import { fluxErrFromMag, fluxFromMag, ZTF_PIXEL } from '../contract/index.ts'
import { INJECTED_FIELD } from '../surveys/fields.ts'
import { AlertTable } from '../table/table.ts'
import { dateOf, JD_OF_MJD_0 } from '../table/time.ts'
import type { RangeSink } from '../avro/compile.ts'
import { Exposures, isSameTime } from './exposures.ts'
import { emptyEpoch, HistoryWriter, value } from './history.ts'
import { PacketError } from '../reasons.ts'
import {
  idAt,
  declination,
  distanceFrom,
  placeRow,
  put,
  RawList,
  rightAscension,
  RowMark,
  sameId,
  setBand
} from './rows.ts'
import type { SurveyReader } from './survey.ts'
import { BANDS, forcedDn, said, signOf } from './ztf-values.ts'

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
  pid: 'int64',
  forcediffimflux: 'float32',
  forcediffimfluxunc: 'float32',
  magzpsci: 'float32',
  procstatus: 'utf8'
} as const

type Past = RawList<keyof typeof PRV>
type Forced = RawList<keyof typeof FORCED>

/** ZTF: candidate, prv_candidates and fp_hists into the alert table (schemas 3.1 to 4.02 and later). */
export function ztfReader(capacity: number): SurveyReader {
  const table = new AlertTable('ztf', capacity)
  const columns = new Map<string, FixedColumn | TextColumn>([
    ['objectId', table.column('object_id')],
    ['schemavsn', table.column('schema_version')],
    ['candid', table.column('alert_id')],
    [INJECTED_FIELD, table.column('injected')]
  ])
  for (const [name, column] of table.columns) {
    if (name.startsWith('ztf.')) columns.set(`candidate.${name.slice(4)}`, column)
  }
  const prv = new RawList(PRV, 'prv_candidates[]', columns)
  const forced = new RawList(FORCED, 'fp_hists[]', columns)
  const ranges = new Map<string, RangeSink>([
    ['cutoutScience.stampData', table.stamps.science],
    ['cutoutTemplate.stampData', table.stamps.template],
    ['cutoutDifference.stampData', table.stamps.difference]
  ])
  const lists = new Map([
    ['prv_candidates', prv.list],
    ['fp_hists', forced.list]
  ])
  const mark = new RowMark(table)
  const rows = new ZtfRows(table, prv, forced)
  return {
    survey: 'ztf',
    table,
    sinks: { columns, lists, ranges, present: new Map() },
    finish: (row) => rows.finish(row),
    keep: () => {
      mark.set()
      rows.forget()
    },
    rollback: (row) => {
      mark.rollback(row)
      rows.forget()
    }
  }
}

class ZtfRows {
  readonly #table: AlertTable
  readonly #prv: Past
  readonly #forced: Forced
  readonly #history: HistoryWriter
  readonly #numbers: FixedColumn[]
  readonly #longs: FixedColumn[]
  readonly #texts: TextColumn[]
  readonly #exposures = new Exposures()
  readonly #epoch = emptyEpoch()

  constructor(table: AlertTable, prv: Past, forced: Forced) {
    this.#table = table
    this.#prv = prv
    this.#forced = forced
    this.#history = new HistoryWriter(table)
    const own = [...table.columns].filter(([name]) => name.startsWith('ztf.'))
    const fixed = own.map(([, column]) => column).filter((column) => column instanceof FixedColumn)
    this.#numbers = fixed.filter(({ type }) => type !== 'int64')
    this.#longs = fixed.filter(({ type }) => type === 'int64')
    this.#texts = own.map(([, one]) => one).filter((one) => one instanceof TextColumn)
    this.#texts.push(table.text('object_id'))
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
    this.#pastEpochs(row, mjd, band)
    this.#thisEpoch(row, mjd, band)
    table.history.offsets[row + 1] = table.history.length
    this.#forcedEpochs(row)
  }

  forget(): void {
    this.#prv.empty()
    this.#forced.empty()
  }

  /** Exactly -999 and -99999, and the string "null", say nothing. */
  #sentinels(row: number): void {
    for (const column of this.#numbers) {
      const v = column.values[row]!
      if (v === -999 || v === -99999) column.valid[row] = 0
    }
    for (const { words, valid } of this.#longs) {
      const low = words[row * 2]
      if ((low === -999 || low === -99999) && words[row * 2 + 1] === -1) valid[row] = 0
    }
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

  /**
   * Exposures before the alert's own, each once: of two detections the nearest to the alert counts. An
   * entry without magpsf is an upper limit.
   */
  #pastEpochs(row: number, now: number, ownBand: number): void {
    const { list, raw } = this.#prv
    const exposures = this.#exposures
    const id = this.#table.fixed('alert_id')
    exposures.clear()
    for (let at = 0; at < list.length; at++) {
      const mjd = value(raw.jd, at) - JD_OF_MJD_0
      const band = BANDS[value(raw.fid, at)] ?? 0
      const isOwn = (band === ownBand && isSameTime(mjd, now)) || sameId(raw.candid, at, id, row)
      if (isOwn || mjd > now) continue
      const mag = said(value(raw.magpsf, at))
      exposures.add(mjd, band, mag === mag ? 1 : 0, at)
    }
    const count = exposures.sortOnce({
      idOf: (at) => idAt(raw.candid, at),
      distanceOf: distanceFrom(this.#table, row, raw)
    })
    this.#history.reserve(count + 1)
    for (let i = 0; i < count; i++) this.#pastEpoch(exposures.at(i), exposures.mjd(i))
  }

  #pastEpoch(at: number, mjd: number): void {
    const { raw } = this.#prv
    const epoch = this.#epoch
    const mag = said(value(raw.magpsf, at))
    const sign = signOf(this.#prv.text('isdiffpos'), at)
    epoch.mjd = mjd
    epoch.band = BANDS[value(raw.fid, at)] ?? 0
    epoch.detected = mag === mag
    epoch.flux = sign * fluxFromMag(mag)
    epoch.fluxErr = fluxErrFromMag(fluxFromMag(mag), said(value(raw.sigmapsf, at)))
    epoch.magLimit = said(value(raw.diffmaglim, at))
    epoch.ra = rightAscension(value(raw.ra, at))
    epoch.dec = declination(value(raw.dec, at))
    epoch.reliability = said(value(raw.rb, at))
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
    this.#epoch.refFluxErr = known ? fluxErrFromMag(this.#epoch.refFlux, said(magErr)) : Number.NaN
    this.#epoch.refDistance = distance >= 0 ? distance * ZTF_PIXEL : Number.NaN
  }

  /** Of two measurements of one exposure the good one counts, and one with a flux. */
  #forcedEpochs(row: number): void {
    const { list, raw } = this.#forced
    const exposures = this.#exposures
    exposures.clear()
    for (let at = 0; at < list.length; at++) {
      const flux = forcedDn(value(raw.forcediffimflux, at))
      const rank = flux === flux ? (this.#isGood(at) === 1 ? 2 : 1) : 0
      const band = BANDS[value(raw.fid, at)] ?? 0
      exposures.add(value(raw.jd, at) - JD_OF_MJD_0, band, rank, at)
    }
    const { forced } = this.#table
    const count = exposures.sortOnce({ idOf: (at) => idAt(raw.pid, at) })
    forced.ensure(forced.length + count)
    for (let i = 0; i < count; i++) this.#forcedEpoch(exposures.at(i), exposures.mjd(i))
    forced.offsets[row + 1] = forced.length
  }

  #forcedEpoch(at: number, mjd: number): void {
    const { raw } = this.#forced
    const table = this.#table
    const j = table.forced.length++
    const scale = fluxFromMag(said(value(raw.magzpsci, at)))
    put(table.fixed('forced_mjd'), j, mjd)
    setBand(table.text('forced_band'), j, BANDS[value(raw.fid, at)] ?? 0)
    put(table.fixed('forced_flux'), j, forcedDn(value(raw.forcediffimflux, at)) * scale)
    put(table.fixed('forced_flux_err'), j, forcedDn(value(raw.forcediffimfluxunc, at)) * scale)
    table.fixed('forced_good').set(j, this.#isGood(at))
  }

  #isGood(at: number): 0 | 1 | null {
    const { valid, starts, ends, bytes } = this.#forced.text('procstatus')
    if (valid[at] === 0) return null
    const length = ends[at]! - starts[at]!
    return length === 1 && bytes[starts[at]!] === 48 ? 1 : 0
  }
}
