import type { MessagePort } from 'node:worker_threads'
import { resolveOrFail } from '../../registry/registry.ts'
import { SeenIndex } from '../../duplicates/seen-index.ts'
import type { Plan } from '../../enrich/plan.ts'
import { OutageError } from '../../errors.ts'
import { Beat } from '../../making/beat.ts'
import { failureOf } from '../../making/failure.ts'
import type { Failure } from '../../making/failure.ts'
import { PartMaker } from '../../making/part-maker.ts'
import { stage } from '../../lake/two-phase-commit.ts'
import { compressedSurveys } from '../../lake/files/packet-files.ts'
import { partName } from '../../lake/ledger.ts'
import type { PartRecord } from '../../lake/ledger.ts'
import { openResources } from '../../resources/resources.ts'
import { openStore } from '../../store/open-store.ts'
import type { MadePart } from '../../pipeline.ts'
import { FinkFormat } from '../../publish/fink.ts'
import type { SelectedMessage } from '../../publish/kafka.ts'
import { crashPoint } from './crash.ts'
import { keptRegistry } from '../../registry/kept-schemas.ts'
import { attemptName } from '../commit/recovery.ts'
import { rangeOf } from './range.ts'
import type { Fetched } from './range.ts'
import { DuplicateWindow } from './duplicate-window.ts'
import type { StreamSettings } from '../common/settings.ts'

/** What the thread of a pipeline is started with. */
export interface WorkerSettings {
  /** Of the member's process: no two that ever live have the same. */
  readonly member: string
  readonly stream: StreamSettings
  /** Most bytes of a message for the topics, and for those in Fink's form. */
  readonly maxBytes: number
  readonly finkMaxBytes: number
  readonly beat: SharedArrayBuffer
}

export type ToWorker =
  | {
      readonly kind: 'make'
      readonly id: number
      /** A number that no other attempt of the member has. */
      readonly attempt: number
      readonly fetched: Fetched
      readonly stopped: readonly string[]
    }
  /** The partitions of a new assignment. */
  | { readonly kind: 'take'; readonly sources: readonly string[] }
  /** A part that a thread before this one made, and that is not committed yet. */
  | { readonly kind: 'made-before'; readonly record: PartRecord }
  | { readonly kind: 'committed'; readonly part: string }
  /** Who waits for a schema waits no more: the work is to end. */
  | { readonly kind: 'giveUp' }
  | { readonly kind: 'dropped' }
  /** Nothing more comes. */
  | { readonly kind: 'close' }

type Work = Extract<ToWorker, { kind: 'make' }>

/** A part that lies staged, and what is to be published with it. */
export interface StagedPart {
  readonly record: PartRecord
  readonly messages: readonly SelectedMessage[]
  /** Seconds that its files took to be staged. */
  readonly stageSeconds: number
}

export type FromWorker =
  /** All of it is in memory: what goes wrong from now on is not the packets' fault. */
  | { readonly kind: 'made'; readonly id: number }
  /** What outside the part that is being made waits for; null: for nothing any more. */
  | { readonly kind: 'outside'; readonly waitsFor: string | null }
  | { readonly kind: 'staged'; readonly id: number; readonly part: StagedPart }
  | ({ readonly kind: 'failed'; readonly id: number } & Failure)
  | { readonly kind: 'closed' }
  | { readonly kind: 'log'; readonly level: 'warn' | 'error'; readonly message: string }

const TIDY_MS = 15_000

/** Parts that are staged while the next is made: their bytes are in memory so long. */
const STAGED_AT_ONCE = 2

/**
 * The thread in which a member's pipeline runs, so that its heartbeats are never late: makes one
 * part after the other, and stages it meanwhile.
 */
export async function runStreamWorker(
  port: MessagePort,
  { member, stream, maxBytes, finkMaxBytes, beat }: WorkerSettings,
  plan: Plan
): Promise<void> {
  const send = (message: FromWorker) => port.postMessage(message)
  const log = (level: 'warn' | 'error', message: string) => send({ kind: 'log', level, message })
  const warn = (message: string) => log('warn', message)
  /** Aborted: nobody waits for a registry any more, until all that is in work is over. */
  let ending = new AbortController()
  const store = openStore(stream.lake)
  const index = new SeenIndex(store, { days: stream.duplicateNights ?? null, warn })
  const window = new DuplicateWindow(store, index, warn)
  setInterval(() => window.tidy(), TIDY_MS).unref()
  const registry = keptRegistry(stream.schemas, store, warn)
  const fink = stream.output.finkPrefix
    ? { format: new FinkFormat(plan.columns), maxBytes: finkMaxBytes }
    : null
  const topics = { maxBytes, fink }
  const { catalogues = null } = stream
  const resources = await openResources(plan, { catalogues, isChecked: true, warn })
  const maker = new PartMaker({
    plan,
    surveys: stream.surveys,
    resources,
    compressed: compressedSurveys(stream.lake, stream.compressPackets),
    withInjected: stream.withInjected === true,
    resolve: (ids) => resolveOrFail(registry, ids, ending.signal),
    log,
    beat: new Beat(beat),
    onOutside: (waitsFor) => send({ kind: 'outside', waitsFor })
  })
  const make = async ({ attempt: number, fetched, stopped }: Work): Promise<MadePart> => {
    const { source, first, last, poison } = fetched
    await window.ready(source)
    const known = { begin: () => window.begin(partName(source, first, last)), index }
    const name = attemptName(fetched.generation, member, number)
    const attempt = { name, stopped: new Set(stopped), poison }
    const made = await maker.make(await rangeOf(fetched), attempt, topics, known)
    const record = published(made.record, stream.output.prefix)
    await window.made(record)
    return { ...made, record }
  }

  const stageIt = async ({ record, files, messages }: MadePart): Promise<StagedPart> => {
    const crash = crashPoint()
    crash.begin(record.first)
    const began = performance.now()
    await stage(store, record, files, crash.at)
    return { record, messages, stageSeconds: (performance.now() - began) / 1000 }
  }

  const staging = new Set<Promise<void>>()
  const work = async (task: Work) => {
    const { id } = task
    const failed = (error: unknown) => {
      send({ kind: 'failed', id, ...failureOf(error) })
    }
    while (staging.size >= STAGED_AT_ONCE) await Promise.race(staging)
    try {
      const made = await make(task)
      send({ kind: 'made', id })
      const own: Promise<void> = stageIt(made)
        .then((part) => send({ kind: 'staged', id, part }), failed)
        .finally(() => staging.delete(own))
      staging.add(own)
    } catch (error) {
      failed(error)
    }
  }

  let queue = Promise.resolve()
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'committed') window.committed(message.part)
    else if (message.kind === 'giveUp') ending.abort(new OutageError('it waited for a schema'))
    else if (message.kind === 'made-before')
      queue = queue.then(() => window.madeBefore(message.record))
    else if (message.kind === 'take') queue = queue.then(() => window.take(message.sources))
    else if (message.kind === 'dropped') {
      queue = queue.then(() => {
        window.dropped()
        ending = new AbortController()
      })
    } else if (message.kind === 'close') {
      queue = queue.then(() => window.close()).then(() => send({ kind: 'closed' }))
    } else queue = queue.then(() => work(message))
  })
}

/** With where its messages go: a lake may be given to another stream, with other topics. */
function published(record: PartRecord, prefix: string): PartRecord {
  return record.stream ? { ...record, stream: { ...record.stream, prefix } } : record
}
