import type { Answers, Lookup, Lookups, LookupStatus } from '../contract/index.ts'
import { NO_ANSWERS } from '../table/answers.ts'
import type { Answered } from '../table/answers.ts'
import type { FixedColumn } from '../table/columns.ts'
import type { AlertTable } from '../table/table.ts'
import type { Catalogue } from './catalogue.ts'

/** What one catalogue says of each row. */
interface Found {
  /** Which object; -1 for none. */
  readonly at: Int32Array
  readonly separation: Float64Array
}

/** Asks each catalogue once a radius, for all rows, when the first wants to know. */
export function ask(table: AlertTable, catalogues: ReadonlyMap<string, Catalogue>): Answered {
  const known = new Map<string, Found>()
  const found = (catalogue: Catalogue, radius: number): Found => {
    const key = `${catalogue.name} ${radius}`
    const before = known.get(key) ?? match(table, catalogue, radius)
    known.set(key, before)
    return before
  }
  return {
    for(lookups = {}, base = 0) {
      const answers = Object.entries(lookups).map(([name, lookup]) => {
        const catalogue = catalogues.get(lookup.catalogue)
        if (!catalogue) return [name, NO_ANSWERS.for({ [name]: lookup })[name]] as const
        return [name, answersOf(lookup, catalogue, found(catalogue, lookup.radius), base)] as const
      })
      return Object.fromEntries(answers) as Answers<Lookups>
    }
  }
}

function match(table: AlertTable, { index }: Catalogue, radius: number): Found {
  const ra = table.fixed('ra')
  const dec = table.fixed('dec')
  const at = new Int32Array(table.rows)
  const separation = new Float64Array(table.rows)
  for (let row = 0; row < table.rows; row++) {
    const nearest = index.nearest(valueOf(ra, row), valueOf(dec, row), radius)
    at[row] = nearest.at
    separation[row] = nearest.separation
  }
  return { at, separation }
}

function valueOf({ valid, values }: FixedColumn, row: number): number {
  return valid[row] === 1 ? Number(values[row]) : Number.NaN
}

function answersOf(
  { columns }: Lookup,
  catalogue: Catalogue,
  { at, separation }: Found,
  base: number
): object {
  const own = Object.entries(columns).map(([key, { column }]) => {
    const values = catalogue.columns.get(column) ?? []
    return [key, { at: (row: number) => values[at[base + row]!] ?? null }] as const
  })
  const isFound = (row: number) => at[base + row]! >= 0
  return {
    ...Object.fromEntries(own),
    status: { at: (row: number): LookupStatus => (isFound(row) ? 'found' : 'none') },
    separation: { at: (row: number) => (isFound(row) ? separation[base + row]! : null) }
  }
}
