import type { Answered } from '../table/answers.ts'
import type { Module } from '../contract/index.ts'
import type { Column } from '../table/columns.ts'
import { Enriched } from '../table/enriched.ts'
import type { Images } from '../table/images.ts'
import type { AlertTable } from '../table/table.ts'
import { needed } from './plan.ts'
import type { Plan } from './plan.ts'
import { ReaderSet } from '../table/readers.ts'
import type { ModuleRunner } from './run-module.ts'

export interface EnrichOptions {
  readonly runner: ModuleRunner
  /** What catalogues said of the alerts; left out: nobody was asked. */
  readonly answers?: Answered
  /** The stamps of the alerts; left out: they are not at hand. */
  readonly images?: Images
  /** Modules that hung over these alerts before. */
  readonly stopped: Pick<ReadonlySet<string>, 'has'>
  /** Told which module runs now, and which rows: a watchdog can then stop one that hangs. */
  readonly onStart: (index: number, rows: number) => void
}

/**
 * Runs the plan's modules over a table, in order; none before those it reads from have ended.
 * @param made columns of other modules that the table has already
 */
export async function enrich(
  table: AlertTable,
  plan: Plan,
  options: EnrichOptions,
  made: ReadonlyMap<string, Column> = new Map()
): Promise<Enriched> {
  const batch = new Enriched(table, options.answers, options.images)
  for (const [name, column] of made) batch.columns.set(name, column)
  const readers = new ReaderSet(batch)
  const running = new Map<string, Promise<void>>()
  for (const [index, module] of plan.modules.entries()) {
    for (const name of needed(module)) await running.get(name)
    options.onStart(index, table.rows)
    const run = options.runner.run(module, batch, readers, options.stopped.has(module.name))
    running.set(module.name, run)
    if (!isAsync(module)) await run
  }
  options.onStart(-1, 0)
  await Promise.all(running.values())
  const order = plan.modules
  batch.runs.sort((a, b) => order.indexOf(a.module) - order.indexOf(b.module))
  return batch
}

/** It may wait for something: those that do not read from it go on meanwhile. */
function isAsync(module: Module): boolean {
  return module.run.constructor.name === 'AsyncFunction'
}
