import type { Filter } from '../contract/index.ts'
import type { ColumnDef } from '../table/schema.ts'

/** The columns that filters and their blocks read: those of the alert table, and those of modules. */
export interface FilterNeeds {
  readonly needed: ReadonlySet<string>
  readonly made: readonly ColumnDef[]
}

/** @param columns what the modules that are known make */
export function needsOf(filters: readonly Filter[], columns: readonly ColumnDef[]): FilterNeeds {
  const asking = filters.flatMap((filter) => [filter, ...Object.values(filter.uses)])
  const names = new Set(
    asking.flatMap(({ requires }) => Object.values(requires).map(({ column }) => column))
  )
  const made = columns.filter(({ name }) => names.has(name))
  for (const { name } of made) names.delete(name)
  return { needed: names, made }
}
