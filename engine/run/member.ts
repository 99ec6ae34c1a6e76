import type { MessagePort } from 'node:worker_threads'
import { openRegistry, resolveOrFail } from '../registry/registry.ts'
import type { Known } from '../duplicates/decode-once.ts'
import { MarkTable } from '../duplicates/mark-table.ts'
import { SeenIndex } from '../duplicates/seen-index.ts'
import type { Plan } from '../enrich/plan.ts'
import { Beat } from '../making/beat.ts'
import { failureOf } from '../making/failure.ts'
import { PartMaker } from '../making/part-maker.ts'
import { openResources } from '../resources/resources.ts'
import { openStore } from '../store/open-store.ts'
import { commit } from '../lake/file-commit.ts'
import type { OnStep } from '../lake/two-phase-commit.ts'
import { compressedSurveys } from '../lake/files/packet-files.ts'
import { checkRun } from '../lake/run-claim.ts'
import { attemptOf } from './messages.ts'
import type { FromMember, MemberSettings, Work } from './messages.ts'
import { SeenAlerts } from './seen.ts'

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
  const log = (level: 'warn' | 'error', message: string) => send({ kind: 'log', level, message })
  const warn = (message: string) => log('warn', message)
  const seen = new SeenAlerts(settings.seen)
  const store = openStore(settings.lake)
  const registry = openRegistry(settings.schemas)
  const { catalogues } = settings
  const resources = await openResources(plan, { catalogues, isChecked: true, warn })
  const maker = new PartMaker({
    plan,
    surveys: settings.surveys,
    resources,
    compressed: compressedSurveys(settings.lake, settings.compressPackets),
    withInjected: settings.withInjected,
    resolve: (ids) => resolveOrFail(registry, ids),
    log,
    beat: new Beat(settings.beat)
  })
  const index = new SeenIndex(store, { days: settings.duplicateNights, warn })
  let committing = Promise.resolve()

  /** The commit waits for the disk: meanwhile the next range is worked on, but no further one. */
  const work = async (task: Work) => {
    const { id, claimant, range, stopped, poison } = task
    const known: Known = { begin: () => claimFor(claimant, seen), index }
    const attempt = { name: attemptOf(task), stopped: new Set(stopped), poison }
    const { record, files } = await maker.make(range, attempt, 'files', known)
    await committing
    const check = () => checkRun(store, range.source, task.run)
    committing = commit(store, record, files, check, crashAt(settings, range.first)).then(
      () => send({ kind: 'done', id, record, memory: process.memoryUsage.rss() }),
      (error: unknown) => send({ kind: 'failed', id, ...failureOf(error) })
    )
    send({ kind: 'ready' })
  }

  port.on('message', (next: Work) => {
    void work(next).catch((error: unknown) => {
      send({ kind: 'failed', id: next.id, ...failureOf(error) })
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
