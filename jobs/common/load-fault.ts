import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { loadPlaceOf, unreadableAt } from '../../engine/place-of.ts'

const REGISTRIES = ['../../science-modules/registry.ts', '../../filters/registry.ts'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url))
)

/**
 * Which module or filter cannot be loaded, as `file:line`; null for any other error. Of some faults V8 tells the place
 * only where a process ends of them: so one does.
 * @param entries files one of which was being loaded
 */
export function loadFaultOf(
  error: unknown,
  entries: readonly string[] = REGISTRIES
): string | null {
  const place = loadPlaceOf(error)
  const isHidden =
    error instanceof SyntaxError && error.stack?.includes('SourceTextModule') === true
  if (place !== null || !isHidden) return place
  for (const entry of entries) {
    const { stderr } = spawnSync(process.execPath, [entry], { encoding: 'utf8' })
    const found = unreadableAt(stderr)
    if (found !== null) return found
  }
  return null
}
