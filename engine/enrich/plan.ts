import type { Block, Filter, Module, Need, Needs } from '../contract/index.ts'
import { UsageError } from '../errors.ts'
import { moduleColumns } from '../table/enriched.ts'
import { ALERT_COLUMNS } from '../table/schema.ts'
import type { ColumnDef } from '../table/schema.ts'

/** What will run, in order, and what the table will hold: printed by `siskin check`. */
export interface Plan {
  readonly modules: readonly Module[]
  readonly filters: readonly Filter[]
  readonly blocks: readonly Block[]
  /** Columns that the modules add. */
  readonly columns: readonly ColumnDef[]
}

const KINDS: Record<Need<unknown>['kind'], readonly ColumnDef['type'][]> = {
  number: ['float64', 'float32', 'int32'],
  text: ['utf8'],
  flag: ['bool'],
  id: ['int64'],
  numbers: ['float64', 'float32', 'int32'],
  texts: ['utf8'],
  flags: ['bool'],
  ids: ['int64']
}

/** Names at the top of the alert table: a module's struct cannot have one of them. */
const TAKEN = ALERT_COLUMNS.map(({ name }) => name.split('.')[0]!)

/**
 * Orders modules so that each comes after those it reads from, the given order otherwise kept, and
 * checks every need of modules, blocks and filters: column, kind, unit. Nothing is left for the night.
 * @throws UsageError naming the module, the column and what to do.
 */
export function makePlan(modules: readonly Module[], filters: readonly Filter[]): Plan {
  refuseClashes('module', modules)
  refuseClashes('filter', filters)
  refuseClashes(
    'topic',
    filters.map(({ topic }) => ({ name: topic }))
  )
  const added = modules.flatMap(moduleColumns)
  const known = new Map([...ALERT_COLUMNS, ...added].map((def) => [def.name, def]))
  for (const module of modules) checkNeeds(`module ${module.name}`, module.requires, known)
  const blocks = [...new Set(filters.flatMap((filter) => Object.values(filter.uses)))]
  refuseClashes('block', blocks)
  for (const block of blocks) checkNeeds(`block ${block.name}`, block.requires, known)
  for (const filter of filters) checkNeeds(`filter ${filter.name}`, filter.requires, known)
  const ordered = order(modules)
  return { modules: ordered, filters, blocks, columns: ordered.flatMap(moduleColumns) }
}

function refuseClashes(kind: string, things: readonly { name: string }[]): void {
  const seen = new Set<string>(kind === 'module' ? TAKEN : [])
  for (const { name } of things) {
    if (seen.has(name)) {
      const way = kind === 'module' ? ' (another version of it: beside(module))' : ''
      throw new UsageError(`two of the name "${name}": rename one ${kind}${way}`)
    }
    seen.add(name)
  }
}

function checkNeeds(who: string, needs: Needs, known: ReadonlyMap<string, ColumnDef>): void {
  for (const need of Object.values(needs)) {
    const def = known.get(need.column)
    if (!def) {
      const near = nearest(need.column, known.keys()).join(', ')
      throw new UsageError(
        `${who} needs column "${need.column}", which nothing makes; near: ${near}`
      )
    }
    const isList = def.list !== undefined
    if (!KINDS[need.kind].includes(def.type) || isList !== need.kind.endsWith('s')) {
      const has = isList ? `a list of ${def.type}` : def.type
      throw new UsageError(`${who} reads "${need.column}" as ${need.kind}, but it is ${has}`)
    }
    const isAsSent = need.unit === 'survey' && /^(ztf|lsst)\./.test(need.column)
    if (need.unit !== def.unit && !isAsSent) {
      throw new UsageError(
        `${who} reads "${need.column}" in "${need.unit}", but its unit is "${def.unit}"`
      )
    }
  }
}

function order(modules: readonly Module[]): Module[] {
  const byName = new Map(modules.map((module) => [module.name, module]))
  const ordered: Module[] = []
  const visit = (module: Module, path: readonly string[]) => {
    if (ordered.includes(module)) return
    if (path.includes(module.name)) {
      const cycle = [...path.slice(path.indexOf(module.name)), module.name].join(' -> ')
      throw new UsageError(`modules need each other in a circle: ${cycle}`)
    }
    for (const name of needed(module)) {
      const other = byName.get(name)
      if (other && other !== module) visit(other, [...path, module.name])
      if (other === module) throw new UsageError(`module ${name} needs its own output`)
    }
    ordered.push(module)
  }
  for (const module of modules) visit(module, [])
  return ordered
}

/** Names of what a module reads from: the part of each column before the first dot. */
export function needed(module: { requires: Needs }): Set<string> {
  return new Set(Object.values(module.requires).map((need) => need.column.split('.')[0]!))
}

function nearest(name: string, known: Iterable<string>): string[] {
  return [...known]
    .map((other) => ({ other, distance: editDistance(name, other) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 4)
    .map(({ other }) => other)
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
