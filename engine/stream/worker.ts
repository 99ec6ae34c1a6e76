import type { MessagePort } from 'node:worker_threads'
import { openRegistry } from '../consume/registry.ts'
import { SchemaCache } from '../decode/schemas.ts'
import type { Plan } from '../enrich/plan.ts'
import { budgetMs, ModuleRunner } from '../enrich/run-module.ts'
import { messageOf, SiskinError } from '../errors.ts'
import { partName } from '../persist/ledger.ts'
import type { PartRecord } from '../persist/ledger.ts'
import { openStore } from '../persist/open-store.ts'
import { makePart } from '../pipeline.ts'
import type { SelectedMessage } from '../publish/kafka.ts'
import { messageFormat } from '../publish/message.ts'
import { Beat } from '../run/messages.ts'
import { crashPoint } from './crash.ts'
import { stage } from './landing.ts'
import { rangeOf } from './range.ts'
import type { Fetched } from './range.ts'
import { RecentIds } from './recent.ts'
import type { StreamSettings } from './settings.ts'

/** What the thread of a pipeline is started with. */
export interface WorkerSettings {
  readonly stream: StreamSettings
  /** Most bytes of a message for the topics. */
  readonly maxBytes: number
  readonly beat: SharedArrayBuffer
}

export type ToWorker =
  | {
      readonly kind: 'make'
      readonly id: number
      readonly fetched: Fetched
      readonly stopped: readonly string[]
    }
  | { readonly kind: 'committed'; readonly part: string }
  | { readonly kind: 'dropped' }

/** A part that lies staged, and what is to be published with it. */
export interface StagedPart {
  readonly record: PartRecord
  readonly messages: readonly SelectedMessage[]
}

export type FromWorker =
  | { readonly kind: 'staged'; readonly id: number; readonly part: StagedPart }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  | { readonly kind: 'log'; readonly level: 'warn' | 'error'; readonly message: string }

/**
 * The thread in which a member's pipeline runs, so that its heartbeats are never late: makes one
 * part after the other and stages it.
 */
export function runStreamWorker(
  port: MessagePort,
  { stream, maxBytes, beat }: WorkerSettings,
  plan: Plan
): void {
  const send = (message: FromWorker) => port.postMessage(message)
  const log = (level: 'warn' | 'error', message: string) => send({ kind: 'log', level, message })
  const warn = (message: string) => log('warn', message)
  const pulse = new Beat(beat)
  const recent = new RecentIds()
  const store = openStore(stream.lake)
  const registry = openRegistry(stream.schemas)
  const shared = {
    plan,
    format: messageFormat(plan.columns),
    schemas: new SchemaCache(warn),
    runner: new ModuleRunner(log),
    surveys: stream.surveys,
    topics: { maxBytes },
    resolve: (ids: Iterable<number>) => registry.resolve(ids),
    onModule: (index: number, rows: number) => {
      const module = plan.modules[index]
      pulse.enter(index, module ? budgetMs(module, rows) : 0)
    },
    warn
  }
  const crash = crashPoint()

  const make = async (fetched: Fetched, stopped: readonly string[]): Promise<StagedPart> => {
    const { source, first, last, poison } = fetched
    const range = await rangeOf(fetched)
    const claim = recent.claims(partName(source, first, last))
    const attempt = { stopped: new Set(stopped), poison }
    const { record, files, messages } = await makePart(range, { ...shared, claim }, attempt)
    crash.begin(first)
    await stage(store, record, files, crash.at)
    return { record, messages }
  }

  let queue = Promise.resolve()
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'committed') recent.committed(message.part)
    else if (message.kind === 'dropped') queue = queue.then(() => recent.dropped())
    else {
      const { id, fetched, stopped } = message
      queue = queue.then(async () => {
        try {
          send({ kind: 'staged', id, part: await make(fetched, stopped) })
        } catch (error) {
          send({ kind: 'failed', id, message: told(error) })
        }
      })
    }
  })
}

/** An error that is not one of ours is a defect: its stack helps whoever mends it. */
function told(error: unknown): string {
  if (error instanceof SiskinError || !(error instanceof Error)) return messageOf(error)
  return error.stack ?? error.message
}
