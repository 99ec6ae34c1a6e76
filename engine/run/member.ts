import type { MessagePort } from 'node:worker_threads'
import { openRegistry, resolveOrFail } from '../consume/registry.ts'
import { SchemaCache } from '../decode/schemas.ts'
import type { Known } from '../duplicates/decode-once.ts'
import { MarkTable } from '../duplicates/mark-table.ts'
import { SeenIndex } from '../duplicates/seen-index.ts'
import type { Plan } from '../enrich/plan.ts'
import { budgetMs, ModuleRunner } from '../enrich/run-module.ts'
import { messageOf, OutageError, SiskinError, UsageError } from '../errors.ts'
import { openStore } from '../persist/open-store.ts'
import { commit } from '../persist/commit.ts'
import type { OnStep } from '../persist/attempt.ts'
import { checkRun } from '../persist/run-claim.ts'
import { isOutage as isOutageOf } from '../persist/store-errors.ts'
import { makePart } from '../pipeline.ts'
import { messageFormat } from '../publish/message.ts'
import { attemptOf, Beat } from './messages.ts'
import type { FromMember, MemberSettings, Work } from './messages.ts'
import { SeenAlerts } from './seen.ts'

/** How long decoding, filters and writing of one range may take before the member counts as stuck. */
const OTHER_WORK_MS = 60_000

/**
 * A member: takes ranges from its supervisor, runs the whole pipeline over each and commits it. It
 * knows no other member.
 */
export async function runMember(
  port: MessagePort,
  settings: MemberSettings,
  plan: Plan
): Promise<void> {
  const send = (message: FromMember) => port.postMessage(message)
  const warn = (message: string) => send({ kind: 'log', level: 'warn', message })
  const beat = new Beat(settings.beat)
  const seen = new SeenAlerts(settings.seen)
  const store = openStore(settings.lake)
  const registry = openRegistry(settings.schemas)
  const shared = {
    plan,
    format: messageFormat(plan.columns),
    schemas: new SchemaCache(warn),
    runner: new ModuleRunner((level, message) => send({ kind: 'log', level, message })),
    surveys: settings.surveys,
    topics: 'files' as const,
    resolve: async (ids: Iterable<number>) => {
      beat.leave() // a registry is waited for
      const found = await resolveOrFail(registry, ids)
      beat.enter(plan.modules.length, OTHER_WORK_MS)
      return found
    },
    onModule: (index: number, rows: number) => {
      const module = plan.modules[index]
      if (module) beat.enter(index, budgetMs(module, rows))
      else beat.enter(plan.modules.length, OTHER_WORK_MS)
    },
    warn
  }
  const index = new SeenIndex(store, { days: settings.duplicateNights, warn })
  const look: SeenIndex['look'] = async (night, marks) => {
    beat.leave() // the store is waited for
    const found = await index.look(night, marks)
    beat.enter(plan.modules.length, OTHER_WORK_MS)
    return found
  }
  let committing = Promise.resolve()

  /** The commit waits for the disk: meanwhile the next range is worked on, but no further one. */
  const work = async (task: Work) => {
    const { id, claimant, range, stopped, poison } = task
    const known: Known = { begin: () => claimFor(claimant, seen), index: { look } }
    beat.enter(plan.modules.length, OTHER_WORK_MS)
    const attempt = { name: attemptOf(task), stopped: new Set(stopped), poison }
    const { record, files } = await makePart(range, { ...shared, known }, attempt)
    beat.leave()
    await committing
    const check = () => checkRun(store, range.source, task.run)
    committing = commit(store, record, files, check, crashAt(settings, range.first)).then(
      () => send({ kind: 'done', id, record, memory: process.memoryUsage.rss() }),
      (error: unknown) => send(failure(id, error))
    )
    send({ kind: 'ready' })
  }

  port.on('message', (next: Work) => {
    void work(next).catch((error: unknown) => {
      beat.leave()
      send(failure(next.id, error))
      send({ kind: 'ready' })
    })
  })
  send({ kind: 'ready' })
}

/** Claims alerts for a range, each once, whatever an earlier attempt at it claimed. */
function claimFor(range: number, seen: SeenAlerts): ReturnType<Known['begin']> {
  const taken = new MarkTable()
  return (survey, low, high, digest) => {
    if (taken.meet(survey, low, high, digest) === 'copy') return 'copy'
    taken.add(survey, low, high, digest)
    return seen.claim(survey, low, high, digest, range)
  }
}

/** Tests kill the process at a step of the commit of the part that begins at a packet. */
function crashAt({ crash }: MemberSettings, first: number): OnStep {
  if (crash?.first !== first) return () => {}
  return (step) => {
    if (step === crash.step) process.kill(process.pid, 'SIGKILL')
  }
}

function failure(id: number, error: unknown): FromMember {
  const isOutage = error instanceof OutageError || error instanceof UsageError || isOutageOf(error)
  const exitCode = error instanceof SiskinError ? error.exitCode : 1
  const message = error instanceof SiskinError ? error.message : stackOf(error)
  return { kind: 'failed', id, message, exitCode, isOutage }
}

/** An error that is not one of ours is a defect: its stack helps whoever mends it. */
function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : messageOf(error)
}
