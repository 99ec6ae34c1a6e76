import type { Need, Needs, Readers } from '../contract/index.ts'
import { ListColumn, TextColumn } from './columns.ts'
import type { Column, ScalarColumn } from './columns.ts'
import type { Enriched } from './enriched.ts'

interface Reader {
  at(row: number): unknown
}

const NO_NUMBERS = new Float64Array(0)
const NO_IDS = new BigInt64Array(0)
const NO_FLAGS = new Uint8Array(0)
const NO_TEXTS: readonly (string | null)[] = []

/**
 * Hands out readers of a batch's columns. A column of the other survey reads as null. Lists of
 * strings are made once per batch, however many modules read them.
 */
export class ReaderSet {
  readonly #batch: Enriched
  readonly #readers = new Map<string, Reader>()

  constructor(batch: Enriched) {
    this.#batch = batch
  }

  /** Readers for the rows from `base` on: row 0 is the batch's row `base`. */
  for<N extends Needs>(needs: N, base = 0): Readers<N> {
    const readers: Record<string, Reader> = {}
    for (const [name, need] of Object.entries(needs)) {
      const whole = this.#reader(need)
      readers[name] = base === 0 ? whole : { at: (row) => whole.at(row + base) }
    }
    return readers as Readers<N>
  }

  #reader(need: Need<unknown>): Reader {
    const key = `${need.kind} ${need.column}`
    let reader = this.#readers.get(key)
    if (!reader) {
      reader = this.#make(need)
      this.#readers.set(key, reader)
    }
    return reader
  }

  #make(need: Need<unknown>): Reader {
    const column = this.#batch.column(need.column)
    if (!column) return { at: () => NOTHING[need.kind] }
    if (need.column.startsWith('history_')) return this.#list(column, 'history')
    if (need.column.startsWith('forced_')) return this.#list(column, 'forced')
    return column instanceof ListColumn ? listed(column) : scalar(need, column)
  }

  #list(column: Column, group: 'history' | 'forced'): Reader {
    const { offsets } = this.#batch.table[group]
    if (column instanceof ListColumn) return listed(column)
    return lists(
      column,
      (row) => offsets[row]!,
      (row) => offsets[row + 1]!
    )
  }
}

const NOTHING: Record<Need<unknown>['kind'], unknown> = {
  number: null,
  text: null,
  flag: null,
  id: null,
  numbers: NO_NUMBERS,
  texts: NO_TEXTS,
  flags: NO_FLAGS,
  ids: NO_IDS
}

function scalar(need: Need<unknown>, column: ScalarColumn): Reader {
  if (column instanceof TextColumn) return { at: (row) => column.get(row) }
  const { valid, values } = column
  if (need.kind === 'flag') return { at: (row) => (valid[row] === 0 ? null : values[row] === 1) }
  return { at: (row) => (valid[row] === 0 ? null : values[row]!) }
}

/** What a module returned: a list that is null reads as empty. */
function listed({ items, valid, starts, ends }: ListColumn): Reader {
  const from = (row: number) => (valid[row] === 0 ? 0 : starts[row]!)
  return lists(items, from, (row) => (valid[row] === 0 ? 0 : ends[row]!))
}

type Bound = (row: number) => number

function lists(items: ScalarColumn, from: Bound, to: Bound): Reader {
  if (items instanceof TextColumn) return texts(items, from, to)
  const { values } = items
  return { at: (row) => values.subarray(from(row), to(row)) }
}

function texts(column: TextColumn, from: Bound, to: Bound): Reader {
  const made = new Map<number, readonly (string | null)[]>()
  return {
    at(row) {
      let list = made.get(row)
      if (!list) {
        const start = from(row)
        list = Array.from({ length: to(row) - start }, (_, i) => column.get(start + i))
        made.set(row, list)
      }
      return list
    }
  }
}
