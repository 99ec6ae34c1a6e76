import type { Survey } from '../contract/index.ts'
import type { Known, Meet } from '../duplicates/decode-once.ts'
import { MarkTable } from '../duplicates/mark-table.ts'
import type { Plan } from '../enrich/plan.ts'
import { PartMaker } from '../making/part-maker.ts'
import type { PartForm } from '../making/part-maker.ts'
import type { Resources } from '../resources/resources.ts'
import type { MessageLimits, Topics } from '../sinks/sinks.ts'
import type { PacketRange } from '../packets.ts'
import { compressedSurveys } from '../lake/files/packet-files.ts'
import { keepColumns } from '../lake/kept-columns.ts'
import type { Store } from '../store/store.ts'
import type { MadePart } from '../pipeline.ts'
import { FinkFormat } from '../publish/fink.ts'
import type { ColumnDef } from '../table/schema.ts'
import { keptRegistry } from '../registry/kept-schemas.ts'

export interface MakerSettings {
  readonly plan: Plan
  readonly surveys: readonly Survey[]
  /** Folder or address of a schema registry for Confluent-wire packets. */
  readonly schemas: string | null
  /** What modules and filters need besides columns, open. */
  readonly resources: Resources
  /** Surveys whose packets are kept compressed in parts that are new; null, or left out: as befits the store. */
  readonly compressPackets?: readonly Survey[] | null
  readonly warn: (message: string) => void
}

/** Says 'copy' for an alert that is not to be taken in. */
export type Claim = Meet

/** Messages are made as for Kafka and go nowhere: those of the part are in its topics already. */
export const NOWHERE: MessageLimits = { maxBytes: Number.POSITIVE_INFINITY, fink: null }

/** Makes parts as `run` and `stream` do, one after the other. */
export class RepairMaker {
  /** Columns that its modules add. */
  readonly columns: readonly ColumnDef[]
  readonly #maker: PartMaker
  readonly #store: Store
  #described: Promise<void> | null = null

  constructor(store: Store, settings: MakerSettings) {
    const { plan, surveys, schemas, resources, warn } = settings
    this.#store = store
    this.columns = plan.columns
    const registry = keptRegistry(schemas, store, warn)
    this.#maker = new PartMaker({
      plan,
      surveys,
      resources,
      compressed: compressedSurveys(store.root, settings.compressPackets),
      withInjected: false,
      resolve: (ids) => registry.resolve(ids),
      log: (_, message) => warn(message)
    })
  }

  get shared(): PartMaker['shared'] {
    return this.#maker.shared
  }

  /** Messages in Fink's form too. */
  fink(maxBytes: number): NonNullable<MessageLimits['fink']> {
    return { format: new FinkFormat(this.columns), maxBytes }
  }

  /** Those of some of the modules. */
  columnsOf(modules: readonly string[]): readonly ColumnDef[] {
    return this.columns.filter(({ name }) => modules.includes(name.split('.')[0]!))
  }

  /**
   * `index`: what the lake has besides; null where it holds these packets themselves. `form`: where a part is made
   * again, as it was.
   */
  async make(
    range: PacketRange,
    topics: Topics,
    name: string,
    claim: Claim,
    index: Known['index'] = null,
    form?: PartForm
  ): Promise<MadePart> {
    this.#described ??= keepColumns(this.#store, this.columns)
    await this.#described
    const attempt = { name, stopped: new Set<string>(), poison: null }
    return this.#maker.make(range, attempt, topics, { begin: () => claim, index }, form)
  }
}

/** Takes each alert once, and its corrections; `refused`: those that are not taken at all. */
export function onceEach(refused = new MarkTable()): Claim {
  const seen = new MarkTable()
  return (...mark) => {
    const met = refused.meet(...mark) === 'copy' ? 'copy' : seen.meet(...mark)
    if (met !== 'copy') seen.add(...mark)
    return met
  }
}
