import type { Filter, Module } from '../contract/index.ts'
import { enrich } from '../enrich/enrich.ts'
import type { Plan } from '../enrich/plan.ts'
import type { ModuleRunner } from '../enrich/run-module.ts'
import { select } from '../publish/select.ts'
import type { Selection } from '../publish/select.ts'
import type { Reread } from '../reread/reread.ts'
import type { Enriched } from '../table/enriched.ts'

/** What one version, and all that reads from it, makes of the alerts of a file. */
export interface Side {
  readonly batch: Enriched
  readonly selections: readonly Selection[]
}

export interface SideParts extends Reread {
  readonly filters: readonly Filter[]
  readonly runner: ModuleRunner
  readonly warn: (message: string) => void
}

export async function runSide(
  plan: Plan,
  modules: readonly Module[],
  { table, made, filters, runner, warn }: SideParts
): Promise<Side> {
  const options = { runner, stopped: new Set<string>(), onStart() {} }
  const batch = await enrich(table, { ...plan, modules }, options, made)
  return { batch, selections: select(filters, batch, warn) }
}
