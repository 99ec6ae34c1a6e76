import { FixedColumn, grown, ListGroup, makeColumn, TextColumn } from './columns.ts'
import type { ScalarColumn } from './columns.ts'
import { ALERT_COLUMNS } from './schema.ts'
import type { Survey } from '../contract/index.ts'

/** Where the three stamps of an alert lie in the bytes it was decoded from; length 0: not sent. */
export interface StampRanges {
  start: Float64Array
  length: Float64Array
}

export const STAMPS = ['science', 'template', 'difference'] as const

/**
 * The alerts of one micro-batch and one survey, column by column. Only the survey's own columns
 * exist in memory; the other survey's are written as null.
 */
export class AlertTable {
  readonly survey: Survey
  capacity: number
  rows = 0
  readonly columns: Map<string, ScalarColumn>
  readonly history: ListGroup
  readonly forced: ListGroup
  readonly stamps: Record<(typeof STAMPS)[number], StampRanges>
  /** Row-wise presence of nullable structs (`lsst.ssSource`), 1 present. */
  readonly present = new Map<string, Uint8Array>()

  /** @param columns those that there are to be, where not all */
  constructor(survey: Survey, capacity: number, columns = emptyColumns(survey, capacity)) {
    this.survey = survey
    this.capacity = capacity
    this.columns = columns
    this.history = this.#listGroup('history')
    this.forced = this.#listGroup('forced')
    const ranges = () => ({ start: new Float64Array(capacity), length: new Float64Array(capacity) })
    this.stamps = { science: ranges(), template: ranges(), difference: ranges() }
  }

  #listGroup(list: 'history' | 'forced'): ListGroup {
    const members = ALERT_COLUMNS.filter((def) => def.list === list)
    const columns = members.flatMap(({ name }) => this.columns.get(name) ?? [])
    return new ListGroup(columns, this.capacity)
  }

  /** Makes room for more rows, up to `most`. What is bound to the arrays of columns is to be bound anew. */
  grow(most: number): void {
    const capacity = Math.min(most, this.capacity * 2)
    const listed = new Set([...this.history.columns, ...this.forced.columns])
    for (const column of this.columns.values()) if (!listed.has(column)) column.ensure(capacity)
    this.history.ensureRows(capacity)
    this.forced.ensureRows(capacity)
    for (const ranges of Object.values(this.stamps)) {
      ranges.start = grown(ranges.start, new Float64Array(capacity))
      ranges.length = grown(ranges.length, new Float64Array(capacity))
    }
    for (const [name, rows] of this.present) {
      this.present.set(name, grown(rows, new Uint8Array(capacity)))
    }
    this.capacity = capacity
  }

  column(name: string): ScalarColumn {
    const column = this.columns.get(name)
    if (!column) throw new Error(`alert table has no column "${name}" for ${this.survey}`)
    return column
  }

  fixed(name: string): FixedColumn {
    const column = this.column(name)
    if (column instanceof TextColumn) throw new Error(`column "${name}" holds text`)
    return column
  }

  text(name: string): TextColumn {
    const column = this.column(name)
    if (column instanceof FixedColumn) throw new Error(`column "${name}" holds numbers`)
    return column
  }
}

function emptyColumns(survey: Survey, capacity: number): Map<string, ScalarColumn> {
  const other = survey === 'ztf' ? 'lsst.' : 'ztf.'
  const own = ALERT_COLUMNS.filter(({ name }) => !name.startsWith(other))
  return new Map(own.map(({ name, type }) => [name, makeColumn(type, capacity)]))
}
