import type { FixedColumn, TextColumn } from '../table/columns.ts'
import { magErrFromFlux, magFromFlux, TAI_MINUS_UTC } from '../contract/index.ts'
import { AlertTable } from '../table/table.ts'
import { dateOf } from '../table/time.ts'
import type { RangeSink } from './compile.ts'
import { emptyEpoch, HistoryWriter, timeOrder, value } from './history.ts'
import { PacketError } from '../reasons.ts'
import { placeRow, put, rawList, RowMark, setBand } from './rows.ts'
import type { RawList } from './rows.ts'
import type { SurveyReader } from './survey.ts'

/** The names that fields had in schemas before 10, by today's name. */
const OLD_NAMES: Record<string, string> = {
  'diaSource.is_negative': 'lsst.diaSource.isNegative',
  'diaSource.decl': 'lsst.diaSource.dec',
  'diaSource.filterName': 'lsst.diaSource.band',
  'diaSource.midPointTai': 'lsst.diaSource.midpointMjdTai',
  'diaSource.psFlux': 'lsst.diaSource.psfFlux',
  'diaSource.psFluxErr': 'lsst.diaSource.psfFluxErr',
  'ssSource.eclipticLambda': 'lsst.ssSource.eclLambda',
  'ssSource.eclipticBeta': 'lsst.ssSource.eclBeta',
  'ssSource.galacticL': 'lsst.ssSource.galLon',
  'ssSource.galacticB': 'lsst.ssSource.galLat',
  'ssSource.heliocentricDist': 'lsst.ssSource.helioRange',
  'ssSource.topocentricDist': 'lsst.ssSource.topoRange',
  'ssSource.predictedVMagnitude': 'lsst.ssSource.ephVmag',
  'ssSource.residualRa': 'lsst.ssSource.ephOffsetRa',
  'ssSource.residualDec': 'lsst.ssSource.ephOffsetDec',
  'MPCORB.mpcDesignation': 'lsst.mpc_orbits.designation',
  'MPCORB.mpcH': 'lsst.mpc_orbits.h',
  'MPCORB.epoch': 'lsst.mpc_orbits.epoch_mjd',
  'MPCORB.M': 'lsst.mpc_orbits.mean_anomaly',
  'MPCORB.peri': 'lsst.mpc_orbits.argperi',
  'MPCORB.node': 'lsst.mpc_orbits.node',
  'MPCORB.incl': 'lsst.mpc_orbits.i',
  'MPCORB.e': 'lsst.mpc_orbits.e',
  'MPCORB.a': 'lsst.mpc_orbits.a',
  'MPCORB.q': 'lsst.mpc_orbits.q',
  'MPCORB.t_p': 'lsst.mpc_orbits.peri_time'
}

const SOURCE = {
  diaSourceId: 'int64',
  visit: 'int64',
  midpointMjdTai: 'float64',
  band: 'utf8',
  psfFlux: 'float32',
  psfFluxErr: 'float32',
  ra: 'float64',
  dec: 'float64',
  reliability: 'float32',
  templateFlux: 'float32',
  templateFluxErr: 'float32'
} as const

const FORCED = {
  diaForcedSourceId: 'int64',
  visit: 'int64',
  midpointMjdTai: 'float64',
  band: 'utf8',
  psfFlux: 'float32',
  psfFluxErr: 'float32',
  scienceFlux: 'float32',
  scienceFluxErr: 'float32'
} as const

/** A forced flux counts as a detection from here on. */
const DETECTION_SIGMA = 5

