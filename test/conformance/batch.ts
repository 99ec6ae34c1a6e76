import { createHash } from 'node:crypto'
import type { LookupStatus, Models, Module, Predictors, Survey } from '#contract'
import { ModuleRunner } from '../../engine/enrich/run-module.ts'
import { ListColumn, TextColumn, valueAt as plainAt } from '../../engine/table/columns.ts'
import type { Column, ScalarColumn } from '../../engine/table/columns.ts'
import { Enriched, moduleColumns } from '../../engine/table/enriched.ts'
import { openResources } from '../../engine/resources/resources.ts'
import { ReaderSet } from '../../engine/table/readers.ts'
import { AlertTable } from '../../engine/table/table.ts'
import { placeOf } from '../../engine/place-of.ts'
import type { Alert } from './alerts.ts'
import { columnsOf } from './alerts.ts'
import { inTimeLater } from './in-time.ts'
import { asError } from './load.ts'
import { madeUpAnswers, madeUpStamps } from './made-up.ts'

/** A module's columns for a batch: values in row order, by full column name, `status` included. */
export type Outputs = Record<string, unknown[]>

/** Plain alerts as the table that the decoder makes. */
export function tableOf(survey: Survey, alerts: readonly Alert[]): AlertTable {
  const table = new AlertTable(survey, alerts.length)
  table.rows = alerts.length
  for (const { name, list } of columnsOf(survey)) {
    const column = table.column(name)
    if (!list) {
      alerts.forEach((alert, row) => setValue(column, row, alert[name] ?? null))
      continue
    }
    const group = table[list]
    let at = 0
    alerts.forEach((alert, row) => {
      const values = (alert[name] ?? []) as unknown[]
      column.ensure(at + values.length)
      for (const value of values) setListValue(column, at++, value ?? null)
      group.offsets[row + 1] = at
    })
    group.length = at
  }
  return table
}

function setValue(column: Column, row: number, value: unknown): void {
  if (column instanceof ListColumn) column.set(row, value as ArrayLike<number> | null)
  else if (column instanceof TextColumn) column.set(row, value as string | null)
  else column.set(row, typeof value === 'boolean' ? Number(value) : (value as number | null))
}

/** Within lists a null reads as NaN. */
function setListValue(column: ScalarColumn, at: number, value: unknown): void {
  setValue(column, at, value)
  if (value !== null || column instanceof TextColumn) return
  if (column.type === 'float64' || column.type === 'float32') column.values[at] = Number.NaN
}

export function valueAt(column: Column, row: number): unknown {
  const value = plainAt(column, row)
  if (column.type !== 'bool' || value === null) return value
  return Array.isArray(value) ? value.map((one) => one && one === 1) : value === 1
}

/**
 * A batch with the columns of `others` filled from the alerts, as if those modules had run.
 * @param noisy what of stamps and answers is another than usual, as `askedBy` names it
 * @param only what all catalogues answer; null: this and that
 */
export function batchOf(
  survey: Survey,
  alerts: readonly Alert[],
  others: readonly Module[],
  noisy = '',
  only: LookupStatus | null = null
): Enriched {
  const answers = madeUpAnswers(alerts, noisy, only)
  const images = madeUpStamps(alerts, noisy)
  const batch = new Enriched(tableOf(survey, alerts), answers, images)
  for (const module of others) {
    batch.add(module)
    for (const { name } of moduleColumns(module)) {
      const column = batch.column(name)!
      alerts.forEach((alert, row) => setValue(column, row, alert[name] ?? null))
    }
  }
  return batch
}

/** Runs a module as the engine does, but not for ever. @throws what it threw, or what the engine says. */
export async function outputsOf(module: Module, batch: Enriched): Promise<Outputs> {
  let thrown: unknown = null
  const guarded: Module = {
    ...module,
    run: async (given) => {
      try {
        return await inTimeLater(`module ${module.name}`, () => module.run(given))
      } catch (error) {
        thrown = error
        throw error
      }
    }
  }
  const models = await modelsOf(module)
  const runner = new ModuleRunner(
    (_, message) => {
      throw thrown instanceof Error ? told(thrown, module) : new Error(message)
    },
    () => models
  )
  await runner.run(guarded, batch, new ReaderSet(batch), false)
  const { rows } = batch.table
  return Object.fromEntries(
    moduleColumns(module).map(({ name }) => [
      name,
      Array.from({ length: rows }, (_, row) => valueAt(batch.column(name)!, row))
    ])
  )
}

const opened = new Map<Module, Promise<Predictors<Models>>>()

/** The trained models of a module, loaded once. @throws UsageError for a file that is none. */
export async function modelsOf(module: Module): Promise<Predictors<Models>> {
  const open = async () => {
    const plan = { modules: [module], filters: [], blocks: [], columns: [] }
    return (await openResources(plan, { catalogues: null, warn: () => {} })).models(module)
  }
  const models = opened.get(module) ?? open()
  opened.set(module, models)
  return models
}

/** The error itself, so that its own file and line are shown, and who it is of. */
function told(error: Error, { name, owner }: Module): Error {
  if (!error.message.startsWith('module ')) {
    error.message = `module ${name} (${owner}) threw: ${error.message}${placeOf(error)}`
  }
  return error
}

/**
 * Adds to the alerts what the modules say, in the plan's order. Where one breaks, its columns stay
 * null and the others go on.
 * @returns what broke, by module.
 */
export async function enrichAlerts(
  survey: Survey,
  alerts: readonly Alert[],
  modules: readonly Module[]
): Promise<Map<string, Error>> {
  const broken = new Map<string, Error>()
  const done: Module[] = []
  for (const module of modules) {
    try {
      const outputs = await outputsOf(module, batchOf(survey, alerts, done))
      for (const [name, values] of Object.entries(outputs)) {
        alerts.forEach((alert, row) => (alert[name] = values[row]))
      }
    } catch (error) {
      broken.set(module.name, asError(error))
    }
    done.push(module)
  }
  return broken
}

/** Hash of everything a batch holds in memory: tells when a module writes into its inputs. */
export function checksum(batch: Enriched): string {
  const hash = createHash('sha256')
  for (const column of [...batch.table.columns.values(), ...batch.columns.values()]) {
    const items = column instanceof ListColumn ? column.items : column
    if (items instanceof TextColumn) hash.update(items.bytes).update(items.starts)
    else hash.update(new Uint8Array(items.values.buffer))
    hash.update(items.valid).update(column.valid)
  }
  return hash.update(batch.table.history.offsets).update(batch.table.forced.offsets).digest('hex')
}

/** Outputs as a hash; numbers to nine digits, so that the last bit of a logarithm does not count. */
export function digest(value: unknown): string {
  const rounded = (_: string, inner: unknown) => {
    if (typeof inner === 'bigint') return `${inner}n`
    return typeof inner === 'number' ? Number(inner.toPrecision(9)) : inner
  }
  return createHash('sha256').update(JSON.stringify(value, rounded)).digest('hex').slice(0, 16)
}
