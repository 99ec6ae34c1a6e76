import type { Filter, Module } from '../../engine/contract/index.ts'
import { makePlan, needed } from '../../engine/enrich/plan.ts'
import type { Plan } from '../../engine/enrich/plan.ts'
import { unknownName, UsageError } from '../../engine/errors.ts'
import { filters } from '../../filters/registry.ts'
import { modules } from '../../science-modules/registry.ts'

/** The registered modules of these names; all for null. @throws UsageError listing the known ones. */
export function pickModules(names: readonly string[] | null): Module[] {
  return pick('module', modules, names)
}

/** The registered filters of these names; all for null. @throws UsageError listing the known ones. */
export function pickFilters(names: readonly string[] | null): Filter[] {
  return pick('filter', filters, names)
}

function pick<T extends { name: string }>(
  kind: string,
  all: readonly T[],
  names: readonly string[] | null
): T[] {
  if (names === null) return [...all]
  const known = new Set(all.map(({ name }) => name))
  for (const name of names) if (!known.has(name)) throw unknownName(kind, name, known)
  return all.filter(({ name }) => names.includes(name))
}

/**
 * What is compared and tried has columns; catalogues, models and stamps are asked where files are made.
 * @throws UsageError for one that asks for more
 */
export function expectColumnsOnly(all: readonly (Module | Filter)[]): void {
  for (const one of all) {
    if (one.lookups === undefined && !('models' in one) && !('stamps' in one)) continue
    throw new UsageError(
      `${one.name} asks a catalogue, has a model or looks at stamps, which only run, stream and reprocess give: leave it out`
    )
  }
}

/** Names as the settings have them; null for all. */
interface Chosen {
  readonly modules: readonly string[] | null
  readonly filters: readonly string[] | null
}

/** A filter that nobody asked for by name, and the modules it would need. */
interface LeftOut {
  readonly filter: string
  readonly needs: readonly string[]
}

/**
 * The plan of what was chosen. Where only modules were, filters that need others are left out.
 * @throws UsageError for what was asked for by name and needs a module that was not.
 */
export function pickPlan(chosen: Chosen): { plan: Plan; leftOut: readonly LeftOut[] } {
  const picked = pickModules(chosen.modules)
  const filters = pickFilters(chosen.filters)
  for (const module of picked) expectModules('module', module.name, othersOf([module], picked))
  const others = filters.map((filter) => ({
    filter: filter.name,
    needs: othersOf([filter, ...Object.values(filter.uses)], picked)
  }))
  if (chosen.filters !== null) {
    for (const { filter, needs } of others) expectModules('filter', filter, needs)
  }
  const leftOut = others.filter(({ needs }) => needs.length > 0)
  const isIn = ({ name }: Filter) => !leftOut.some(({ filter }) => filter === name)
  return { plan: makePlan(picked, filters.filter(isIn)), leftOut }
}

/** The same for those who only work by it; `say` hears which filters are left out. */
export function planFor(chosen: Chosen, say: (message: string) => void = () => {}): Plan {
  const { plan, leftOut } = pickPlan(chosen)
  for (const one of leftOut) say(leftOutText(one))
  return plan
}

export function leftOutText({ filter, needs }: LeftOut): string {
  return `filter ${filter} is left out: --modules does not name ${needs.join(', ')}`
}

/** Registered modules that the columns of some needs come from, and that are not picked. */
function othersOf(
  all: readonly { readonly requires: Module['requires'] }[],
  picked: readonly Module[]
): string[] {
  const names = new Set(all.flatMap((one) => [...needed(one)]))
  return modules
    .filter((module) => names.has(module.name) && !picked.includes(module))
    .map(({ name }) => name)
}

function expectModules(kind: string, name: string, others: readonly string[]): void {
  if (others.length === 0) return
  throw new UsageError(
    `${kind} ${name} needs ${others.join(', ')}, which --modules does not name: add what it needs, or leave it out`
  )
}
