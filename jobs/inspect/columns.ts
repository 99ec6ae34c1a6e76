import { describer } from '../../engine/table/describe.ts'
import type { Description } from '../../engine/table/describe.ts'
import { moduleColumns } from '../../engine/table/enriched.ts'
import { QUARANTINE_COLUMNS } from '../../engine/table/quarantine-columns.ts'
import { modules } from '../../science-modules/registry.ts'
import { table } from '../common/terminal.ts'

const describe = describer(modules.flatMap(moduleColumns))
const inQuarantine = new Map<string, Description>(
  QUARANTINE_COLUMNS.map((column) => [column.name, column])
)

/** What is known of a column by its name; nothing where it is none of ours. */
export function descriptionOf(name: string): Description {
  return describe(name) ?? inQuarantine.get(name) ?? { unit: '', ucd: '', doc: '' }
}

/** Columns of a file with unit, UCD and description. */
export function describedColumns(names: readonly string[]) {
  return names.map((name) => {
    const { unit, ucd, doc } = descriptionOf(name)
    return { name, unit, ucd, description: doc }
  })
}

/** The same for people: every column, or those outside of structs. */
export function columnsText(names: readonly string[], all: boolean): string {
  const shown = describedColumns(names.filter((name) => all || !name.includes('.')))
  const rows = shown.map(({ name, unit, ucd, description }) =>
    all ? [name, unit, ucd, description] : [name, unit, description]
  )
  const head = all ? ['column', 'unit', 'UCD', 'says'] : ['column', 'unit', 'says']
  return table([head, ...rows])
}
