import type { MessagePort } from 'node:worker_threads'
import { openRegistry } from '../consume/registry.ts'
import { SchemaCache } from '../decode/schemas.ts'
import type { Plan } from '../enrich/plan.ts'
import { budgetMs, ModuleRunner } from '../enrich/run-module.ts'
import { messageOf, SiskinError } from '../errors.ts'
import { openStore } from '../persist/open-store.ts'
import { processRange } from '../pipeline.ts'
import type { Parts } from '../pipeline.ts'
import { messageFormat } from '../publish/message.ts'
import { Beat } from './messages.ts'
import type { FromMember, MemberSettings, Work } from './messages.ts'
import { SeenAlerts } from './seen.ts'

/**
 * A member: takes ranges one at a time from its supervisor, runs the whole pipeline over each and
 * commits it. It knows no other member.
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
  let work: Work
  let taken = new Set<bigint>()
  const parts: Parts = {
    store: await openStore(settings.lake),
    plan,
    format: messageFormat(plan.columns),
    schemas: new SchemaCache(warn),
    runner: new ModuleRunner((level, message) => send({ kind: 'log', level, message })),
    surveys: settings.surveys,
    resolve: openRegistry(settings.schemas).resolve,
    claim: (low, high) => seen.claim(low, high, work.id, taken),
    onModule: (index, rows) => {
      const module = plan.modules[index]
      beat.enter(index, module ? budgetMs(module, rows) : 0)
    },
    onStep: (step) => {
      if (
        settings.crash &&
        settings.crash.first === work.range.first &&
        settings.crash.step === step
      ) {
        process.kill(process.pid, 'SIGKILL')
      }
    },
    warn
  }
  port.on('message', (next: Work) => {
    work = next
    taken = new Set()
    void processRange(work.range, parts, {
      stopped: new Set(work.stopped),
      poison: work.poison
    }).then(
      (record) => {
        send({ kind: 'memory', bytes: process.memoryUsage.rss() })
        send({ kind: 'done', id: next.id, record })
      },
      (error: unknown) => {
        const exitCode = error instanceof SiskinError ? error.exitCode : 1
        const message = error instanceof SiskinError ? error.message : stackOf(error)
        send({ kind: 'failed', id: next.id, message, exitCode })
      }
    )
  })
  send({ kind: 'ready' })
}

/** An error that is not one of ours is a defect: its stack helps whoever mends it. */
function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : messageOf(error)
}
