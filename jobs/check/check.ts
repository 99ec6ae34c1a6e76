import type { Command } from 'commander'
import type {
  Filter,
  Lookups,
  Models,
  Module,
  Needs,
  StampName
} from '../../engine/contract/index.ts'
import { needed } from '../../engine/enrich/plan.ts'
import type { Plan } from '../../engine/enrich/plan.ts'
import { openResources } from '../../engine/resources/resources.ts'
import { moduleColumns } from '../../engine/table/enriched.ts'
import { ALERT_COLUMNS } from '../../engine/table/schema.ts'
import { typeText } from '../../engine/table/describe.ts'
import type { ColumnDef } from '../../engine/table/schema.ts'
import { leftOutText, pickPlan } from '../common/registries.ts'
import { addSettings, readSettings } from '../settings/settings.ts'
import { amount, count, wrapped } from '../common/terminal.ts'

export function addCheck(program: Command): void {
  const command = program
    .command('check')
    .description('validate the configuration and print the plan, touching nothing')
    .option('--json', 'print the plan as one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  siskin check\n  siskin check --modules quality,solar_system --filters solar_system_known\n  siskin check --config siskin.yaml --json'
    )
  addSettings(command, ['catalogues', 'modules', 'filters'])
  command.action(async (options: { json?: boolean }) => {
    const settings = readSettings(command)
    const { catalogues } = settings
    const { plan, leftOut } = pickPlan(settings)
    const warn = (message: string) => console.error(`siskin: ${message}`)
    const { versions } = await openResources(plan, { catalogues, warn })
    const resources = versions.split(' ').filter((text) => text !== '')
    if (options.json) {
      console.log(JSON.stringify({ ...planJson(plan), resources, leftOut }, null, 1))
      return
    }
    const used = resources.length > 0 ? [`catalogues and models: ${resources.join(', ')}`] : []
    console.log([planText(plan), ...used, ...leftOut.map(leftOutText)].join('\n\n'))
  })
}

/** The plan for machines. */
export function planJson({ modules, filters, blocks }: Plan) {
  return {
    modules: modules.map((module) => ({
      name: module.name,
      version: module.version,
      about: module.about,
      surveys: module.surveys ?? null,
      after: afterOf(module, modules),
      reads: readsOf(module.requires),
      asks: asksOf(module),
      makes: moduleColumns(module).map(({ name, type, list, unit, ucd, doc }) => ({
        name,
        type: typeText(type, list),
        unit,
        ucd,
        doc
      }))
    })),
    filters: filters.map((filter) => ({
      name: filter.name,
      version: filter.version,
      topic: filter.topic,
      about: filter.about,
      surveys: filter.surveys ?? null,
      reads: readsOf(filter.requires),
      asks: asksOf(filter),
      blocks: Object.values(filter.uses).map(({ name }) => name)
    })),
    blocks: blocks.map((block) => ({
      name: block.name,
      about: block.about,
      reads: readsOf(block.requires)
    }))
  }
}

interface Asking {
  readonly lookups?: Lookups
  readonly models?: Models
  readonly stamps?: readonly StampName[]
}

/** `gcvs within 1.5 arcsec: VarType`, `model ia: ./ia.onnx`, `science stamp`. */
function asksOf({ lookups = {}, models = {}, stamps = [] }: Asking): string[] {
  const catalogues = Object.values(lookups).map(({ catalogue, radius, extent, columns }) => {
    const own = Object.values(columns).map(({ column }) => column)
    const covering = extent ? `, by its extent (${extent.semimajor})` : ''
    return `${catalogue} within ${radius} arcsec${covering}${own.length > 0 ? `: ${own.join(', ')}` : ''}`
  })
  return [
    ...catalogues,
    ...Object.entries(models).map(([name, { file }]) => `model ${name}: ${file}`),
    ...stamps.map((name) => `${name} stamp`)
  ]
}

/** The plan for people: what runs, in which order, what each reads and makes. */
export function planText(plan: Plan): string {
  const { modules, filters, blocks, columns } = plan
  const head = `${amount(modules.length, 'module')} in this order, ${amount(filters.length, 'filter')}, ${amount(blocks.length, 'shared block')}; ${amount(columns.length, 'column')} added to the ${count(ALERT_COLUMNS.length)} of the alert table`
  return [
    head,
    ...modules.map((module, i) => moduleText(module, i + 1, modules)),
    ...filters.map(filterText),
    ...blocks.map((block) =>
      [
        `block ${block.name}: ${block.about}`,
        item('reads', readsOf(block.requires).map(withUnit)),
        item(
          'used by',
          filters.filter((filter) => uses(filter, block.name)).map(({ name }) => name)
        )
      ].join('\n')
    )
  ].join('\n\n')
}

function moduleText(module: Module, place: number, all: readonly Module[]): string {
  const after = afterOf(module, all)
  return [
    `${place}. ${module.name} ${module.version}: ${module.about}`,
    ...(module.surveys ? [item('surveys', module.surveys)] : []),
    ...(after.length > 0 ? [item('after', after)] : []),
    item('reads', readsOf(module.requires).map(withUnit)),
    ...(asksOf(module).length > 0 ? [item('asks', asksOf(module))] : []),
    item('makes', brief(module))
  ].join('\n')
}

function filterText(filter: Filter): string {
  const blocks = Object.values(filter.uses).map(({ name }) => name)
  return [
    `filter ${filter.name} ${filter.version} -> topic ${filter.topic}: ${filter.about}`,
    ...(filter.surveys ? [item('surveys', filter.surveys)] : []),
    item('reads', readsOf(filter.requires).map(withUnit)),
    ...(asksOf(filter).length > 0 ? [item('asks', asksOf(filter))] : []),
    item('blocks', blocks.length > 0 ? blocks : ['none'])
  ].join('\n')
}

function uses(filter: Filter, block: string): boolean {
  return Object.values(filter.uses).some(({ name }) => name === block)
}

function afterOf(module: Module, all: readonly Module[]): string[] {
  const names = needed(module)
  return all.filter(({ name }) => names.has(name)).map(({ name }) => name)
}

function readsOf(needs: Needs) {
  return Object.values(needs).map(({ column, kind, unit }) => ({ name: column, kind, unit }))
}

function withUnit({ name, unit }: { name: string; unit: string }): string {
  return unit === '' || unit === 'survey' ? name : `${name} [${unit}]`
}

/** A module's columns; groups that repeat the same columns (one a band) are named together. */
function brief(module: Module): string[] {
  const columns = moduleColumns(module).map((def) => ({
    ...def,
    path: def.name.split('.').slice(1)
  }))
  const single = columns.filter(({ path }) => path.length === 1)
  const grouped = Map.groupBy(
    columns.filter(({ path }) => path.length > 1),
    ({ path }) => path[0]!
  )
  const alike = Map.groupBy(grouped, ([, defs]) => defs.map((def) => inner(def)).join(', '))
  return [
    ...single.map(({ path, unit }) => withUnit({ name: path[0]!, unit })),
    ...[...alike].map(([names, groups]) => `${groups.map(([name]) => name).join('|')}.{ ${names} }`)
  ]
}

function inner({ path, unit }: ColumnDef & { path: readonly string[] }): string {
  return withUnit({ name: path.slice(1).join('.'), unit })
}

function item(title: string, words: readonly string[]): string {
  return wrapped(`   ${title.padEnd(8)}`, words.join(', ') || 'nothing', 100)
}
