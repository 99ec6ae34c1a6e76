import type { Answered } from '../table/answers.ts'
import type { Column } from '../table/columns.ts'
import { Enriched } from '../table/enriched.ts'
import type { AlertTable } from '../table/table.ts'
import type { Plan } from './plan.ts'
import { ReaderSet } from '../table/readers.ts'
import type { ModuleRunner } from './run-module.ts'

export interface EnrichOptions {
  readonly runner: ModuleRunner
  /** What catalogues said of the alerts; left out: nobody was asked. */
  readonly answers?: Answered
  /** Modules that hung over these alerts before. */
  readonly stopped: Pick<ReadonlySet<string>, 'has'>
  /** Told which module runs now, and which rows: a watchdog can then stop one that hangs. */
  readonly onStart: (index: number, rows: number) => void
}

/**
 * Runs the plan's modules over a table, in order.
 * @param made columns of other modules that the table has already
 */
export async function enrich(
  table: AlertTable,
  plan: Plan,
  options: EnrichOptions,
  made: ReadonlyMap<string, Column> = new Map()
): Promise<Enriched> {
  const batch = new Enriched(table, options.answers)
  for (const [name, column] of made) batch.columns.set(name, column)
  const readers = new ReaderSet(batch)
  for (const [index, module] of plan.modules.entries()) {
    options.onStart(index, table.rows)
    await options.runner.run(module, batch, readers, options.stopped.has(module.name))
  }
  options.onStart(-1, 0)
  return batch
}
