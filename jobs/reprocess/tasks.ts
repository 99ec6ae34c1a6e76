import { createReadStream } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import { InvalidArgumentError } from 'commander'
import { planTasks } from '../../engine/layers/plan-tasks.ts'
import { runTasks } from '../../engine/layers/run-tasks.ts'
import { keepViews } from '../../engine/layers/views.ts'
import type { LayerWork } from '../../engine/layers/work.ts'
import type { Nights } from '../../engine/reread/alert-files.ts'
import { openStore } from '../../engine/store/open-store.ts'
import type { Store } from '../../engine/store/store.ts'
import { crashPoint } from '../common/crash-point.ts'
import { interruptible } from '../common/interrupt.ts'
import { planFor } from '../common/registries.ts'
import type { Settings } from '../settings/settings.ts'
import { placeOf } from '../views/views.ts'

/** One of so many who share a plan; they are counted from 0. */
export interface Share {
  readonly index: number
  readonly of: number
}

/** `3/16`. @throws InvalidArgumentError */
export function shareOf(text: string): Share {
  const [, index, of] = /^(\d+)\/(\d+)$/.exec(text) ?? []
  const share = { index: Number(index), of: Number(of) }
  if (share.index < share.of) return share
  throw new InvalidArgumentError('write 0/16 to 15/16: which of how many, counted from 0.')
}

/** Prints the tasks of a reprocessing, a line each. Records that cannot be read are named on standard error. */
export async function printPlan(
  store: Store,
  work: LayerWork,
  nights: Nights | null,
  { index, of }: Share
): Promise<void> {
  const place = placeOf(store.root)
  const onLog = (level: string, message: string) => console.error(`${level}: ${message}`)
  const { tasks, bad } = await planTasks({ store, place, work, nights, onLog })
  const own = tasks.filter((_, i) => i % of === index)
  if (own.length > 0) {
    process.stdout.write(own.map((task) => `${JSON.stringify(task)}\n`).join(''))
  }
  for (const { path, reason } of bad) console.error(`siskin: ${path}: ${reason}`)
  process.exitCode = bad.length > 0 ? 1 : 0
}

/** Takes the tasks of a file, or `-` for standard input, and answers each with a line. */
export async function takeTasks(file: string, { members, catalogues }: Settings): Promise<void> {
  const interrupt = interruptible()
  const { signal } = interrupt
  const input = file === '-' ? process.stdin : createReadStream(file)
  const lines = createInterface({ input, crlfDelay: Infinity })
  signal.addEventListener('abort', () => lines.close())
  try {
    await runTasks(lines, {
      plan: planFor({ modules: null, filters: null }),
      members: members ?? availableParallelism(),
      catalogues: catalogues ?? null,
      memberProgram: new URL('./member.ts', import.meta.url),
      signal,
      crash: crashPoint(),
      onAnswer: (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`),
      onLake: (lake) => keepViews(openStore(lake), lake),
      onLog: (level, message) => console.error(`${level}: ${message}`)
    })
  } finally {
    interrupt.end()
    lines.close()
  }
  if (signal.aborted) process.exitCode = 130
}
