import type { Block, Blocks, Filter, Predicate } from '../contract/index.ts'
import { messageOf } from '../errors.ts'
import { placeOf } from '../place-of.ts'
import type { Enriched } from '../table/enriched.ts'
import { pure } from '../pure.ts'
import { injectedIn } from '../table/injected.ts'
import { ReaderSet } from '../table/readers.ts'

/** What one filter kept of one batch. */
export interface Selection {
  readonly filter: Filter
  /** Rows of the batch, ascending; without those that were injected, unless they are asked for. */
  readonly rows: number[]
  /** The injected rows that it kept. */
  readonly injected: readonly number[]
  /** Rows over which the filter broke: not selected. */
  readonly failed: number
}

export type Warn = (message: string) => void

export interface SelectOptions {
  /** Filters that hung over these alerts before: they select nothing. */
  readonly stopped: Pick<ReadonlySet<string>, 'has'>
  /** Told which filter runs now, and over how many rows; -1 when all have run. */
  readonly onStart: (index: number, rows: number) => void
  /** Topics get injected alerts too. */
  readonly withInjected?: boolean
}

const UNWATCHED: SelectOptions = { stopped: new Set(), onStart: () => {} }

/**
 * Runs all filters over a batch in one pass: columns are read once, a shared block is computed at
 * most once. A filter that breaks selects nothing where it broke; the others go on.
 */
export function select(
  filters: readonly Filter[],
  batch: Enriched,
  warn: Warn,
  { stopped, onStart, withInjected = false }: SelectOptions = UNWATCHED
): Selection[] {
  const readers = new ReaderSet(batch)
  const blocks = new BlockCache(batch, readers)
  const { rows, survey } = batch.table
  const isInjected = injectedIn(batch.table)
  const selections: Selection[] = []
  for (const [index, filter] of filters.entries()) {
    if (filter.surveys && !filter.surveys.includes(survey)) continue
    if (stopped.has(filter.name)) {
      selections.push({ filter, rows: [], injected: [], failed: rows })
      continue
    }
    onStart(index, rows)
    const chosen = pure(() => selectOne(filter, batch, readers, blocks, warn))
    selections.push(isInjected ? apart(chosen, isInjected, withInjected) : chosen)
  }
  onStart(-1, 0)
  return selections
}

function apart(
  chosen: Selection,
  isInjected: (row: number) => boolean,
  withInjected: boolean
): Selection {
  const injected = chosen.rows.filter(isInjected)
  const rows = withInjected ? chosen.rows : chosen.rows.filter((row) => !isInjected(row))
  return { ...chosen, rows, injected }
}

function selectOne(
  filter: Filter,
  batch: Enriched,
  readers: ReaderSet,
  blocks: BlockCache,
  warn: Warn
): Selection {
  const { rows, survey } = batch.table
  const kept: number[] = []
  let failed = 0
  const fail = (error: unknown, count: number) => {
    if (failed === 0)
      warn(`filter ${filter.name} (${filter.owner}): ${messageOf(error)}${placeOf(error)}`)
    failed += count
  }
  let keep: Predicate
  try {
    const columns = readers.for(filter.requires)
    const lookups = batch.answers.for(filter.lookups)
    keep = filter.keep({ rows, survey, columns, lookups, blocks: blocks.of(filter.uses) })
  } catch (error) {
    fail(error, rows)
    return { filter, rows: kept, injected: [], failed }
  }
  for (let row = 0; row < rows; row++) {
    try {
      if (keep(row)) kept.push(row)
    } catch (error) {
      fail(error, 1)
    }
  }
  return { filter, rows: kept, injected: [], failed }
}

/** Blocks by row, each computed when the first filter asks for it. */
class BlockCache {
  readonly #batch: Enriched
  readonly #readers: ReaderSet
  readonly #made = new Map<Block, Predicate>()

  constructor(batch: Enriched, readers: ReaderSet) {
    this.#batch = batch
    this.#readers = readers
  }

  of<B extends Blocks>(uses: B): { [K in keyof B]: Predicate } {
    const predicates: Record<string, Predicate> = {}
    for (const [name, block] of Object.entries(uses)) predicates[name] = this.#predicate(block)
    return predicates as { [K in keyof B]: Predicate }
  }

  #predicate(block: Block): Predicate {
    let predicate = this.#made.get(block)
    if (!predicate) {
      const { rows, survey } = this.#batch.table
      const test = block.test({ rows, survey, columns: this.#readers.for(block.requires) })
      const verdicts = new Uint8Array(rows) // 0 not asked yet, 1 no, 2 yes
      predicate = (row) => {
        if (verdicts[row] === 0) verdicts[row] = test(row) ? 2 : 1
        return verdicts[row] === 2
      }
      this.#made.set(block, predicate)
    }
    return predicate
  }
}
