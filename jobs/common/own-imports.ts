import { registerHooks } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Ours, wherever the folder lies. */
const CONTRACT = new URL('../../engine/contract/index.ts', import.meta.url).href

/** Folders of contributors' modules and filters that were named by a path. */
const folders = new Set<string>()

/**
 * From now on what lies in the folder of this file imports `#contract` and its own files, a filter the blocks beside its folder too:
 * a module or filter that reaches for anything else does not load.
 */
export function keepToItself(file: string): void {
  if (folders.size === 0) registerHooks({ resolve })
  folders.add(`${pathToFileURL(dirname(file)).href}/`)
}

function resolve(
  specifier: string,
  context: { readonly parentURL?: string | undefined },
  next: Parameters<NonNullable<Parameters<typeof registerHooks>[0]['resolve']>>[2]
): ReturnType<typeof next> {
  const { parentURL = '' } = context
  const home = [...folders].find((folder) => parentURL.startsWith(folder))
  if (home !== undefined && specifier === '#contract') return next(CONTRACT, context)
  if (home !== undefined) {
    const to = specifier.startsWith('.') ? new URL(specifier, parentURL).href : ''
    const isOwn = to.startsWith(home) || to === new URL('../blocks.ts', home).href
    if (!isOwn) {
      throw new Error(
        `${fileURLToPath(parentURL)} imports ${specifier}: modules and filters import #contract and their own files`
      )
    }
  }
  return next(specifier, context)
}
