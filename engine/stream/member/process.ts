import type { Plan } from '../../enrich/plan.ts'
import { messageOf } from '../../errors.ts'
import { collectLessOften } from '../../making/collector.ts'
import type { SiskinError } from '../../errors.ts'
import type { Strike } from '../common/bounds.ts'
import { explain } from '../../kafka/client.ts'
import { runStreamMember } from './member.ts'
import type { FromStreamMember, ToStreamMember, WorkingRange } from '../common/messages.ts'
import { PartError } from './part-error.ts'
import type { StreamSettings } from '../common/settings.ts'

export interface MemberProgram {
  /** The modules and filters that the settings name. */
  readonly plan: (settings: StreamSettings) => Plan
  /** The program of the pipeline's thread. */
  readonly worker: URL
}

/** Exit code of a member whose pipeline died, as it does of a packet that a library cannot bear. */
const PIPELINE_DIED = 70

/** Nobody is left to kill a member that does not come to its end. */
const ORPHAN_MS = 60_000

/** The process of a member: its supervisor says how to begin and when to end. */
export function runMemberProcess(program: MemberProgram): void {
  collectLessOften()
  const stop = new AbortController()
  process.on('SIGINT', () => {}) // a terminal's Ctrl-C goes to the supervisor too, and it decides
  process.on('SIGTERM', () => stop.abort())
  process.on('disconnect', () => {
    stop.abort()
    setTimeout(() => process.exit(1), ORPHAN_MS).unref()
  })
  process.on('message', (message: ToStreamMember) => {
    if (message.kind === 'stop') stop.abort()
    else void run(program, message.name, message.settings, stop.signal)
  })
}

function send(message: FromStreamMember): void {
  if (process.connected) process.send?.(message)
}

async function run(
  program: MemberProgram,
  name: string,
  settings: StreamSettings,
  stop: AbortSignal
): Promise<void> {
  try {
    await runStreamMember({
      name,
      settings,
      plan: program.plan(settings),
      workerProgram: program.worker,
      stop,
      send,
      onDeath: () => process.exit(PIPELINE_DIED),
      die: (reason, ranges) => fail(reason, 1, ranges, 'slow')
    })
    end(0)
  } catch (error) {
    const known = explain(settings.kafka, error)
    fail(told(known, error), known.exitCode, error instanceof PartError ? error.ranges : [])
  }
}

function told(known: SiskinError, error: unknown): string {
  const stack = error instanceof Error && process.env['SISKIN_DEBUG'] ? `\n${error.stack}` : ''
  return messageOf(known) + stack
}

function fail(
  message: string,
  exitCode: 1 | 2,
  ranges: readonly WorkingRange[],
  strike: Strike = 'death'
): void {
  send({ kind: 'failed', message, exitCode, ranges, strike })
  end(1)
}

/** Once the last message is out. */
function end(code: number): void {
  setTimeout(() => process.exit(code), 50)
}
