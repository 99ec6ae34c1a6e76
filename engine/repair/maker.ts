import type { Survey } from '../contract/index.ts'
import { SchemaCache } from '../decode/schemas.ts'
import type { Known, Meet } from '../duplicates/decode-once.ts'
import { MarkTable } from '../duplicates/mark-table.ts'
import type { Plan } from '../enrich/plan.ts'
import { ModuleRunner } from '../enrich/run-module.ts'
import type { PacketRange } from '../packets.ts'
import type { Store } from '../persist/store.ts'
import { makePart } from '../pipeline.ts'
import type { MadePart, Parts } from '../pipeline.ts'
import { FinkFormat } from '../publish/fink.ts'
import { messageFormat } from '../publish/message.ts'
import type { ColumnDef } from '../table/schema.ts'
import { keptRegistry } from '../stream/kept-schemas.ts'

export interface MakerSettings {
  readonly plan: Plan
  readonly surveys: readonly Survey[]
  /** Folder or address of a schema registry for Confluent-wire packets. */
  readonly schemas: string | null
  readonly warn: (message: string) => void
}

/** Where the selected alerts of a part go. */
export type Topics = Parts['topics']

/** What messages for Kafka are made by. */
export type Limits = Exclude<Topics, 'files'>

/** Says 'copy' for an alert that is not to be taken in. */
export type Claim = Meet

/** Messages are made as for Kafka and go nowhere: those of the part are in its topics already. */
export const NOWHERE: Limits = { maxBytes: Number.POSITIVE_INFINITY, fink: null }

/** Makes parts as `run` and `stream` do, one after the other. */
export class PartMaker {
  readonly shared: Pick<Parts, 'schemas' | 'surveys' | 'resolve'>
  /** Columns that its modules add. */
  readonly columns: readonly ColumnDef[]
  readonly #parts: Omit<Parts, 'known' | 'topics'>

  constructor(store: Store, { plan, surveys, schemas, warn }: MakerSettings) {
    const registry = keptRegistry(schemas, store, warn)
    this.shared = {
      schemas: new SchemaCache(warn),
      surveys,
      resolve: (ids: Iterable<number>) => registry.resolve(ids)
    }
    this.columns = plan.columns
    this.#parts = {
      ...this.shared,
      plan,
      format: messageFormat(plan.columns),
      runner: new ModuleRunner((_, message) => warn(message)),
      onModule: () => {},
      warn
    }
  }

  /** Messages in Fink's form too. */
  fink(maxBytes: number): NonNullable<Limits['fink']> {
    return { format: new FinkFormat(this.columns), maxBytes }
  }

  /** Those of some of the modules. */
  columnsOf(modules: readonly string[]): readonly ColumnDef[] {
    return this.columns.filter(({ name }) => modules.includes(name.split('.')[0]!))
  }

  /** `index`: what the lake has besides; null where it holds these packets themselves. */
  make(
    range: PacketRange,
    topics: Topics,
    name: string,
    claim: Claim,
    index: Known['index'] = null
  ): Promise<MadePart> {
    const attempt = { name, stopped: new Set<string>(), poison: null }
    const known = { begin: () => claim, index }
    return makePart(range, { ...this.#parts, topics, known }, attempt)
  }
}

/** Takes each alert once, and its corrections; `refused`: ids that are not taken at all. */
export function onceEach(refused: ReadonlySet<bigint> = new Set()): Claim {
  const seen = new MarkTable()
  return (survey, low, high, digest) => {
    const id = (BigInt(high | 0) << 32n) | BigInt(low >>> 0)
    const met = refused.has(id) ? 'copy' : seen.meet(survey, low, high, digest)
    if (met !== 'copy') seen.add(survey, low, high, digest)
    return met
  }
}
