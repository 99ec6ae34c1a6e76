import { AB_ZERO_POINT } from '../contract/index.ts'
import { PacketError } from '../reasons.ts'
import { LSST_OBJECT_MEANING } from '../surveys/lsst-object-meaning.ts'
import { LSST_SOURCE_MEANING } from '../surveys/lsst-source-meaning.ts'
import type { FixedColumn } from '../table/columns.ts'
import type { AlertTable } from '../table/table.ts'
import type { Avro } from '../avro/schema.ts'
import type { RawList } from './rows.ts'
import { recordAt, spaceOf } from './survey.ts'

/** Magnitude of one unit of SNANA's FLUXCAL, in which ELAsTiCC sends its fluxes. */
const FLUXCAL_ZERO_POINT = 27.5

/** nJy of one unit of it. */
const NJY_OF_FLUXCAL = 10 ** ((AB_ZERO_POINT - FLUXCAL_ZERO_POINT) / 2.5)

/** Fields of diaObject that ELAsTiCC alone has: what its simulation knew of the object. */
const ELASTICC_OBJECT = ['simVersion', 'z_final', 'hostgal_zphot', 'hostgal_zspec', 'hostgal_snsep']

/** Fields of diaSource that LSST had in its versions 3 and 4, and ELAsTiCC in none. */
const LSST_SOURCE = ['apFlux', 'psChi2', 'psLnL', 'trailFlux']

/**
 * By what the fluxes of an LSST-like schema are to be multiplied, to be in nJy. A packet does not
 * say its zero point; who wrote the schema does, by its namespace or by fields of its own.
 * @throws PacketError `unsupported` where neither tells.
 */
export function fluxScaleOf(root: Avro): number {
  const source = recordAt(root, 'diaSource')
  const spaces = [root, source].map(spaceOf)
  if (spaces.includes('elasticc')) return NJY_OF_FLUXCAL
  const has = new Set(source?.fields.map(({ name }) => name))
  if (spaces.includes('lsst') || !has.has('psFlux') || has.has('psfFlux')) return 1
  const object = new Set(recordAt(root, 'diaObject')?.fields.map(({ name }) => name))
  if (ELASTICC_OBJECT.some((name) => object.has(name))) return NJY_OF_FLUXCAL
  if (LSST_SOURCE.some((name) => has.has(name))) return 1
  throw new PacketError(
    'unsupported',
    'psFlux without a namespace or a field that tells LSST (nJy) from ELAsTiCC (zero point 27.5): its unit is not told'
  )
}

/** The columns of a table that hold fluxes as the packet has them. */
export function fluxColumns(table: AlertTable): FixedColumn[] {
  const records = { diaSource: LSST_SOURCE_MEANING, diaObject: LSST_OBJECT_MEANING }
  return Object.entries(records).flatMap(([record, meaning]) =>
    [...meaning]
      .filter(([, { unit }]) => unit === 'nJy' || unit === 'nJy/d')
      .map(([name]) => table.fixed(`lsst.${record}.${name}`))
  )
}

/** The same of a list of the packet. */
export function listFluxes({ raw }: RawList): FixedColumn[] {
  return Object.entries(raw)
    .filter(([name]) => /Flux(Err)?$/.test(name))
    .map(([, column]) => column)
}

/** Multiplies rows `first` to `end` of columns. */
export function scale(
  columns: readonly FixedColumn[],
  by: number,
  first: number,
  end: number
): void {
  for (const { values } of columns) {
    for (let row = first; row < end; row++) values[row] = (values[row] as number) * by
  }
}
