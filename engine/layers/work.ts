import type { Filter, Module } from '../contract/index.ts'
import { needed } from '../enrich/plan.ts'
import type { Plan } from '../enrich/plan.ts'
import type { LayerName } from '../lake/layer-name.ts'

/** What is made anew of history, and by what it is known. */
export interface LayerWork {
  /** All modules and filters that there are. */
  readonly plan: Plan
  /** Those that were named and all that read from them, in their order. */
  readonly modules: readonly Module[]
  readonly filters: readonly Filter[]
  /** What was learned later is left out; null: nothing is. */
  readonly asOf: string | null
}

/** Modules of these names and all that read from them, directly or by way of others. */
export function withDependents(plan: Plan, names: readonly string[]): Module[] {
  const chosen = new Set(names)
  // in the order of the plan whoever reads from a module comes behind it
  return plan.modules.filter((module) => {
    const isIn = chosen.has(module.name) || [...needed(module)].some((name) => chosen.has(name))
    if (isIn) chosen.add(module.name)
    return isIn
  })
}

/** The modules that something reads from, directly or by way of others. */
export function sourcesFor(
  plan: Plan,
  reading: readonly { readonly requires: Module['requires'] }[]
): Module[] {
  const names = new Set(reading.flatMap((one) => [...needed(one)]))
  for (const module of plan.modules.toReversed()) {
    if (names.has(module.name)) for (const name of needed(module)) names.add(name)
  }
  return plan.modules.filter(({ name }) => names.has(name))
}

/** `20260110T120000Z`: a time as the version of a layer has it. */
function stampOf(time: string): string {
  return new Date(time).toISOString().replaceAll(/[-:]|\.\d+/g, '')
}

function versionAsOf(version: string, asOf: string | null): string {
  return asOf === null ? version : `${version}+asof.${stampOf(asOf)}`
}

export function layerOfModule({ name, version }: Module, asOf: string | null): LayerName {
  return { kind: 'layers', name, version: versionAsOf(version, asOf) }
}

export function layerOfFilter({ topic, version }: Filter, asOf: string | null): LayerName {
  return { kind: 'topics', name: topic, version: versionAsOf(version, asOf) }
}

export function layersOf({ modules, filters, asOf }: LayerWork): LayerName[] {
  return [
    ...modules.map((module) => layerOfModule(module, asOf)),
    ...filters.map((filter) => layerOfFilter(filter, asOf))
  ]
}
