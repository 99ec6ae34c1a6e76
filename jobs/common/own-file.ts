import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { messageOf, UsageError } from '../../engine/errors.ts'
import { loadFaultOf } from './load-fault.ts'
import { keepToItself } from './own-imports.ts'

/** True for what names a file or a folder rather than one that is registered. */
export function isPath(given: string): boolean {
  return given.includes('/') || given.endsWith('.ts')
}

/**
 * What a contributor's file defines, by the path of it or of its folder.
 * @param define checks it, as it does at import
 * @throws UsageError that says what is wrong with it
 */
export async function loadOwn<T>(
  kind: 'filter' | 'module',
  given: string,
  define: (found: T) => T
): Promise<T> {
  const path = resolve(given)
  if (!existsSync(path)) throw new UsageError(`${kind} "${given}": no such file or folder`)
  const file = statSync(path).isDirectory() ? join(path, `${kind}.ts`) : path
  if (!existsSync(file)) throw new UsageError(`${kind} "${given}": no ${kind}.ts in that folder`)
  keepToItself(file)
  try {
    const { default: found } = (await import(pathToFileURL(file).href)) as { default?: T }
    if (!found) throw new Error('it has no default export: export what it defines')
    if (typeof found !== 'object') throw new Error(`its default export is no ${kind}`)
    return define(found)
  } catch (error) {
    const place = loadFaultOf(error, [file])
    const where = place === null ? '' : ` (${place})`
    throw new UsageError(`${kind} ${file}: ${messageOf(error)}${where}`, { cause: error })
  }
}
