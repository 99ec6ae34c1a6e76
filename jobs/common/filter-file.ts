import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { defineFilter } from '../../engine/contract/index.ts'
import type { Filter } from '../../engine/contract/index.ts'
import { messageOf, UsageError } from '../../engine/errors.ts'
import { loadFaultOf } from './load-fault.ts'
import { pickFilters } from './registries.ts'

/** A filter by its name, or by the path of its folder or file. @throws UsageError that says what is wrong with it. */
export async function findFilter(given: string): Promise<Filter> {
  if (!given.includes('/') && !given.endsWith('.ts')) return pickFilters([given])[0]!
  const path = resolve(given)
  if (!existsSync(path)) throw new UsageError(`filter "${given}": no such file or folder`)
  const file = statSync(path).isDirectory() ? join(path, 'filter.ts') : path
  try {
    const { default: filter } = (await import(pathToFileURL(file).href)) as { default?: Filter }
    if (!filter) throw new Error('it has no default export: export what it defines')
    return defineFilter(filter)
  } catch (error) {
    const place = loadFaultOf(error, [file])
    const where = place === null ? '' : ` (${place})`
    throw new UsageError(`filter ${file}: ${messageOf(error)}${where}`, { cause: error })
  }
}
