import type { MessagePort } from 'node:worker_threads'
import { Beat } from '../making/beat.ts'
import { failureOf } from '../making/failure.ts'
import type { OnStep } from '../lake/two-phase-commit.ts'
import { openResources } from '../resources/resources.ts'
import { openStore } from '../store/open-store.ts'
import { LayerMaker } from './layer-maker.ts'
import type { FromLayerMember, LayerMemberSettings, LayerTask } from './messages.ts'
import type { LayerWork } from './work.ts'

/** A member that makes the layers of one part after the other. It knows no other member. */
export async function runLayerMember(
  port: MessagePort,
  settings: LayerMemberSettings,
  work: LayerWork
): Promise<void> {
  const { lake, layers, runs, isShared, beat, catalogues, asOf } = settings
  const send = (message: FromLayerMember) => port.postMessage(message)
  const { modules, filters } = work
  const plan = { ...work.plan, modules, filters }
  const log = (level: 'warn' | 'error', message: string) => send({ kind: 'log', level, message })
  const warn = (message: string) => log('warn', message)
  const resources = await openResources(plan, { catalogues, asOf, isChecked: true, warn })
  const maker = new LayerMaker({
    store: openStore(lake),
    work,
    resources,
    layers,
    runs,
    isShared,
    beat: new Beat(beat),
    log
  })

  let committing = Promise.resolve()

  /** The commit waits for the disk: meanwhile the next part is made, but no further one. */
  const run = async ({ id, part, attempt, stopped }: LayerTask) => {
    const { newer, commit } = await maker.part(part, attempt, new Set(stopped))
    await committing
    committing = commit(crashAt(settings, part.first)).then(
      (records) => send({ kind: 'done', id, records, newer, memory: process.memoryUsage.rss() }),
      (error: unknown) => send({ kind: 'failed', id, ...failureOf(error) })
    )
    send({ kind: 'ready' })
  }

  port.on('message', (task: LayerTask) => {
    void run(task).catch((error: unknown) => {
      send({ kind: 'failed', id: task.id, ...failureOf(error) })
      send({ kind: 'ready' })
    })
  })
  send({ kind: 'ready' })
}

/** Tests kill the process at a step of the commit of the part that begins at a packet. */
function crashAt({ crash }: LayerMemberSettings, first: number): OnStep {
  if (crash?.first !== first) return () => {}
  return (step) => {
    if (step === crash.step) process.kill(process.pid, 'SIGKILL')
  }
}
