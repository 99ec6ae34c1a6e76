import type { Answers, Lookups } from '../contract/index.ts'

/** What catalogues answered for the alerts of a table. */
export interface Answered {
  /** For the rows from `base` on, by the names of who asked. */
  for(lookups: Lookups | undefined, base?: number): Answers<Lookups>
}

const NOTHING = { at: () => null }
const UNAVAILABLE = { at: () => 'unavailable' as const }

/** Nobody was asked. */
export const NO_ANSWERS: Answered = {
  for: (lookups = {}) =>
    Object.fromEntries(
      Object.entries(lookups).map(([name, { columns }]) => {
        const own = Object.keys(columns).map((key) => [key, NOTHING] as const)
        return [name, { ...Object.fromEntries(own), status: UNAVAILABLE, separation: NOTHING }]
      })
    ) as Answers<Lookups>
}
