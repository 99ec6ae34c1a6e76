import { readdirSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { Filter, Module } from '#contract'
import { makePlan } from '../../engine/enrich/plan.ts'

/** What was found in the folders of contributors, each judged on its own. */
export interface Loaded<T> {
  readonly good: readonly T[]
  /** What is wrong with the others, by folder. */
  readonly broken: ReadonlyMap<string, Error>
}

/** Folders with a module or filter; the template is none. */
export function foldersIn(home: string): string[] {
  return readdirSync(home, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('_'))
    .map((entry) => entry.name)
    .sort()
}

/** Loads `file` of every folder; one that cannot be loaded does not stop the others. */
export async function load<T extends { readonly name: string }>(
  home: string,
  file: string
): Promise<Loaded<T>> {
  const good: T[] = []
  const broken = new Map<string, Error>()
  for (const folder of foldersIn(home)) {
    try {
      const url = pathToFileURL(`${home}${folder}/${file}`).href
      const found = ((await import(/* @vite-ignore */ url)) as { default?: T }).default
      if (!found) throw new Error(`${folder}/${file} has no default export: export what it defines`)
      if (found.name !== folder) {
        throw new Error(`folder ${folder} holds "${found.name}": they must have one name`)
      }
      good.push(found)
    } catch (error) {
      broken.set(folder, asError(error))
    }
  }
  return { good, broken }
}

/** A plan of the modules that fit into one, in its order; those that do not are added to `broken`. */
export function planOf({ good, broken }: Loaded<Module>): Loaded<Module> {
  const unfit = new Map(broken)
  let left = good
  for (;;) {
    try {
      return { good: makePlan(left, []).modules, broken: unfit }
    } catch (error) {
      const { message } = asError(error)
      const first = left.filter(({ name }) => message.startsWith(`module ${name} `))
      const named = left.filter(({ name }) => new RegExp(`\\b${name}\\b`).test(message))
      const out = new Set(first.length > 0 ? first : named)
      if (out.size === 0) throw error
      for (const { name } of out) unfit.set(name, asError(error))
      left = left.filter((module) => !out.has(module))
    }
  }
}

/** The filters that a plan with these modules takes; those that it refuses are added to `broken`. */
export function planned(
  { good, broken }: Loaded<Filter>,
  modules: readonly Module[]
): Loaded<Filter> {
  const unfit = new Map(broken)
  const fit = good.filter((filter) => {
    try {
      makePlan(modules, [filter])
      return true
    } catch (error) {
      unfit.set(filter.name, asError(error))
      return false
    }
  })
  return { good: fit, broken: unfit }
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
