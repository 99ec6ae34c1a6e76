import type { TextColumn } from '../table/columns.ts'
import { magErrFromFlux, magFromFlux, TAI_MINUS_UTC } from '../contract/index.ts'
import type { AlertTable } from '../table/table.ts'
import { dateOf } from '../table/time.ts'
import { Exposures, isSameTime } from './exposures.ts'
import { emptyEpoch, HistoryWriter, value } from './history.ts'
import { isWithdrawn } from './lsst-lists.ts'
import type { Forced, Sources } from './lsst-lists.ts'
import { PacketError } from '../reasons.ts'
import {
  declination,
  distanceFrom,
  idAt,
  placeRow,
  put,
  rightAscension,
  sameId,
  setBand
} from './rows.ts'
import type { SchemaFacts } from './survey.ts'
import { fluxColumns, listFluxes, scale } from './zero-point.ts'

/** A forced flux counts as a detection from here on. */
const DETECTION_SIGMA = 5

/** Completes the rows of LSST alerts from what the decoder left in their columns and in the raw lists. */
export class LsstRows {
  readonly #table: AlertTable
  readonly #sources: Sources
  readonly #forced: Forced
  readonly #history: HistoryWriter
  readonly #exposures = new Exposures()
  readonly #epoch = emptyEpoch()

  constructor(table: AlertTable, sources: Sources, forced: Forced) {
    this.#table = table
    this.#sources = sources
    this.#forced = forced
    this.#history = new HistoryWriter(table)
  }

  finish(row: number, { version, fluxScale }: SchemaFacts): void {
    const table = this.#table
    if (fluxScale !== 1) this.#toNanojansky(row, fluxScale)
    this.#identity(row)
    const mjd = value(table.fixed('lsst.diaSource.midpointMjdTai'), row) - TAI_MINUS_UTC
    const ra = value(table.fixed('lsst.diaSource.ra'), row)
    placeRow(table, row, mjd, ra, value(table.fixed('lsst.diaSource.dec'), row))
    table.text('survey').set(row, 'lsst')
    table.text('schema_version').set(row, version)
    table.fixed('night').set(row, dateOf(mjd - 0.5))
    setBand(table.text('band'), row, bandOf(table.text('lsst.diaSource.band'), row))
    this.#brightness(row)
    this.#pastEpochs(row, mjd)
    table.history.offsets[row + 1] = table.history.length
    this.#forcedEpochs(row)
  }

  forget(): void {
    this.#sources.empty()
    this.#forced.empty()
  }

  #toNanojansky(row: number, by: number): void {
    scale(fluxColumns(this.#table), by, row, row + 1)
    for (const list of [this.#sources, this.#forced]) {
      scale(listFluxes(list), by, 0, list.list.length)
    }
  }

  #identity(row: number): void {
    const table = this.#table
    const id = table.fixed('alert_id')
    const own = table.fixed('lsst.diaSource.diaSourceId')
    if (own.valid[row] === 1) {
      id.words[row * 2] = own.words[row * 2]!
      id.words[row * 2 + 1] = own.words[row * 2 + 1]!
      id.valid[row] = 1
    }
    if (id.valid[row] === 0 || (id.values[row] as bigint) <= 0n) {
      throw new PacketError('missing-id', 'diaSourceId is missing, zero or negative')
    }
    const object = table.fixed('lsst.diaSource.diaObjectId')
    const moving = table.fixed('lsst.diaSource.ssObjectId')
    if (object.valid[row] === 1 && object.values[row] !== 0n) {
      table.text('object_id').set(row, String(object.values[row]))
    } else if (moving.valid[row] === 1 && moving.values[row] !== 0n) {
      table.text('object_id').set(row, `SSO${moving.values[row]}`)
    }
  }

  #brightness(row: number): void {
    const table = this.#table
    const flux = value(table.fixed('lsst.diaSource.psfFlux'), row)
    const fluxErr = value(table.fixed('lsst.diaSource.psfFluxErr'), row)
    put(table.fixed('flux'), row, flux)
    put(table.fixed('flux_err'), row, fluxErr)
    put(table.fixed('mag'), row, magFromFlux(Math.abs(flux)))
    put(table.fixed('mag_err'), row, magErrFromFlux(Math.abs(flux), fluxErr))
    // Not isNegative, which tells the sign of the detection: psfFlux is measured after it.
    table.fixed('is_positive').set(row, flux === flux ? (flux > 0 ? 1 : 0) : null)
  }

