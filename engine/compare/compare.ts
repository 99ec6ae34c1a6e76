import type { Filter, Module, Survey } from '../contract/index.ts'
import { makePlan } from '../enrich/plan.ts'
import type { Plan } from '../enrich/plan.ts'
import { ModuleRunner } from '../enrich/run-module.ts'
import { messageOf, SiskinError } from '../errors.ts'
import { missingInputs, newestInput, versionInput } from '../layers/inputs.ts'
import type { Input } from '../layers/inputs.ts'
import type { PartSpan } from '../layers/messages.ts'
import { placeOfAlerts, readAlerts } from '../layers/read-alerts.ts'
import { sourcesFor, withDependents } from '../layers/work.ts'
import { layersIn } from '../lake/layers.ts'
import { recordAt } from '../lake/records.ts'
import type { PartFile, PartRecord } from '../lake/ledger.ts'
import { isOutage } from '../store/errors.ts'
import type { Store } from '../store/store.ts'
import { isAmong } from '../reread/alert-files.ts'
import type { Nights } from '../reread/alert-files.ts'
import type { Column } from '../table/columns.ts'
import { Comparison } from './comparison.ts'
import type { Compared } from './comparison.ts'
import { expectConforming } from './conformance.ts'
import type { DiffBook } from './diff-book.ts'
import { inTime } from './in-time.ts'
import { runSide } from './side.ts'

export interface CompareOptions {
  readonly store: Store
  readonly parts: readonly PartSpan[]
  /** Of these only alerts of these nights; null: all. */
  readonly nights: Nights | null
  /** Every module and filter that there is; `module` is one of them. */
  readonly plan: Plan
  readonly module: Module
  /** What it is compared with: a module of the same name that runs now, or a version that the lake has. */
  readonly other: Module | string
  readonly book: DiffBook
  readonly signal: AbortSignal
  readonly onPart: (alerts: number) => void
  readonly warn: (message: string) => void
}

export interface CompareResult extends Compared {
  readonly parts: number
  /** Parts that do not have that version. */
  readonly without: number
  /** Parts that could not be read, and why. */
  readonly broken: readonly { readonly part: string; readonly reason: string }[]
}

/**
 * Runs a module, and another version of it, over what lies in a lake, with what reads from both, and tells where they
 * differ and what that does to the topics. Nothing is written.
 * @throws UsageError where the other module does not fit in the place of the first, or is no good one
 */
export async function compare(options: CompareOptions): Promise<CompareResult> {
  const comparing = new Comparing(options)
  for (const part of options.parts) {
    if (options.signal.aborted) break
    await comparing.part(part)
    options.onPart(part.alerts)
  }
  return comparing.result()
}

/** The plan with one module in the place of that of its name. */
function planWith({ modules, filters }: Plan, module: Module): Plan {
  return makePlan(
    modules.map((one) => (one.name === module.name ? module : one)),
    filters
  )
}

class Comparing {
  readonly #options: CompareOptions
  readonly #plan: Plan
  /** The plan with the other module; null where that does not run. */
  readonly #otherPlan: Plan | null
  readonly #filters: readonly Filter[]
  readonly #comparison: Comparison
  readonly #runner: ModuleRunner
  readonly #broken: CompareResult['broken'][number][] = []
  #hung: SiskinError | null = null
  /** Surveys over whose alerts the other module held what a module must. */
  readonly #conforming = new Set<Survey>()
  #without = 0
  #done = 0

  constructor(options: CompareOptions) {
    const { plan, module, other, book, warn } = options
    this.#options = options
    this.#plan = plan
    const guarded =
      typeof other === 'string' ? null : inTime(other, (error) => (this.#hung = error))
    this.#otherPlan = guarded && planWith(plan, guarded)
    const affected = new Set(withDependents(plan, [module.name]))
    this.#filters = plan.filters.filter((filter) => {
      return sourcesFor(plan, readersOf(filter)).some((one) => affected.has(one))
    })
    this.#comparison = new Comparison(module, guarded ?? module, book)
    this.#runner = new ModuleRunner((_, message) => warn(message))
  }

