import { fluxOf } from '../sky/flux.ts'
import { renameSync, writeFileSync } from 'node:fs'
import { Bool, Float64, Int64, Table, Utf8, tableToIPC, vectorFromArray } from 'apache-arrow'
import {
  Compression,
  Table as WasmTable,
  WriterPropertiesBuilder,
  writeParquet
} from 'parquet-wasm'
import type { History } from '../observe/history.ts'
import type { ClassName, SkyObject } from '../population/objects.ts'
import type { Measurement } from '../observe/photometry.ts'
import type { Survey } from '../../engine/contract/index.ts'

export type PacketKind = 'good' | 'corrupt' | 'duplicate' | 'late'

/** What is true of one packet. Fluxes nJy, times MJD UTC, positions deg. */
export interface TruthRow {
  readonly alert_id: bigint
  readonly object_id: string
  readonly survey: Survey
  readonly class: ClassName
  readonly band: string
  readonly mjd: number
  readonly ra: number
  readonly dec: number
  /** Noiseless difference flux, and with the reference source added. */
  readonly true_flux: number
  readonly true_flux_total: number
  /** As the survey counts them, this one included: ZTF from 3 sigma since it began, LSST the diaSources. */
  readonly detections: number
  /** Days since the first of them; 0 for the first. */
  readonly age: number
  /** What perfect photometry would say of the rate, mag/d, negative while brightening; see `trueRate`. */
  readonly true_rate: number | null
  /** Half of the range of the noiseless magnitudes of the packet's detections, mag; see `trueAmplitude`. */
  readonly true_amplitude: number | null
  readonly redshift: number | null
  readonly explosion_mjd: number | null
  readonly peak_mjd: number | null
  readonly host: string | null
  /** Label that a SIMBAD-like catalogue has at the position. */
  readonly catalogue: string | null
  readonly parameters: string
  /** The survey can name the moving object. Null for what does not move. */
  readonly is_named: boolean | null
  readonly packet_kind: PacketKind
  readonly file_name: string
}

export function truthOf(
  survey: Survey,
  object: SkyObject,
  found: Measurement,
  history: History,
  ids: { readonly alert: bigint; readonly object: string },
  kind: PacketKind,
  file: string
): TruthRow {
  const { parameters, artefact } = object
  return {
    alert_id: ids.alert,
    object_id: ids.object,
    survey,
    class: object.cls,
    band: found.exposure.band,
    mjd: found.exposure.mjd,
    ra: object.ra,
    dec: object.dec,
    true_flux: found.trueFlux,
    true_flux_total: found.trueFlux + found.reference,
    ...countOf(survey, found, history),
    true_rate: trueRate(found, history.recent),
    true_amplitude: trueAmplitude(found, history.recent),
    redshift: object.redshift,
    explosion_mjd: object.explosion,
    peak_mjd: object.peak,
    host: object.host,
    catalogue: object.catalogue,
    parameters: JSON.stringify(artefact ? { ...parameters, kind: artefact.kind } : parameters),
    is_named: object.moving?.known ?? null,
    packet_kind: kind,
    file_name: file
  }
}

function countOf(survey: Survey, found: Measurement, history: History) {
  const { detections, firstSeen, birth, recent } = history
  const now = found.exposure.mjd
  return survey === 'ztf'
    ? { detections, age: Math.max(0, now - firstSeen) }
    : { detections: recent.filter((past) => past.detected).length + 1, age: now - birth.mjd }
}

/** Two exposures nearer than this, days, are one moment of the light curve. */
const SAME_MOMENT = 0.02

/**
 * The rate without noise since the latest earlier exposure of the band in the packet's window. Where
 * the source was below the limit of that exposure its limit counts: no more could be known. Null for
 * artefacts, without such an exposure, below both limits, and where the sign of the difference changed.
 */
function trueRate(found: Measurement, recent: readonly Measurement[]): number | null {
  const { band, mjd } = found.exposure
  const past = recent.findLast(
    ({ exposure }) => exposure.band === band && mjd - exposure.mjd >= SAME_MOMENT
  )
  if (!past || found.trueFlux === 0) return null
  const days = mjd - past.exposure.mjd
  const ofLimit = fluxOf(past.exposure.limit)
  const now = Math.abs(found.trueFlux)
  if (Math.abs(past.trueFlux) >= ofLimit) {
    const isSameSign = past.trueFlux > 0 === found.trueFlux > 0
    return isSameSign ? (-2.5 * Math.log10(now / Math.abs(past.trueFlux))) / days : null
  }
  return now > ofLimit ? (-2.5 * Math.log10(now / ofLimit)) / days : null
}

/** Detections of a band that make a range. */
const ENOUGH = 5

/**
 * In the band where it is largest, over at least five detections; of the object itself, its reference
 * flux included. Null for artefacts and for too few detections.
 */
function trueAmplitude(found: Measurement, recent: readonly Measurement[]): number | null {
  if (found.trueFlux === 0) return null
  const magnitudes = new Map<string, number[]>()
  for (const { detected, exposure, trueFlux, reference } of [...recent, found]) {
    const mag = -2.5 * Math.log10(trueFlux + reference)
    if (!detected || !Number.isFinite(mag)) continue
    const known = magnitudes.get(exposure.band)
    if (known) known.push(mag)
    else magnitudes.set(exposure.band, [mag])
  }
  const ranges = [...magnitudes.values()]
    .filter((mags) => mags.length >= ENOUGH)
    .map((mags) => (Math.max(...mags) - Math.min(...mags)) / 2)
  return ranges.length === 0 ? null : Math.max(...ranges)
}

const NUMBERS = [
  'mjd',
  'ra',
  'dec',
  'true_flux',
  'true_flux_total',
  'detections',
  'age',
  'true_rate',
  'true_amplitude',
  'redshift',
  'explosion_mjd',
  'peak_mjd'
] as const
const TEXTS = [
  'object_id',
  'survey',
  'class',
  'band',
  'host',
  'catalogue',
  'parameters',
  'packet_kind',
  'file_name'
] as const

/** Writes the truth table of one night beside its archive. */
export function writeTruth(path: string, rows: readonly TruthRow[]): void {
  const column = <K extends keyof TruthRow>(name: K): TruthRow[K][] => rows.map((row) => row[name])
  const columns = Object.fromEntries([
    ['alert_id', vectorFromArray(column('alert_id'), new Int64())],
    ...TEXTS.map((name) => [name, vectorFromArray(column(name), new Utf8())]),
    ['is_named', vectorFromArray(column('is_named'), new Bool())],
    ...NUMBERS.map((name) => [name, vectorFromArray(column(name), new Float64())])
  ])
  const table = WasmTable.fromIPCStream(tableToIPC(new Table(columns), 'stream'))
  const properties = new WriterPropertiesBuilder().setCompression(Compression.ZSTD).build()
  const temporary = `${path}.part`
  writeFileSync(temporary, writeParquet(table, properties))
  renameSync(temporary, path)
}
