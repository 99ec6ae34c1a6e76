import type { Plan } from '../enrich/plan.ts'

/**
 * What may hang, in the order of its numbers in a `Beat`: the modules as they run, then the filters. By these
 * labels an attempt leaves them out.
 */
export function watchedOf({ modules, filters }: Plan): readonly string[] {
  return [
    ...modules.map(({ name }) => `module ${name}`),
    ...filters.map(({ name }) => `filter ${name}`)
  ]
}
