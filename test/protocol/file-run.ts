import { SiskinError } from '../../engine/errors.ts'
import { commit, recover, recoverAttempt } from '../../engine/lake/file-commit.ts'
import { committedSpans } from '../../engine/lake/ledger.ts'
import type { PositionSpan } from '../../engine/lake/ledger.ts'
import { checkRun, RunClaim } from '../../engine/lake/run-claim.ts'
import type { Machine } from '../../engine/store/machine.ts'
import type { Store } from '../../engine/store/store.ts'
import { attemptOf } from '../../engine/run/messages.ts'
import { recordOf } from './parts.ts'
import { Actor } from './scheduler.ts'
import type { Scheduler } from './scheduler.ts'

/** What the process of a run has. */
export interface RunContext {
  readonly scheduler: Scheduler
  readonly actor: Actor
  readonly machine: Machine
  readonly storeOf: (actor: Actor) => Store
  readonly source: string
  readonly packets: number
  /** Threads that work now, so that they can be killed. */
  readonly threads: Set<Actor>
}

const CUT = 2
const THREADS = 2

/** A run of one source as `run.ts` and `supervisor.ts` do it. Gives false where another run has the source. */
export async function fileRun(context: RunContext): Promise<boolean> {
  const { actor, source, machine, storeOf, packets } = context
  const store = storeOf(actor)
  const claim = await RunClaim.take(store, source, 'siskin run', machine).catch((error: Error) => {
    if (error.message.includes('is being taken')) return null
    throw error
  })
  if (!claim) return false
  const run = { number: claim.run, isOver: false }
  try {
    await recover(store, source, claim.run)
    const waiting = cut(await committedSpans(store, source), packets)
    let attempts = 0
    const work = async () => {
      for (let range = waiting.shift(); range; range = waiting.shift()) {
        const span = {
          source,
          ...range,
          attempt: attemptOf({ run: run.number, attempt: attempts++ })
        }
        const isDone = await commitInThread(context, store, span, run)
        if (!isDone) waiting.unshift(range)
      }
    }
    await Promise.all(Array.from({ length: THREADS }, work))
  } finally {
    run.isOver = true
    for (const thread of context.threads) context.scheduler.kill(thread)
    context.threads.clear()
    await claim.release()
  }
  return true
}

/** Ranges of packets that are in no part yet. */
function cut(done: readonly (readonly [number, number])[], packets: number): PositionSpan[] {
  const isDone = (position: number) => done.some(([a, b]) => position >= a && position <= b)
  const ranges: PositionSpan[] = []
  for (let first = 0; first < packets; first++) {
    if (isDone(first)) continue
    let last = first
    while (last + 1 < packets && last - first + 1 < CUT && !isDone(last + 1)) last++
    ranges.push({ first, last })
    first = last
  }
  return ranges
}

/** False if the thread died and the range is to be done again. */
async function commitInThread(
  { scheduler, actor, storeOf, threads }: RunContext,
  own: Store,
  span: PositionSpan & { readonly source: string; readonly attempt: string },
  run: { readonly number: number; readonly isOver: boolean }
): Promise<boolean> {
  const thread = new Actor(`${actor.name} ${span.attempt}`)
  const store = storeOf(thread)
  const { record, files } = recordOf(span, span.attempt)
  const check = () => checkRun(store, span.source, run.number)
  threads.add(thread)
  const died = new Promise<'died'>((resolve) => (thread.onDeath = () => resolve('died')))
  const ended = await Promise.race([commit(store, record, files, check, () => {}), died])
  threads.delete(thread)
  if (ended !== 'died') return true
  if (actor.isDead || run.isOver) throw new SiskinError('the run is over')
  scheduler.say(`${actor.name} lost a thread`)
  return (await recoverAttempt(own, span)) !== null
}