/** LSST: diaSource, its history, diaObject, ssSource and orbit into the alert table (7.4 to 11.x and later). */
export function lsstReader(capacity: number): SurveyReader {
  const table = new AlertTable('lsst', capacity)
  const columns = new Map<string, FixedColumn | TextColumn>()
  for (const [name, column] of table.columns) {
    if (name.startsWith('lsst.')) columns.set(name.slice(5), column)
  }
  for (const [old, name] of Object.entries(OLD_NAMES)) columns.set(old, table.column(name))
  columns.set('diaSourceId', table.column('alert_id'))
  const sources = rawList(SOURCE, 'prvDiaSources[]', capacity, columns)
  const forced = rawList(FORCED, 'prvDiaForcedSources[]', capacity, columns)
  const present = new Map<string, Uint8Array>()
  for (const name of ['diaObject', 'ssSource', 'mpc_orbits', 'MPCORB']) {
    const key = `lsst.${name === 'MPCORB' ? 'mpc_orbits' : name}`
    const rows = table.present.get(key) ?? new Uint8Array(capacity)
    table.present.set(key, rows)
    present.set(name, rows)
  }
  const ranges = new Map<string, RangeSink>([
    ['cutoutScience', table.stamps.science],
    ['cutoutTemplate', table.stamps.template],
    ['cutoutDifference', table.stamps.difference]
  ])
  const lists = new Map([
    ['prvDiaSources', sources.list],
    ['prvDiaForcedSources', forced.list]
  ])
  const mark = new RowMark(table, [sources, forced])
  const rows = new LsstRows(table, sources, forced)
  return {
    survey: 'lsst',
    table,
    sinks: { columns, lists, ranges, present },
    finish: (row, schemaVersion) => rows.finish(row, schemaVersion),
    keep: () => mark.set(),
    rollback: (row) => {
      mark.rollback(row)
      rows.forget()
    }
  }
}

class LsstRows {
  readonly #table: AlertTable
  readonly #sources: RawList
  readonly #forced: RawList
  readonly #history: HistoryWriter
  #sourcesDone = 0
  #forcedDone = 0
  readonly #epoch = emptyEpoch()

  constructor(table: AlertTable, sources: RawList, forced: RawList) {
    this.#table = table
    this.#sources = sources
    this.#forced = forced
    this.#history = new HistoryWriter(table)
  }

  finish(row: number, schemaVersion: string): void {
    const table = this.#table
    this.#identity(row)
    const mjd = value(table.fixed('lsst.diaSource.midpointMjdTai'), row) - TAI_MINUS_UTC
    const ra = value(table.fixed('lsst.diaSource.ra'), row)
    placeRow(table, row, mjd, ra, value(table.fixed('lsst.diaSource.dec'), row))
    table.text('survey').set(row, 'lsst')
    table.text('schema_version').set(row, schemaVersion)
    table.fixed('night').set(row, dateOf(mjd - 0.5))
    setBand(table.text('band'), row, bandOf(table.text('lsst.diaSource.band'), row))
    this.#brightness(row)
    this.#pastEpochs(row, mjd)
    table.history.offsets[row + 1] = table.history.length
    this.#forcedEpochs(row)
    this.#sourcesDone = this.#sources.list.length
    this.#forcedDone = this.#forced.list.length
  }

  forget(): void {
    this.#sourcesDone = this.#sources.list.length
    this.#forcedDone = this.#forced.list.length
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
    const negative = table.fixed('lsst.diaSource.isNegative')
    const sign = flux === flux ? (flux > 0 ? 1 : 0) : null
    table
      .fixed('is_positive')
      .set(row, negative.valid[row] === 1 ? 1 - Number(negative.values[row]) : sign)
  }

