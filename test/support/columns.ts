import type {
  Answers,
  Blocks,
  Columns,
  Filter,
  Lookups,
  Module,
  Need,
  Needs,
  Outputs,
  Predicate,
  Readers,
  Stamp,
  StampName,
  Stamps,
  Survey
} from '#contract'

/** Plain values by column name, one per alert. A column that is not given is null in every row. */
export type PlainColumns = Readonly<Record<string, readonly unknown[]>>

/** The readers a module or filter receives, made from plain arrays. Null inside a number list reads NaN. */
export function readersFrom<N extends Needs>(needs: N, columns: PlainColumns): Readers<N> {
  const readers = Object.entries(needs).map(([key, need]) => [key, reader(need, columns)])
  return Object.fromEntries(readers) as Readers<N>
}

/** What catalogues answer, from columns `<lookup>.status`, `<lookup>.separation` and `<lookup>.<name>`; not given: unavailable. */
export function answersFrom(lookups: Lookups = {}, columns: PlainColumns): Answers<Lookups> {
  const answers = Object.entries(lookups).map(([name, lookup]) => {
    const at = (key: string) => columns[`${name}.${key}`] ?? []
    const own = Object.keys(lookup.columns).map((key) => [
      key,
      { at: (row: number) => at(key)[row] ?? null }
    ])
    const status = { at: (row: number) => at('status')[row] ?? 'unavailable' }
    const separation = { at: (row: number) => at('separation')[row] ?? null }
    return [name, { ...Object.fromEntries(own), status, separation }]
  })
  return Object.fromEntries(answers) as Answers<Lookups>
}

/** Stamps from columns `stamps.<name>`: a list of images. */
function stampsFrom(columns: PlainColumns): Stamps {
  const at = (name: StampName) => ({
    at: (row: number) => (columns[`stamps.${name}`]?.[row] ?? null) as Stamp | null
  })
  return { science: at('science'), template: at('template'), difference: at('difference') }
}

/** Runs a module over plain arrays, as the engine would. */
export async function runModule<N extends Needs, P extends Outputs>(
  module: Module<N, P>,
  survey: Survey,
  columns: PlainColumns
): Promise<Columns<P> & { status?: ArrayLike<string> }> {
  return await module.run({
    rows: rowsOf(columns),
    survey,
    columns: readersFrom(module.requires, columns),
    lookups: answersFrom(module.lookups, columns),
    models: {},
    stamps: stampsFrom(columns),
    signal: new AbortController().signal
  })
}

/** The rows a filter keeps, over plain arrays; its blocks are really evaluated. */
export function keptRows<N extends Needs, B extends Blocks>(
  filter: Filter<N, B>,
  survey: Survey,
  columns: PlainColumns
): number[] {
  const rows = rowsOf(columns)
  const blocks = Object.entries(filter.uses).map(([key, block]) => [
    key,
    block.test({ rows, survey, columns: readersFrom(block.requires, columns) })
  ])
  const keep = filter.keep({
    rows,
    survey,
    columns: readersFrom(filter.requires, columns),
    lookups: answersFrom(filter.lookups, columns),
    blocks: Object.fromEntries(blocks) as { [K in keyof B]: Predicate }
  })
  return Array.from({ length: rows }, (_, row) => row).filter((row) => keep(row))
}

function rowsOf(columns: PlainColumns): number {
  const lengths = new Set(Object.values(columns).map((values) => values.length))
  if (lengths.size !== 1) {
    throw new Error(`test columns must have one length, got ${[...lengths].join(', ')}`)
  }
  return [...lengths][0] ?? 0
}

function reader(need: Need<unknown>, columns: PlainColumns): { at(row: number): unknown } {
  const values = columns[need.column] ?? []
  const list = (row: number): readonly unknown[] => (values[row] as unknown[] | null) ?? []
  switch (need.kind) {
    case 'numbers':
      return {
        at: (row) => Float64Array.from(list(row), (value) => (value as number) ?? Number.NaN)
      }
    case 'flags':
      return { at: (row) => Uint8Array.from(list(row), (value) => (value ? 1 : 0)) }
    case 'ids':
      return { at: (row) => BigInt64Array.from(list(row), (value) => (value as bigint) ?? 0n) }
    case 'texts':
      return { at: list }
    default:
      return { at: (row) => values[row] ?? null }
  }
}
