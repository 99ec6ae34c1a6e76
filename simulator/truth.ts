import { renameSync, writeFileSync } from 'node:fs'
import { Float64, Int64, Table, Utf8, tableToIPC, vectorFromArray } from 'apache-arrow'
import {
  Compression,
  Table as WasmTable,
  WriterPropertiesBuilder,
  writeParquet
} from 'parquet-wasm'
import type { ClassName, SkyObject } from './objects.ts'
import type { Measurement } from './photometry.ts'
import type { Survey } from '../engine/contract/index.ts'

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
  readonly redshift: number | null
  readonly explosion_mjd: number | null
  readonly peak_mjd: number | null
  readonly host: string | null
  /** Label that a SIMBAD-like catalogue has at the position. */
  readonly catalogue: string | null
  readonly parameters: string
  readonly packet_kind: PacketKind
  readonly file_name: string
}

export function truthOf(
  survey: Survey,
  object: SkyObject,
  found: Measurement,
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
    redshift: object.redshift,
    explosion_mjd: object.explosion,
    peak_mjd: object.peak,
    host: object.host,
    catalogue: object.catalogue,
    parameters: JSON.stringify(artefact ? { ...parameters, kind: artefact.kind } : parameters),
    packet_kind: kind,
    file_name: file
  }
}

const NUMBERS = [
  'mjd',
  'ra',
  'dec',
  'true_flux',
  'true_flux_total',
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
    ...NUMBERS.map((name) => [name, vectorFromArray(column(name), new Float64())])
  ])
  const table = WasmTable.fromIPCStream(tableToIPC(new Table(columns), 'stream'))
  const properties = new WriterPropertiesBuilder().setCompression(Compression.ZSTD).build()
  const temporary = `${path}.part`
  writeFileSync(temporary, writeParquet(table, properties))
  renameSync(temporary, path)
}
