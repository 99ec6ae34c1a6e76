import type { Survey } from '../contract/index.ts'
import { SchemaCache } from '../decode/schemas.ts'
import type { Known } from '../duplicates/decode-once.ts'
import type { Plan } from '../enrich/plan.ts'
import { budgetMs, ModuleRunner } from '../enrich/run-module.ts'
import type { PacketRange } from '../packets.ts'
import { makePart } from '../pipeline.ts'
import type { Attempt, MadePart, Parts } from '../pipeline.ts'
import { messageFormat } from '../publish/message.ts'
import type { MessageFormat } from '../publish/message.ts'
import { NO_RESOURCES } from '../resources/resources.ts'
import type { Resources } from '../resources/resources.ts'
import { sinksFor } from '../sinks/sinks.ts'
import type { Topics } from '../sinks/sinks.ts'
import type { Beat } from './beat.ts'

/** What a part is made like, besides what it is made of. */
export interface PartForm {
  /** Surveys whose packets are kept compressed. */
  readonly compressed: ReadonlySet<Survey>
  /** Topics get injected alerts too. */
  readonly withInjected: boolean
}

export interface MakerSettings extends PartForm {
  readonly plan: Plan
  readonly surveys: readonly Survey[]
  /** Finds the texts of Confluent schema ids; it may take as long as it must. */
  readonly resolve: Parts['resolve']
  /** Open; left out: the plan needs none. */
  readonly resources?: Resources
  readonly log: (level: 'warn' | 'error', message: string) => void
  /** Where it is said what is going on, for who watches; null: nobody does. */
  readonly beat?: Beat | null
  /** Told what outside is waited for, and null when nothing any more. */
  readonly onOutside?: (waitsFor: string | null) => void
}

/** How long decoding and the files of one part may take before their member counts as stuck. */
export const OTHER_WORK_MS = 60_000

/** Makes parts from ranges, one after the other: for files, for Kafka and for repairs alike. */
export class PartMaker {
  readonly shared: Pick<Parts, 'schemas' | 'surveys' | 'resolve'>
  readonly #settings: MakerSettings
  readonly #parts: Omit<Parts, 'known' | 'sinks' | 'withInjected'>
  readonly #format: MessageFormat

  constructor(settings: MakerSettings) {
    const { plan, surveys, resources = NO_RESOURCES, log } = settings
    const warn = (message: string) => log('warn', message)
    this.#settings = settings
    this.shared = {
      schemas: new SchemaCache(warn),
      surveys,
      resolve: (ids) => this.outside('the registry of schemas', () => settings.resolve(ids))
    }
    this.#format = messageFormat(plan.columns)
    this.#parts = {
      ...this.shared,
      plan,
      resources,
      runner: new ModuleRunner(log, (module) => resources.models(module)),
      onWork: (work, rows) => this.#enter(work, rows),
      warn
    }
  }

  /**
   * @param index what the lake has besides; null where it holds these packets themselves
   * @param form where a part is made again: as it was before
   */
  async make(
    range: PacketRange,
    attempt: Attempt,
    topics: Topics,
    { begin, index }: Known,
    { compressed, withInjected }: PartForm = this.#settings
  ): Promise<MadePart> {
    const look = index && {
      look: (...asked: Parameters<typeof index.look>) =>
        this.outside('the store of the lake', () => index.look(...asked))
    }
    const sinks = sinksFor(topics, compressed, this.#format, this.#parts.warn)
    this.#enter(null, 0)
    try {
      return await makePart(
        range,
        { ...this.#parts, sinks, withInjected, known: { begin, index: look } },
        attempt
      )
    } finally {
      this.#settings.beat?.leave()
    }
  }

  /** What is waited for is no fault of the part, however long it takes. */
  async outside<T>(what: string, work: () => Promise<T>): Promise<T> {
    const { beat, onOutside } = this.#settings
    beat?.leave()
    onOutside?.(what)
    try {
      return await work()
    } finally {
      onOutside?.(null)
      this.#enter(null, 0)
    }
  }

  #enter(work: Parameters<Parts['onWork']>[0], rows: number): void {
    const { beat, plan } = this.#settings
    if (!beat) return
    const { modules, filters } = plan
    if (work?.kind === 'module') {
      beat.enter(work.index, budgetMs(modules[work.index]?.budget, rows))
    } else if (work?.kind === 'filter') {
      beat.enter(modules.length + work.index, budgetMs(undefined, rows))
    } else beat.enter(modules.length + filters.length, OTHER_WORK_MS)
  }
}
