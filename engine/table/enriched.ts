import type { Module, Outputs } from '../contract/index.ts'
import { NO_ANSWERS } from './answers.ts'
import type { Answered } from './answers.ts'
import { columnFor } from './columns.ts'
import type { Column } from './columns.ts'
import { NO_IMAGES } from './images.ts'
import type { Images } from './images.ts'
import type { ColumnDef } from './schema.ts'
import type { AlertTable } from './table.ts'

/** The columns a module adds, under its name, `status` first. */
export function moduleColumns(module: Module): ColumnDef[] {
  const status: ColumnDef = {
    name: `${module.name}.status`,
    type: 'utf8',
    unit: '',
    ucd: 'meta.code.status',
    doc: 'Why the row has its values, or has none.'
  }
  return [status, ...outputColumns(module.name, module.produces)]
}

function outputColumns(prefix: string, outputs: Outputs): ColumnDef[] {
  return Object.entries(outputs).flatMap(([name, output]) => {
    const path = `${prefix}.${name}`
    if (output.type === 'group') return outputColumns(path, output.outputs)
    const { type, unit, doc, ucd = '', isList = false } = output
    const list = isList ? ({ list: 'own' } as const) : {}
    return [{ name: path, type, unit, ucd, doc, ...list }]
  })
}

/** What one module did with one batch. */
export interface ModuleRun {
  readonly module: Module
  readonly ms: number
  /** Rows by status. */
  readonly statuses: Record<string, number>
}

/** An alert table with the columns of the modules that ran over it. */
export class Enriched {
  readonly table: AlertTable
  /** Of the catalogues that modules and filters ask. */
  readonly answers: Answered
  readonly images: Images
  readonly defs: ColumnDef[] = []
  readonly columns = new Map<string, Column>()
  readonly runs: ModuleRun[] = []

  constructor(table: AlertTable, answers: Answered = NO_ANSWERS, images: Images = NO_IMAGES) {
    this.table = table
    this.answers = answers
    this.images = images
  }

  add(module: Module): void {
    for (const def of moduleColumns(module)) {
      this.defs.push(def)
      this.columns.set(def.name, columnFor(def, this.table.rows))
    }
  }

  column(name: string): Column | undefined {
    return this.table.columns.get(name) ?? this.columns.get(name)
  }
}
