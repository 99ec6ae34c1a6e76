import { shown } from '../../engine/inspect/record.ts'
import type { AlertRecord } from '../../engine/inspect/record.ts'
import { descriptionOf } from './columns.ts'
import { table } from '../common/terminal.ts'

type Struct = Readonly<Record<string, unknown>>

/** What a module (`name@version`) says of an alert: a line a column, groups of equal names as a table. */
export function moduleText(module: string, alert: AlertRecord): string {
  const [name = '', version = ''] = module.split('@')
  const own = alert[name]
  if (!isStruct(own)) return `${name} ${version}: no columns`
  const { status, ...columns } = own
  const groups = Object.entries(columns).filter((entry): entry is [string, Struct] =>
    isStruct(entry[1])
  )
  const spoken = groups.filter(([, group]) => Object.values(group).some(says))
  const single = Object.entries(columns).filter(([, value]) => !isStruct(value))
  const rows = single.map(([key, value]) => row(key, value, `${name}.${key}`))
  const lines = [`${name} ${version}  ${shown(status)}`]
  if (rows.length > 0) lines.push(table(rows))
  if (haveSameNames(groups)) lines.push(...matrix(name, spoken))
  else for (const [key, group] of spoken) lines.push(groupText(name, key, group))
  return lines.join('\n')
}

function isStruct(value: unknown): value is Struct {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function says(value: unknown): boolean {
  return value !== null && value !== undefined
}

function withUnit(value: unknown, column: string): string {
  return says(value) ? `${valueText(value)} ${descriptionOf(column).unit}`.trimEnd() : '-'
}

function valueText(value: unknown): string {
  if (!says(value)) return '-'
  if (typeof value !== 'number') return shown(value)
  const large = Math.abs(value) >= 10_000
  return String(Number(value.toPrecision(large ? 10 : 6)))
}

function haveSameNames(groups: readonly (readonly [string, Struct])[]): boolean {
  const names = new Set(groups.map(([, group]) => Object.keys(group).join()))
  return groups.length > 1 && names.size === 1
}

/** Groups as columns, their common names as rows. */
function matrix(name: string, groups: readonly (readonly [string, Struct])[]): string[] {
  const [first] = groups
  if (!first) return []
  const rows = Object.keys(first[1]).map((key) => [
    key,
    ...groups.map(([, group]) => valueText(group[key])),
    ...inBand(`${name}.${first[0]}.${key}`, first[0])
  ])
  return [table([['', ...groups.map(([key]) => key)], ...rows])]
}

/** Unit and description of what every band has. */
function inBand(column: string, band: string): string[] {
  const { unit, doc } = descriptionOf(column)
  return [unit, doc.replaceAll(new RegExp(`\\bin ${band}\\b`, 'g'), 'in the band')]
}

function row(key: string, value: unknown, column: string): string[] {
  return [key, withUnit(value, column), descriptionOf(column).doc]
}

function groupText(name: string, key: string, group: Struct): string {
  return table(
    Object.entries(group).map(([inner, value]) =>
      row(`${key}.${inner}`, value, `${name}.${key}.${inner}`)
    )
  )
}