  /** Detections, and forced photometry of the visits that have none: each exposure once, in order of time. */
  #pastEpochs(row: number, now: number): void {
    const exposures = this.#exposures
    const detections = this.#sources.list.length
    const band = bandOf(this.#table.text('lsst.diaSource.band'), row)
    exposures.clear()
    this.#addSources(row, now, band)
    this.#addForced(row, now, band)
    const { diaSourceId } = this.#sources.raw
    const { diaForcedSourceId } = this.#forced.raw
    const toSource = distanceFrom(this.#table, row, this.#sources.raw)
    const count = exposures.sortOnce({
      idOf: (at) =>
        at < detections ? idAt(diaSourceId, at) : idAt(diaForcedSourceId, at - detections),
      distanceOf: (at) => (at < detections ? toSource(at) : 0)
    })
    this.#history.reserve(count + 1)
    for (let i = 0; i < count; i++) {
      const at = exposures.at(i)
      if (at < detections) this.#sourceEpoch(exposures.mjd(i), at)
      else this.#forcedEpoch(exposures.mjd(i), at - detections)
    }
    this.#thisEpoch(row, now)
  }

  #addSources(row: number, now: number, ownBand: number): void {
    const { list, raw } = this.#sources
    const id = this.#table.fixed('alert_id')
    for (let at = 0; at < list.length; at++) {
      const mjd = value(raw.midpointMjdTai, at) - TAI_MINUS_UTC
      const band = bandOf(this.#sources.text('band'), at)
      const isOwn =
        (band === ownBand && isSameTime(mjd, now)) || sameId(raw.diaSourceId, at, id, row)
      if (isOwn || mjd > now || isWithdrawn(raw, at)) continue
      this.#exposures.add(mjd, band, 2, at)
    }
  }

  /** A visit that has a detection needs no forced photometry; entries without a visit go by their time. */
  #addForced(row: number, now: number, ownBand: number): void {
    const { list, raw } = this.#forced
    if (list.length === 0) return
    const detections = this.#sources.list.length
    const visits = this.#detectedVisits(row)
    for (let at = 0; at < list.length; at++) {
      const mjd = value(raw.midpointMjdTai, at) - TAI_MINUS_UTC
      const band = bandOf(this.#forced.text('band'), at)
      const isOwn = band === ownBand && isSameTime(mjd, now)
      const seen = raw.visit.valid[at] === 1 && visits.has(raw.visit.values[at] as bigint)
      if (isOwn || seen || mjd > now || isWithdrawn(raw, at)) continue
      this.#exposures.add(mjd, band, raw.psfFlux.valid[at]!, detections + at)
    }
  }

  #detectedVisits(row: number): Set<bigint> {
    const visits = new Set<bigint>()
    const own = this.#table.fixed('lsst.diaSource.visit')
    if (own.valid[row] === 1) visits.add(own.values[row] as bigint)
    const { list, raw } = this.#sources
    for (let at = 0; at < list.length; at++) {
      if (raw.visit.valid[at] === 0 || isWithdrawn(raw, at)) continue
      visits.add(raw.visit.values[at] as bigint)
    }
    return visits
  }

  #sourceEpoch(mjd: number, at: number): void {
    const { raw } = this.#sources
    const epoch = this.#epoch
    epoch.mjd = mjd
    epoch.band = bandOf(this.#sources.text('band'), at)
    epoch.flux = value(raw.psfFlux, at)
    epoch.fluxErr = value(raw.psfFluxErr, at)
    epoch.detected = true
    epoch.forced = false
    epoch.ra = rightAscension(value(raw.ra, at))
    epoch.dec = declination(value(raw.dec, at))
    epoch.reliability = value(raw.reliability, at)
    this.#reference(value(raw.templateFlux, at), value(raw.templateFluxErr, at))
    epoch.scienceFlux = value(raw.scienceFlux, at)
    epoch.scienceFluxErr = value(raw.scienceFluxErr, at)
    this.#history.append(epoch, raw.diaSourceId, at)
  }

