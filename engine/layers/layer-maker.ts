import type { Filter, Module } from '../contract/index.ts'
import { SchemaCache } from '../decode/schemas.ts'
import { budgetMs, ModuleRunner } from '../enrich/run-module.ts'
import { SiskinError } from '../errors.ts'
import type { Beat } from '../making/beat.ts'
import type { OnStep } from '../lake/two-phase-commit.ts'
import { compareVersions, layerText } from '../lake/layer-name.ts'
import type { LayerName } from '../lake/layer-name.ts'
import { recordAt } from '../lake/records.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { messageFormat } from '../publish/message.ts'
import type { MessageFormat } from '../publish/message.ts'
import type { Resources } from '../resources/resources.ts'
import { claimLayer } from './claim-layer.ts'
import type { Claim, Claiming, Claims } from './claim-layer.ts'
import { commitLayers } from './commit-layers.ts'
import { inputOf, makingsOf, missingInputs, newestInput, stillGood } from './inputs.ts'
import type { Input, MadeOf } from './inputs.ts'
import type { PartSpan } from './messages.ts'
import { makeLayers } from './part-layers.ts'
import type { MadeLayer } from './part-layers.ts'
import { layerOfFilter, layerOfModule, sourcesFor } from './work.ts'
import type { LayerWork } from './work.ts'

export interface LayerMakerOptions extends Claiming {
  readonly work: LayerWork
  /** What modules and filters need besides columns, open. */
  readonly resources: Resources
  /** All layers of the lake: what modules read from that do not run. */
  readonly layers: readonly LayerName[]
  readonly log: (level: 'warn' | 'error', message: string) => void
  /** Where it is said what is going on, for who watches. */
  readonly beat: Beat
}

/** The layers of a part, made and held in memory. */
export interface PartMade {
  /** Modules of which the part itself has a newer version. */
  readonly newer: readonly string[]
  /** Brings them into the lake; the records of those that were made. To be called once: claims are kept until then. */
  readonly commit: (onStep: OnStep) => Promise<readonly PartRecord[]>
}

/** Makes the layers of parts, one part after the other. */
export class LayerMaker {
  readonly #options: LayerMakerOptions
  readonly #runner: ModuleRunner
  readonly #schemas: SchemaCache
  readonly #format: MessageFormat

  constructor(options: LayerMakerOptions) {
    const { work, resources, log } = options
    this.#options = options
    this.#runner = new ModuleRunner(log, (module) => resources.models(module))
    this.#schemas = new SchemaCache((message) => log('warn', message))
    this.#format = messageFormat(work.plan.columns)
  }

  /**
   * Makes what a part lacks of its layers. A layer's part that was made of what is newest now stays.
   * @param stopped modules and filters that hung over it before
   */
  async part(span: PartSpan, attempt: number, stopped: ReadonlySet<string>): Promise<PartMade> {
    const { store, isShared } = this.#options
    const { source, first, last } = span
    const part = await recordAt(store, source, { first, last })
    if (!part) throw new SiskinError('it is not in the ledger any more')
    let todo = await this.#todo(part)
    const { newer } = todo
    if (isNothing(todo)) return { newer, commit: () => Promise.resolve([]) }
    this.#expectInputs(todo)
    const claims = new Map<string, Claim>()
    const release = () => releaseAll(claims)
    try {
      const unclaimed = () => layersIn(todo).filter((layer) => !claims.has(layerText(layer)))
      for (let next = unclaimed()[0]; next; next = unclaimed()[0]) {
        claims.set(layerText(next), await claimLayer(this.#options, next, span, attempt))
        // others may have made it meanwhile
        if (isShared) todo = await this.#todo(part)
      }
      const made = await this.#make(part, todo, claims, stopped)
      const layers = { store, part, made, claims, isShared, from: todo.from }
      return { newer, commit: (onStep) => commitLayers(layers, onStep).finally(release) }
    } catch (error) {
      await release()
      throw error
    }
  }

  async #make(
    record: PartRecord,
    todo: Todo,
    claims: Claims,
    stopped: ReadonlySet<string>
  ): Promise<MadeLayer[]> {
    const { store, work, beat, log } = this.#options
    if (isNothing(todo)) return []
    const claimOf = (layer: LayerName) => claims.get(layerText(layer))!
    const inputs = new Map(todo.inputs)
    for (const { module, layer } of todo.modules) {
      inputs.set(module.name, { version: layer.version, layer, attempt: claimOf(layer).attempt })
    }
    return makeLayers(record, {
      ...todo,
      store,
      plan: work.plan,
      schemas: this.#schemas,
      format: this.#format,
      asOf: work.asOf,
      resources: this.#options.resources,
      of: (layer) => makingsOf(record, inputs, Object.keys(todo.from(layer))),
      used: (layer) => this.#used(layer),
      attempt: (layer) => claimOf(layer).attempt,
      warn: (message) => log('warn', message),
      enrich: {
        runner: this.#runner,
        stopped: without('module', stopped),
        onStart: (index, rows) => this.#enter(beat, todo.modules[index]?.module, 0, rows)
      },
      select: {
        stopped: without('filter', stopped),
        onStart: (index, rows) => this.#enter(beat, todo.filters[index]?.filter, 1, rows)
      }
    }).finally(() => beat.leave())
  }

  /** What a layer asks besides columns, in which versions. */
  #used(layer: LayerName): string {
    const { work, resources } = this.#options
    const { plan, asOf } = work
    const module = plan.modules.find(
      (one) => layerText(layerOfModule(one, asOf)) === layerText(layer)
    )
    const filter = plan.filters.find(
      (one) => layerText(layerOfFilter(one, asOf)) === layerText(layer)
    )
    const one = module ?? filter
    return one ? resources.versionsOf(one) : ''
  }