  async part(span: PartSpan): Promise<void> {
    const { store } = this.#options
    const { source, first, last } = span
    try {
      const record = await recordAt(store, source, { first, last })
      if (!record) throw new SiskinError('it is not in the ledger any more')
      const stored = await this.#stored(record)
      if (stored === 'none') {
        this.#without++
        return
      }
      for (const file of record.files) {
        if (file.kind === 'alerts') await this.#file(record, file, stored)
      }
      this.#done++
    } catch (error) {
      const isOurs = error instanceof SiskinError && error.exitCode === 2
      if (isOurs || error === this.#hung || isOutage(error)) throw error
      this.#broken.push({ part: `part ${source} ${first} to ${last}`, reason: messageOf(error) })
    }
  }

  /** Where the version lies that was named; null where a module runs instead. */
  async #stored(record: PartRecord): Promise<Input | null | 'none'> {
    const { store, module, other } = this.#options
    if (typeof other !== 'string') return null
    return (await versionInput(store, record, module.name, other)) ?? 'none'
  }

  async #file(record: PartRecord, file: PartFile, stored: Input | null): Promise<void> {
    const { store, module, nights } = this.#options
    const place = placeOfAlerts(file.path)
    if (!isAmong(place.night, nights)) return
    const reading = this.#filters.flatMap(readersOf)
    const running = this.#running(this.#plan, reading)
    const others = this.#running(this.#otherPlan ?? this.#plan, reading)
    const inputs = await this.#inputs(record, [...running, ...others, ...reading])
    const read = await readAlerts(store, file, {
      ...place,
      reading: [...running, ...others, ...reading],
      more: ['alert_id', 'object_id'],
      modules: this.#plan.modules,
      isWhole: false,
      inputs
    })
    const sides = {
      ...read,
      filters: this.#filters,
      runner: this.#runner,
      warn: this.#options.warn
    }
    const old = await runSide(this.#plan, running, sides)
    if (!this.#conforming.has(place.survey) && this.#otherPlan) {
      await expectConforming(
        others.find(({ name }) => name === module.name)!,
        old.batch
      )
      this.#conforming.add(place.survey)
    }
    const made = stored && (await this.#storedColumns(file, stored))
    const fresh = await runSide(
      this.#otherPlan ?? this.#plan,
      stored ? others.filter(({ name }) => name !== module.name) : others,
      made ? { ...sides, made: new Map([...read.made, ...made]) } : sides
    )
    if (this.#hung) throw this.#hung
    this.#comparison.add({ ...place, record, stored }, old, fresh)
  }

  async #storedColumns(file: PartFile, stored: Input): Promise<ReadonlyMap<string, Column>> {
    const { store, module } = this.#options
    const { made } = await readAlerts(store, file, {
      ...placeOfAlerts(file.path),
      reading: [],
      more: ['alert_id'],
      modules: [module],
      isWhole: true,
      inputs: new Map([[module.name, stored]])
    })
    return made
  }

  /** The module, and what reads from it and is read by filters. */
  #running(plan: Plan, reading: readonly { readonly requires: Module['requires'] }[]): Module[] {
    const { name } = this.#options.module
    const read = new Set(sourcesFor(plan, reading))
    return withDependents(plan, [name]).filter((one) => one.name === name || read.has(one))
  }

  async #inputs(
    record: PartRecord,
    reading: readonly { readonly requires: Module['requires'] }[]
  ): Promise<Map<string, Input>> {
    const { store, module } = this.#options
    const layers = await layersIn(store)
    const running = new Set(withDependents(this.#plan, [module.name]).map(({ name }) => name))
    const inputs = new Map<string, Input>()
    for (const { name } of sourcesFor(this.#plan, reading)) {
      const input = running.has(name) ? null : await newestInput(store, record, name, layers, null)
      if (input) inputs.set(name, input)
    }
    const missing = missingInputs(store.root, this.#plan, reading, running, inputs)
    if (missing !== null) throw new SiskinError(missing)
    return inputs
  }

  async result(): Promise<CompareResult> {
    const compared = await this.#comparison.result()
    return { ...compared, parts: this.#done, without: this.#without, broken: this.#broken }
  }
}

function readersOf(filter: Filter): { readonly requires: Module['requires'] }[] {
  return [filter, ...Object.values(filter.uses)]
}
