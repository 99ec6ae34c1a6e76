import type { Asked, Matches, Positions, Reach, Wanted } from '../catalogues/asked.ts'
import type { Answers, Lookup, Lookups } from '../contract/index.ts'
import { NO_ANSWERS } from '../table/answers.ts'
import type { Answered } from '../table/answers.ts'
import type { FixedColumn } from '../table/columns.ts'
import type { AlertTable } from '../table/table.ts'

/** What is asked together: of one catalogue within one reach, whoever wants it. */
export interface Question extends Reach {
  readonly catalogue: string
  readonly wanted: Wanted
}

export function questionsOf(lookups: readonly Lookup[]): Question[] {
  const questions = Map.groupBy(lookups, keyOf)
  return [...questions.values()].map((same) => ({
    catalogue: same[0]!.catalogue,
    radius: same[0]!.radius,
    extent: same[0]!.extent,
    wanted: new Map(
      same.flatMap(({ columns }) =>
        Object.values(columns).map(({ column, kind }) => [column, kind] as const)
      )
    )
  }))
}

function keyOf({ catalogue, radius, extent }: Reach & { readonly catalogue: string }): string {
  return JSON.stringify([catalogue, radius, extent])
}

export interface Catalogues {
  readonly catalogues: ReadonlyMap<string, Asked>
  /** Hears of one that fails: what asks it gets `unavailable`. */
  readonly onFault: (catalogue: string, error: unknown) => void
}

/** Asks each catalogue once a radius, for all rows and all who want to know. */
export async function ask(
  table: AlertTable,
  questions: readonly Question[],
  { catalogues, onFault }: Catalogues
): Promise<Answered> {
  const positions = positionsOf(table)
  const known = new Map<string, Matches>()
  for (const question of questions) {
    const asked = catalogues.get(question.catalogue)
    if (!asked) continue
    try {
      known.set(keyOf(question), await asked.nearest(positions, question, question.wanted))
    } catch (error) {
      onFault(asked.name, error) // no alert waits for what is known of it
    }
  }
  return {
    for(lookups = {}, base = 0) {
      const answers = Object.entries(lookups).map(([name, lookup]) => {
        const matches = known.get(keyOf(lookup))
        if (!matches) return [name, NO_ANSWERS.for({ [name]: lookup })[name]] as const
        return [name, answersOf(lookup, matches, base)] as const
      })
      return Object.fromEntries(answers) as Answers<Lookups>
    }
  }
}

function positionsOf(table: AlertTable): Positions {
  const numbers = ({ valid, values }: FixedColumn) =>
    Float64Array.from({ length: table.rows }, (_, row) =>
      valid[row] === 1 ? Number(values[row]) : Number.NaN
    )
  return { ra: numbers(table.fixed('ra')), dec: numbers(table.fixed('dec')) }
}

function answersOf({ columns }: Lookup, matches: Matches, base: number): object {
  const own = Object.entries(columns).map(([key, { column }]) => {
    return [key, { at: (row: number) => matches.value(column, base + row) }] as const
  })
  return {
    ...Object.fromEntries(own),
    status: { at: (row: number) => matches.status(base + row) },
    separation: { at: (row: number) => matches.separation(base + row) }
  }
}