  /** No template flux is sent of it. */
  #forcedEpoch(mjd: number, at: number): void {
    const { raw } = this.#forced
    const epoch = this.#epoch
    epoch.mjd = mjd
    epoch.band = bandOf(this.#forced.text('band'), at)
    epoch.flux = value(raw.psfFlux, at)
    epoch.fluxErr = value(raw.psfFluxErr, at)
    epoch.detected = Math.abs(epoch.flux) >= DETECTION_SIGMA * epoch.fluxErr
    epoch.forced = true
    epoch.ra = Number.NaN
    epoch.dec = Number.NaN
    epoch.reliability = Number.NaN
    this.#reference(Number.NaN, Number.NaN)
    epoch.scienceFlux = value(raw.scienceFlux, at)
    epoch.scienceFluxErr = value(raw.scienceFluxErr, at)
    this.#history.append(epoch, raw.diaForcedSourceId, at)
  }

  #thisEpoch(row: number, mjd: number): void {
    const table = this.#table
    const epoch = this.#epoch
    epoch.mjd = mjd
    epoch.band = bandOf(table.text('lsst.diaSource.band'), row)
    epoch.flux = value(table.fixed('flux'), row)
    epoch.fluxErr = value(table.fixed('flux_err'), row)
    epoch.detected = true
    epoch.forced = false
    epoch.ra = value(table.fixed('ra'), row)
    epoch.dec = value(table.fixed('dec'), row)
    epoch.reliability = value(table.fixed('lsst.diaSource.reliability'), row)
    this.#reference(
      value(table.fixed('lsst.diaSource.templateFlux'), row),
      value(table.fixed('lsst.diaSource.templateFluxErr'), row)
    )
    epoch.scienceFlux = value(table.fixed('lsst.diaSource.scienceFlux'), row)
    epoch.scienceFluxErr = value(table.fixed('lsst.diaSource.scienceFluxErr'), row)
    this.#history.append(epoch, table.fixed('alert_id'), row)
  }

  #reference(flux: number, fluxErr: number): void {
    this.#epoch.refFlux = flux
    this.#epoch.refFluxErr = fluxErr
    this.#epoch.refDistance = flux === flux ? 0 : Number.NaN
  }

  #forcedEpochs(row: number): void {
    const { list, raw } = this.#forced
    const { forced } = this.#table
    const exposures = this.#exposures
    exposures.clear()
    for (let at = 0; at < list.length; at++) {
      if (isWithdrawn(raw, at)) continue
      const mjd = value(raw.midpointMjdTai, at) - TAI_MINUS_UTC
      exposures.add(mjd, bandOf(this.#forced.text('band'), at), raw.psfFlux.valid[at]!, at)
    }
    const count = exposures.sortOnce({ idOf: (at) => idAt(raw.diaForcedSourceId, at) })
    forced.ensure(forced.length + count)
    for (let i = 0; i < count; i++) this.#forcedPoint(exposures.at(i), exposures.mjd(i))
    forced.offsets[row + 1] = forced.length
  }

  #forcedPoint(at: number, mjd: number): void {
    const { raw } = this.#forced
    const table = this.#table
    const j = table.forced.length++
    put(table.fixed('forced_mjd'), j, mjd)
    setBand(table.text('forced_band'), j, bandOf(this.#forced.text('band'), at))
    put(table.fixed('forced_flux'), j, value(raw.psfFlux, at))
    put(table.fixed('forced_flux_err'), j, value(raw.psfFluxErr, at))
    table.fixed('forced_good').set(j, null)
  }
}

/** The character code of a one-letter band; 0 for none. ELAsTiCC writes y as Y. */
function bandOf(column: TextColumn, row: number): number {
  if (column.valid[row] === 0 || column.ends[row]! - column.starts[row]! !== 1) return 0
  const code = column.bytes[column.starts[row]!]!
  return code === 89 ? 121 : code
}
