import type { Filter, Module } from '../contract/index.ts'
import type { Plan } from '../enrich/plan.ts'
import { SiskinError } from '../errors.ts'
import { layerText, parseLayer } from '../lake/layer-name.ts'
import type { LayerName } from '../lake/layer-name.ts'
import type { PartSpan } from './messages.ts'
import { layerOfFilter, layerOfModule } from './work.ts'
import type { LayerWork } from './work.ts'

/** What is to be made of one part, wherever: one JSON line of a plan. */
export interface Task extends PartSpan {
  /** As any machine finds it. */
  readonly lake: string
  /** By the text of a layer (`layers/rate@1.1.0`): the number that the plan has among those who made it. */
  readonly layers: Readonly<Record<string, number>>
  readonly asOf: string | null
}

/** What became of a task: one JSON line. */
export interface TaskAnswer extends Pick<PartSpan, 'source' | 'first' | 'last'> {
  /** `there`: all of it was made before. */
  readonly status: 'made' | 'there' | 'failed'
  readonly alerts: number
  /** Rows by status, of the modules that ran. */
  readonly modules: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** Alerts that were selected, by topic. */
  readonly topics: Readonly<Record<string, number>>
  /** Of one that failed. */
  readonly reason?: string
}

/** @throws SiskinError for a line that is no task */
export function parseTask(line: string): Task {
  const no = () => new SiskinError(`no task of a plan: ${line.slice(0, 120)}`)
  let task: Partial<Task> | null
  try {
    task = JSON.parse(line) as Partial<Task> | null
  } catch {
    throw no()
  }
  const isWhole =
    typeof task?.lake === 'string' &&
    typeof task.source === 'string' &&
    [task.first, task.last, task.alerts].every(Number.isSafeInteger) &&
    Object.values(task.layers ?? {}).every(Number.isSafeInteger)
  if (!isWhole || Object.keys(task?.layers ?? {}).length === 0) throw no()
  return { asOf: null, ...task } as Task
}

/** Tasks of one work can be done by the same members. */
export function workKey({ lake, layers, asOf }: Task): string {
  return JSON.stringify([lake, layers, asOf])
}

/**
 * The modules and filters that a task names by version.
 * @throws SiskinError where this Siskin has another version of one, or none
 */
export function workOfTask({ layers, asOf }: Task, plan: Plan): LayerWork {
  const texts = Object.keys(layers)
  const modules = plan.modules.filter((one) => texts.includes(layerText(layerOfModule(one, asOf))))
  const filters = plan.filters.filter((one) => texts.includes(layerText(layerOfFilter(one, asOf))))
  const found = new Set([
    ...modules.map((one) => layerText(layerOfModule(one, asOf))),
    ...filters.map((one) => layerText(layerOfFilter(one, asOf)))
  ])
  const missing = texts.find((text) => !found.has(text))
  if (missing === undefined) return { plan, modules, filters, asOf }
  throw new SiskinError(
    `the plan makes ${missing}, ${ownVersion(missing, plan)}: run the same Siskin wherever tasks are taken`
  )
}

function ownVersion(text: string, { modules, filters }: Plan): string {
  const [kind = '', named = ''] = text.split('/')
  const layer: LayerName | null = parseLayer(kind === 'topics' ? 'topics' : 'layers', named)
  const own: Module | Filter | undefined =
    kind === 'topics'
      ? filters.find(({ topic }) => topic === layer?.name)
      : modules.find(({ name }) => name === layer?.name)
  return own
    ? `and this Siskin has version ${own.version} of it`
    : 'which this Siskin does not have'
}
