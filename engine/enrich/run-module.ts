import { inspect } from 'node:util'
import type { Models, Module, Predictors } from '../contract/index.ts'
import { messageOf } from '../errors.ts'
import { TextColumn } from '../table/columns.ts'
import { stampsFor } from '../table/images.ts'
import type { Enriched } from '../table/enriched.ts'
import { placeOf } from '../place-of.ts'
import { pure } from '../pure.ts'
import { OutputError, takeResult } from './check-output.ts'
import type { Fault } from './check-output.ts'
import type { ReaderSet } from '../table/readers.ts'

/** Milliseconds per 1,000 alerts where a module declares none. */
const DEFAULT_BUDGET = 5_000
const LEAST_BUDGET = 1_000
/** After so many failing slices of a batch the rest is not tried row by row. */
const MOST_FAILURES = 16
/** Batches in a row that failed whole before a module is switched off. */
export const SWITCH_OFF_AFTER = 5

export type Report = (level: 'warn' | 'error', message: string) => void

/** @param budget as a module declares it; a filter declares none. */
export function budgetMs(budget: number | undefined, rows: number): number {
  return Math.max(LEAST_BUDGET, ((budget ?? DEFAULT_BUDGET) * rows) / 1000)
}

/** Runs modules over batches and remembers which of them are broken. */
export class ModuleRunner {
  readonly #failedInARow = new Map<Module, number>()
  readonly #report: Report
  readonly #models: (module: Module) => Predictors<Models>
  /** Faults of results that were told: a module, and the kind. */
  readonly #told = new Set<string>()

  constructor(report: Report, models: (module: Module) => Predictors<Models> = () => ({})) {
    this.#report = report
    this.#models = models
  }

  /**
   * Runs one module; whatever it does, every row ends with a status and the batch goes on.
   * `stopped`: it hung in this batch before and is not tried again.
   */
  async run(module: Module, batch: Enriched, readers: ReaderSet, stopped: boolean): Promise<void> {
    const { rows, survey } = batch.table
    const started = performance.now()
    batch.add(module)
    const statuses: string[] = Array.from({ length: rows })
    if (module.surveys && !module.surveys.includes(survey)) statuses.fill('not-applicable')
    else if (stopped) statuses.fill('failed:timeout')
    else if (this.#isOff(module)) statuses.fill('failed:off')
    else {
      await this.#slices(module, batch, readers, statuses)
      this.#remember(module, statuses)
    }
    writeStatus(batch, module, statuses)
    const counts: Record<string, number> = {}
    for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1
    batch.runs.push({ module, ms: performance.now() - started, statuses: counts })
  }

  #isOff(module: Module): boolean {
    return (this.#failedInARow.get(module) ?? 0) >= SWITCH_OFF_AFTER
  }

  /** Halves a slice that throws until the alert that breaks the module is alone. */
  async #slices(
    module: Module,
    batch: Enriched,
    readers: ReaderSet,
    statuses: string[]
  ): Promise<void> {
    const todo: [from: number, rows: number][] = batch.table.rows > 0 ? [[0, batch.table.rows]] : []
    let failures = 0
    for (let slice = todo.pop(); slice; slice = todo.pop()) {
      const [from, rows] = slice
      const failure = await this.#slice(module, batch, readers, statuses, from, rows)
      if (!failure) continue
      if (failures++ === 0) {
        this.#report('warn', `module ${module.name} (${module.owner}): ${failure.message}`)
      }
      if (failure.code === 'threw' && rows > 1 && failures < MOST_FAILURES) {
        const half = rows >> 1
        todo.push([from + half, rows - half], [from, half])
      } else {
        statuses.fill(`failed:${failure.code}`, from, from + rows)
      }
    }
  }

  async #slice(
    module: Module,
    batch: Enriched,
    readers: ReaderSet,
    statuses: string[],
    from: number,
    rows: number
  ): Promise<{ code: string; message: string } | null> {
    const abort = new AbortController()
    let faults: readonly Fault[]
    const columns = readers.for(module.requires, from)
    try {
      const { survey } = batch.table
      const lookups = batch.answers.for(module.lookups, from)
      const models = this.#models(module)
      const stamps = stampsFor(module, batch.images, from)
      const asked = { rows, survey, columns, lookups, models, stamps, signal: abort.signal }
      const given = pure(() => module.run(asked))
      const result =
        given instanceof Promise ? await this.#inTime(module, given, rows, abort) : given
      faults = takeResult(module, result, batch, from, rows, statuses)
    } catch (error) {
      clear(module, batch, from, rows)
      if (error instanceof TimeoutError) return { code: 'timeout', message: error.message }
      if (error instanceof OutputError) return { code: error.code, message: error.message }
      return { code: 'threw', message: `it threw: ${messageOf(error)}${placeOf(error)}` }
    }
    for (const fault of faults) this.#tellFault(module, batch, fault)
    return null
  }

  /** Once a module and kind. */
  #tellFault(module: Module, batch: Enriched, { kind, text, first }: Fault): void {
    const key = `${module.name} ${kind}`
    if (this.#told.has(key)) return
    this.#told.add(key)
    const who = `module ${module.name} (${module.owner})`
    if (first === null) return this.#report('warn', `${who}: ${text}`)
    const { values } = batch.table.fixed('alert_id')
    const found = `${FIRST}alert ${values[first.row]}, ${shown(first.value)}`
    this.#report('warn', `${who}: ${text}; such rows get the status failed:${kind}${found}`)
  }

  async #inTime(
    module: Module,
    given: Promise<unknown>,
    rows: number,
    abort: AbortController
  ): Promise<unknown> {
    const budget = budgetMs(module.budget, rows)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        abort.abort()
        reject(new TimeoutError(`it took more than its ${budget} ms`))
      }, budget)
    })
    try {
      return await Promise.race([given, late])
    } finally {
      clearTimeout(timer)
    }
  }

  #remember(module: Module, statuses: string[]): void {
    const failed = statuses.length > 0 && statuses.every((status) => status.startsWith('failed:'))
    const inARow = failed ? (this.#failedInARow.get(module) ?? 0) + 1 : 0
    this.#failedInARow.set(module, inARow)
    if (inARow === SWITCH_OFF_AFTER) {
      this.#report(
        'error',
        `module ${module.name} ${module.version} is switched off: it failed ${inARow} batches in a row; tell ${module.owner}`
      )
    }
  }
}

/** What comes behind it differs between threads that say the same. */
export const FIRST = '; first: '

function shown(value: unknown): string {
  return inspect(value, { depth: 0, breakLength: Infinity }).slice(0, 60)
}

class TimeoutError extends Error {}

function clear(module: Module, batch: Enriched, from: number, rows: number): void {
  for (const [name, column] of batch.columns) {
    if (name.startsWith(`${module.name}.`)) column.valid.fill(0, from, from + rows)
  }
}

function writeStatus(batch: Enriched, module: Module, statuses: string[]): void {
  const column = batch.columns.get(`${module.name}.status`)
  if (!(column instanceof TextColumn)) throw new Error(`${module.name}.status holds no text`)
  statuses.forEach((status, row) => column.set(row, status))
}
