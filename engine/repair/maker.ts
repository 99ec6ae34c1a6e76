import type { Survey } from '../contract/index.ts'
import { SchemaCache } from '../decode/schemas.ts'
import type { Plan } from '../enrich/plan.ts'
import { ModuleRunner } from '../enrich/run-module.ts'
import type { PacketRange } from '../packets.ts'
import type { Store } from '../persist/store.ts'
import { makePart } from '../pipeline.ts'
import type { MadePart, Parts } from '../pipeline.ts'
import { messageFormat } from '../publish/message.ts'
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

/** False for an alert that is not to be taken in, by the two words of its id. */
export type Claim = (low: number, high: number) => boolean

/** Messages are made as for Kafka and go nowhere: those of the part are in its topics already. */
export const NOWHERE: Topics = { maxBytes: Number.POSITIVE_INFINITY, fink: null }

/** Makes parts as `run` and `stream` do, one after the other. */
export class PartMaker {
  readonly shared: Pick<Parts, 'schemas' | 'surveys' | 'resolve'>
  readonly #parts: Omit<Parts, 'claim' | 'topics'>

  constructor(store: Store, { plan, surveys, schemas, warn }: MakerSettings) {
    const registry = keptRegistry(schemas, store, warn)
    this.shared = {
      schemas: new SchemaCache(warn),
      surveys,
      resolve: (ids: Iterable<number>) => registry.resolve(ids)
    }
    this.#parts = {
      ...this.shared,
      plan,
      format: messageFormat(plan.columns),
      runner: new ModuleRunner((_, message) => warn(message)),
      onModule: () => {},
      warn
    }
  }

  make(range: PacketRange, topics: Topics, name: string, claim: Claim): Promise<MadePart> {
    const attempt = { name, stopped: new Set<string>(), poison: null }
    return makePart(range, { ...this.#parts, topics, claim }, attempt)
  }
}

/** Takes each alert id once; `refused`: those that are not taken at all. */
export function onceEach(refused: ReadonlySet<bigint> = new Set()): Claim {
  const seen = new Set<bigint>(refused)
  const words = new Int32Array(2)
  const id = new BigInt64Array(words.buffer)
  return (low, high) => {
    words[0] = low
    words[1] = high
    const own = id[0]!
    if (seen.has(own)) return false
    seen.add(own)
    return true
  }
}
