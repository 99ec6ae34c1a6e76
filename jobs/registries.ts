import type { Filter, Module } from '../engine/contract/index.ts'
import { unknownName } from '../engine/errors.ts'
import { filters } from '../filters/registry.ts'
import { modules } from '../science-modules/registry.ts'

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
