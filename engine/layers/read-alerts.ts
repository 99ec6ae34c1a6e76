import type { Module, Needs, Survey } from '../contract/index.ts'
import { messageOf, SiskinError } from '../errors.ts'
import { layerPath } from '../lake/layer-name.ts'
import type { PartFile } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'
import { PartFile as ParquetPart } from '../reread/part-file.ts'
import { reread } from '../reread/reread.ts'
import type { Reread, RereadOptions } from '../reread/reread.ts'
import type { Column } from '../table/columns.ts'
import { moduleColumns } from '../table/enriched.ts'
import type { ColumnDef } from '../table/schema.ts'
import type { Input } from './inputs.ts'

export interface Reading {
  readonly survey: Survey
  readonly night: number
  /** Modules, filters and blocks whose columns are to be there. */
  readonly reading: readonly { readonly requires: Needs }[]
  /** Columns of the alert table besides. */
  readonly more: readonly string[]
  /** All modules that there are. */
  readonly modules: readonly Module[]
  /** All columns of those that do not run are to be there, and not only what is read. */
  readonly isWhole: boolean
  /** Where the columns of modules lie that do not run. */
  readonly inputs: ReadonlyMap<string, Input>
}

/** What the path of a file of alerts says: `ztf/alerts/night=20260110/…`. */
export function placeOfAlerts(path: string): Pick<Reading, 'survey' | 'night'> {
  const [, survey, night] = /^(ztf|lsst)\/alerts\/night=(\d{8})\//.exec(path) ?? []
  if (survey === undefined) throw new SiskinError(`${path} is no file of alerts`)
  return { survey: survey as Survey, night: Number(night) }
}

/**
 * The alerts of a file with the columns that are read, each module's from where `inputs` say.
 * @throws Error for a file that is not there, damaged, or not row for row the same as the other.
 */
export async function readAlerts(store: Store, file: PartFile, reading: Reading): Promise<Reread> {
  const names = new Set([
    ...reading.more,
    ...reading.reading.flatMap(({ requires }) => Object.values(requires).map(columnOf))
  ])
  const own: ColumnDef[] = []
  const layered = new Map<string, ColumnDef[]>()
  for (const [name, { layer }] of reading.inputs) {
    const module = reading.modules.find((one) => one.name === name)
    const all = module ? moduleColumns(module) : []
    const wanted = reading.isWhole ? all : all.filter((def) => names.has(def.name))
    if (layer) layered.set(layerPath(file.path, layer), wanted)
    else own.push(...wanted)
  }
  const place = { survey: reading.survey, night: reading.night }
  const read = await readOnly(store, file.path, { ...place, needed: names, made: own })
  const made = new Map<string, Column>(read.made)
  for (const [path, columns] of layered) {
    const needed = new Set(['alert_id'])
    const layer = await readOnly(store, path, { ...place, needed, made: columns })
    if (!isSame(idsOf(read), idsOf(layer))) {
      throw new SiskinError(`${path} has not the alerts of ${file.path}, row by row`)
    }
    for (const [name, column] of layer.made) made.set(name, column)
  }
  return { table: read.table, made }
}

function columnOf({ column }: Needs[string]): string {
  return column
}

function idsOf({ table }: Reread): BigInt64Array {
  return table.fixed('alert_id').values as BigInt64Array
}

function isSame(a: BigInt64Array, b: BigInt64Array): boolean {
  return a.length === b.length && a.every((id, row) => id === b[row])
}

/** @throws SiskinError that names the file. */
async function readOnly(store: Store, path: string, options: RereadOptions): Promise<Reread> {
  let part: ParquetPart | null = null
  try {
    part = await ParquetPart.open(store, path)
    return await reread(part, 'all', options)
  } catch (error) {
    if (error instanceof SiskinError) throw error
    throw new SiskinError(`${path} cannot be read: ${messageOf(error)}`, 1, { cause: error })
  } finally {
    part?.close()
  }
}