  #enter(beat: Beat, what: Module | Filter | undefined, kind: 0 | 1, rows: number): void {
    if (!what) return beat.leave()
    const { modules, filters } = this.#options.work
    const number =
      kind === 0
        ? modules.indexOf(what as Module)
        : modules.length + filters.indexOf(what as Filter)
    beat.enter(number, budgetMs('budget' in what ? what.budget : undefined, rows))
  }

  async #todo(record: PartRecord): Promise<Todo> {
    const { store, work, layers } = this.#options
    const { plan, asOf } = work
    const isNewer = ({ name, version }: Module) => {
      const own = record.modules[name]?.version
      return asOf === null && own !== undefined && compareVersions(own, version) > 0
    }
    const newer = work.modules.filter(isNewer).map(({ name }) => name)
    const making = work.modules.filter((module) => !isNewer(module))
    const inputs = new Map<string, Input>()
    const reads = work.filters.length > 0 ? plan.modules : sourcesFor(plan, making)
    for (const module of reads) {
      if (making.includes(module)) continue
      const input = await newestInput(store, record, module.name, layers, asOf)
      if (input) inputs.set(module.name, input)
    }
    const versions = new Map([
      ...[...inputs].map(([name, { version }]) => [name, version] as const),
      ...making.map((module) => [module.name, layerOfModule(module, asOf).version] as const)
    ])
    const from = (layer: LayerName) => fromOf(layer, versions, work)
    const modules: Todo['modules'][number][] = []
    const ofNow = (layer: LayerName): MadeOf | null => {
      const own = from(layer)
      const read = Object.keys(own)
      // what reads from columns that are made now is older than they are
      if (modules.some(({ module }) => read.includes(module.name))) return null
      const times = read.map((name) => inputs.get(name)?.made ?? '')
      return {
        from: own,
        of: makingsOf(record, inputs, read),
        resources: this.#used(layer),
        since: [record.started, ...times].sort(compareTexts).at(-1)!
      }
    }
    const done = (layer: LayerName) => {
      const now = ofNow(layer)
      return now && stillGood(store, layer, record, now)
    }
    for (const module of making) {
      const layer = layerOfModule(module, asOf)
      const made = await done(layer)
      if (made === null) modules.push({ module, layer })
      else inputs.set(module.name, inputOf(layer, made))
    }
    const filters: Todo['filters'][number][] = []
    for (const filter of work.filters) {
      const layer = layerOfFilter(filter, asOf)
      const made = await done(layer)
      if (made === null) filters.push({ filter, layer })
    }
    return { modules, filters, inputs, from, newer }
  }

  #expectInputs({ modules, filters, inputs }: Todo): void {
    const { plan } = this.#options.work
    const running = new Set(modules.map(({ module }) => module.name))
    const reading = [
      ...modules.map(({ module }) => module),
      ...filters.flatMap(({ filter }) => [filter, ...Object.values(filter.uses)])
    ]
    const missing = missingInputs(this.#options.store.root, plan, reading, running, inputs)
    if (missing !== null) throw new SiskinError(missing)
  }
}

async function releaseAll(claims: Claims): Promise<void> {
  for (const { release } of claims.values()) await release()
}

function layersIn({ modules, filters }: Todo): LayerName[] {
  return [...modules, ...filters].map(({ layer }) => layer)
}

function isNothing(todo: Todo): boolean {
  return layersIn(todo).length === 0
}

interface Todo {
  readonly modules: readonly { readonly module: Module; readonly layer: LayerName }[]
  readonly filters: readonly { readonly filter: Filter; readonly layer: LayerName }[]
  readonly inputs: ReadonlyMap<string, Input>
  readonly from: (layer: LayerName) => Readonly<Record<string, string>>
  readonly newer: readonly string[]
}

/** In the order of the plan, so that the same versions are the same text. */
function fromOf(
  { kind, name }: LayerName,
  versions: ReadonlyMap<string, string>,
  { plan }: LayerWork
): Record<string, string> {
  const module = kind === 'layers' ? plan.modules.find((one) => one.name === name) : undefined
  const read = module ? sourcesFor(plan, [module]) : plan.modules
  return Object.fromEntries(
    read.flatMap((one) => {
      const version = versions.get(one.name)
      return version === undefined ? [] : [[one.name, version]]
    })
  )
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

/** Names without what kind of thing they are of. */
function without(kind: string, stopped: ReadonlySet<string>): Pick<ReadonlySet<string>, 'has'> {
  return { has: (name) => stopped.has(`${kind} ${name}`) }
}