  /** Detections, and forced photometry of the visits that have none, merged in order of time. */
  #pastEpochs(row: number, now: number): void {
    const sources = this.#sources.raw as Record<keyof typeof SOURCE, FixedColumn>
    const forced = this.#forced.raw as Record<keyof typeof FORCED, FixedColumn>
    const visits = new Set<bigint>([
      (this.#table.fixed('lsst.diaSource.visit').values[row] as bigint) ?? 0n
    ])
    const epochs: { mjd: number; at: number; forced: boolean }[] = []
    const own = this.#table.fixed('alert_id').values[row]
    for (let at = this.#sourcesDone; at < this.#sources.list.length; at++) {
      const mjd = value(sources.midpointMjdTai, at) - TAI_MINUS_UTC
      visits.add(sources.visit.values[at] as bigint)
      if (mjd <= now && sources.diaSourceId.values[at] !== own)
        epochs.push({ mjd, at, forced: false })
    }
    for (let at = this.#forcedDone; at < this.#forced.list.length; at++) {
      const mjd = value(forced.midpointMjdTai, at) - TAI_MINUS_UTC
      if (mjd <= now && !visits.has(forced.visit.values[at] as bigint)) {
        epochs.push({ mjd, at, forced: true })
      }
    }
    epochs.sort((a, b) => a.mjd - b.mjd)
    this.#history.reserve(epochs.length + 1)
    for (const { mjd, at, forced: isForced } of epochs) {
      if (isForced) this.#forcedEpoch(mjd, at)
      else this.#sourceEpoch(mjd, at)
    }
    this.#thisEpoch(row, now)
  }

  #sourceEpoch(mjd: number, at: number): void {
    const raw = this.#sources.raw as Record<keyof typeof SOURCE, FixedColumn>
    const epoch = this.#epoch
    epoch.mjd = mjd
    epoch.band = bandOf(this.#sources.raw['band'] as TextColumn, at)
    epoch.flux = value(raw.psfFlux, at)
    epoch.fluxErr = value(raw.psfFluxErr, at)
    epoch.detected = true
    epoch.forced = false
    epoch.ra = value(raw.ra, at)
    epoch.dec = value(raw.dec, at)
    epoch.reliability = value(raw.reliability, at)
    this.#reference(value(raw.templateFlux, at), value(raw.templateFluxErr, at))
    this.#history.append(epoch, raw.diaSourceId, at)
  }

  #forcedEpoch(mjd: number, at: number): void {
    const raw = this.#forced.raw as Record<keyof typeof FORCED, FixedColumn>
    const epoch = this.#epoch
    epoch.mjd = mjd
    epoch.band = bandOf(this.#forced.raw['band'] as TextColumn, at)
    epoch.flux = value(raw.psfFlux, at)
    epoch.fluxErr = value(raw.psfFluxErr, at)
    epoch.detected = Math.abs(epoch.flux) >= DETECTION_SIGMA * epoch.fluxErr
    epoch.forced = true
    epoch.ra = Number.NaN
    epoch.dec = Number.NaN
    epoch.reliability = Number.NaN
    this.#reference(value(raw.scienceFlux, at) - epoch.flux, value(raw.scienceFluxErr, at))
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
    this.#history.append(epoch, table.fixed('alert_id'), row)
  }

  #reference(flux: number, fluxErr: number): void {
    this.#epoch.refFlux = flux
    this.#epoch.refFluxErr = fluxErr
    this.#epoch.refDistance = flux === flux ? 0 : Number.NaN
  }

  #forcedEpochs(row: number): void {
    const raw = this.#forced.raw as Record<keyof typeof FORCED, FixedColumn>
    const table = this.#table
    const from = this.#forcedDone
    const to = this.#forced.list.length
    const order = timeOrder(raw.midpointMjdTai, from, to)
    table.forced.ensure(table.forced.length + to - from)
    for (let i = from; i < to; i++) {
      const at = order ? order[i - from]! : i
      const j = table.forced.length++
      put(table.fixed('forced_mjd'), j, value(raw.midpointMjdTai, at) - TAI_MINUS_UTC)
      setBand(table.text('forced_band'), j, bandOf(this.#forced.raw['band'] as TextColumn, at))
      put(table.fixed('forced_flux'), j, value(raw.psfFlux, at))
      put(table.fixed('forced_flux_err'), j, value(raw.psfFluxErr, at))
      table.fixed('forced_good').set(j, null)
    }
    table.forced.offsets[row + 1] = table.forced.length
  }
}

/** The character code of a one-letter band; 0 for none. */
function bandOf(column: TextColumn, row: number): number {
  if (column.valid[row] === 0 || column.ends[row]! - column.starts[row]! !== 1) return 0
  return column.bytes[column.starts[row]!]!
}
