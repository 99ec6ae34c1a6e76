import type { Module, Survey } from '../contract/index.ts'
import type { Input } from '../layers/inputs.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { TextColumn } from '../table/columns.ts'
import { injectedIn } from '../table/injected.ts'
import { moduleColumns } from '../table/enriched.ts'
import type { Enriched } from '../table/enriched.ts'
import type { ColumnDef } from '../table/schema.ts'
import { differencesOf, noCounts } from './differences.ts'
import type { ColumnCounts } from './differences.ts'
import type { DiffBook, LargeDifference, Spread } from './diff-book.ts'
import type { Side } from './side.ts'

/** What a topic would have, and which alerts would enter and leave it. */
export interface TopicMoves {
  readonly topic: string
  old: number
  fresh: number
  entering: number
  leaving: number
  /** The first of them. */
  readonly enter: bigint[]
  readonly leave: bigint[]
}

export interface Compared {
  /** Without those that were injected: they count nowhere. */
  readonly alerts: number
  readonly columns: readonly ColumnCounts[]
  /** Columns that only one of them has. */
  readonly onlyOld: readonly string[]
  readonly onlyNew: readonly string[]
  readonly spreads: readonly Spread[]
  /** Rows by `old > new` status, where it is another. */
  readonly statuses: Readonly<Record<string, number>>
  readonly topics: readonly TopicMoves[]
  /** Microseconds an alert; null where nothing ran, and no time is known. */
  readonly microseconds: { readonly old: number | null; readonly fresh: number | null }
  readonly largest: readonly LargeDifference[]
}

const NAMED = 20
const LARGEST = 20

export interface FilePlace {
  readonly survey: Survey
  readonly night: number
  readonly record: PartRecord
  /** Where the new version was stored; null where it ran. */
  readonly stored: Input | null
}

/** Adds up how two versions of a module differ. */
export class Comparison {
  readonly #old: Module
  readonly #fresh: Module
  readonly #book: DiffBook
  readonly #shared: readonly ColumnDef[]
  readonly #counts: readonly ColumnCounts[]
  readonly #statuses: Record<string, number> = {}
  readonly #topics = new Map<string, TopicMoves>()
  readonly #ms = { old: 0, fresh: 0 }
  #alerts = 0
  /** With those that were injected, over which modules ran too. */
  #rows = 0

  constructor(old: Module, fresh: Module, book: DiffBook) {
    const names = new Set(columnsOf(fresh).map(({ name }) => name))
    this.#old = old
    this.#fresh = fresh
    this.#book = book
    this.#shared = columnsOf(old).filter(({ name }) => names.has(name))
    this.#counts = this.#shared.map(noCounts)
  }

  add({ survey, night, record, stored }: FilePlace, old: Side, fresh: Side): void {
    const { table } = old.batch
    const isInjected = injectedIn(table)
    const rows = Array.from({ length: table.rows }, (_, row) => row).filter(
      (row) => !isInjected?.(row)
    )
    const ids = table.fixed('alert_id').values as BigInt64Array
    for (const [i, { name }] of this.#shared.entries()) {
      const [before, after] = [old.batch.column(name), fresh.batch.column(name)]
      if (!before || !after) continue
      for (const difference of differencesOf(before, after, rows, this.#counts[i]!)) {
        const alertId = ids[difference.row]!
        this.#book.add({ survey, night, alertId, column: name }, difference)
      }
    }
    this.#countStatuses(old.batch, fresh.batch, rows)
    this.#countTopics(ids, old, fresh)
    this.#alerts += rows.length
    this.#rows += table.rows
    this.#ms.old += msOf(this.#old, old.batch)
    const made = record.modules[this.#old.name]
    const share = record.alerts > 0 ? table.rows / record.alerts : 0
    this.#ms.fresh += stored ? (stored.ms ?? made?.ms ?? 0) * share : msOf(this.#fresh, fresh.batch)
  }

  #countStatuses(old: Enriched, fresh: Enriched, rows: readonly number[]): void {
    const name = `${this.#old.name}.status`
    const [before, after] = [old.column(name), fresh.column(name)]
    if (!(before instanceof TextColumn) || !(after instanceof TextColumn)) return
    for (const row of rows) {
      const [one, two] = [before.get(row), after.get(row)]
      if (one === two) continue
      const key = `${one ?? 'none'} > ${two ?? 'none'}`
      this.#statuses[key] = (this.#statuses[key] ?? 0) + 1
    }
  }

  #countTopics(ids: BigInt64Array, old: Side, fresh: Side): void {
    for (const { filter, rows } of old.selections) {
      const topic = this.#topics.get(filter.topic) ?? noMoves(filter.topic)
      this.#topics.set(filter.topic, topic)
      const others = fresh.selections.find((one) => one.filter.name === filter.name)?.rows ?? []
      const [before, after] = [new Set(rows), new Set(others)]
      const enter = others.filter((row) => !before.has(row))
      const leave = rows.filter((row) => !after.has(row))
      topic.old += rows.length
      topic.fresh += others.length
      topic.entering += enter.length
      topic.leaving += leave.length
      for (const row of enter) if (topic.enter.length < NAMED) topic.enter.push(ids[row]!)
      for (const row of leave) if (topic.leave.length < NAMED) topic.leave.push(ids[row]!)
    }
  }

  async result(): Promise<Compared> {
    const perAlert = (ms: number) => (this.#rows > 0 ? (ms * 1000) / this.#rows : null)
    const only = (one: Module, other: Module) => {
      const names = new Set(columnsOf(other).map(({ name }) => name))
      return columnsOf(one).flatMap(({ name }) => (names.has(name) ? [] : [name]))
    }
    return {
      alerts: this.#alerts,
      columns: this.#counts,
      onlyOld: only(this.#old, this.#fresh),
      onlyNew: only(this.#fresh, this.#old),
      spreads: await this.#book.spreads(),
      statuses: this.#statuses,
      topics: [...this.#topics.values()],
      microseconds: { old: perAlert(this.#ms.old), fresh: perAlert(this.#ms.fresh) },
      largest: await this.#book.largest(LARGEST)
    }
  }
}

function columnsOf(module: Module): ColumnDef[] {
  return moduleColumns(module).filter(({ name }) => name !== `${module.name}.status`)
}

function msOf({ name }: Module, { runs }: Enriched): number {
  return runs.reduce((sum, { module, ms }) => (module.name === name ? sum + ms : sum), 0)
}

function noMoves(topic: string): TopicMoves {
  return { topic, old: 0, fresh: 0, entering: 0, leaving: 0, enter: [], leave: [] }
}
