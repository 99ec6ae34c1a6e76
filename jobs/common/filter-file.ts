import { defineFilter } from '../../engine/contract/index.ts'
import type { Filter } from '../../engine/contract/index.ts'
import { isPath, loadOwn } from './own-file.ts'
import { pickFilters } from './registries.ts'

/** A filter by its name, or by the path of its folder or file. @throws UsageError that says what is wrong with it. */
export async function findFilter(given: string): Promise<Filter> {
  return isPath(given) ? loadOwn<Filter>('filter', given, defineFilter) : pickFilters([given])[0]!
}
