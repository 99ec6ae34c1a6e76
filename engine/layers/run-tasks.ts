import { Worker } from 'node:worker_threads'
import type { Plan } from '../enrich/plan.ts'
import { messageOf } from '../errors.ts'
import { layersIn } from '../lake/layers.ts'
import { Beat } from '../making/beat.ts'
import { watchedOf } from '../making/watched.ts'
import { Tally } from '../run/tally.ts'
import { openStore } from '../store/open-store.ts'
import type { LayerMemberSettings } from './messages.ts'
import { Pool } from './pool.ts'
import { parseTask, workKey, workOfTask } from './task.ts'
import type { Task, TaskAnswer } from './task.ts'
import type { LayerWork } from './work.ts'

export interface TaskOptions {
  /** All modules and filters that there are. */
  readonly plan: Plan
  readonly members: number
  /** Folder of the catalogues that modules and filters ask; null: none. */
  readonly catalogues: string | null
  readonly memberProgram: URL
  /** Aborted: what is in work is finished, no other task begun. */
  readonly signal: AbortSignal
  readonly crash: LayerMemberSettings['crash']
  readonly onAnswer: (answer: TaskAnswer) => void
  /** After the last task of a lake. */
  readonly onLake: (lake: string) => Promise<void>
  readonly onLog: (level: 'warn' | 'error', message: string) => void
}

/**
 * Makes the parts of a plan's tasks as their lines come, each answered. Those that are taken twice, here or elsewhere, at
 * once or later, are made once.
 * @throws what no task can help, such as a store that does not answer: tasks without an answer are to be given again
 */
export async function runTasks(lines: AsyncIterable<string>, options: TaskOptions): Promise<void> {
  const tasks = new Tasks(lines, options.onAnswer)
  for (let next = await tasks.peek(); next && !options.signal.aborted; next = await tasks.peek()) {
    let work: LayerWork
    try {
      work = workOfTask(next, options.plan)
    } catch (error) {
      options.onAnswer(failed(next, messageOf(error)))
      tasks.drop()
      continue
    }
    await poolOf(next, work, tasks, options)
    await options.onLake(next.lake)
  }
}

/** The members of one work take its tasks until one of another comes. */
async function poolOf(
  { lake, layers, asOf }: Task,
  work: LayerWork,
  tasks: Tasks,
  { members, catalogues, memberProgram, signal, crash, onAnswer, onLog }: TaskOptions
): Promise<void> {
  const settings: Omit<LayerMemberSettings, 'beat'> = {
    lake,
    modules: work.modules.map(({ name }) => name),
    filters: work.filters.map(({ name }) => name),
    asOf,
    catalogues,
    layers: await layersIn(openStore(lake)),
    runs: layers,
    isShared: true,
    crash
  }
  const pool = new Pool({
    members,
    watched: watchedOf({ ...work.plan, modules: work.modules, filters: work.filters }),
    start: () => {
      const beat = Beat.memory()
      const workerData: LayerMemberSettings = { ...settings, beat }
      return { worker: new Worker(memberProgram, { workerData }), beat }
    },
    recover: async () => {}, // the next claim of the task does
    onDone: (part, { records }) => {
      const tally = new Tally()
      for (const record of records) tally.add(record)
      const { source, first, last, alerts } = part
      const { modules, topics } = tally
      const status = records.length > 0 ? 'made' : 'there'
      onAnswer({ source, first, last, status, alerts, modules, topics })
    },
    onBroken: (part, reason) => onAnswer(failed(part, reason)),
    onLog
  })
  try {
    await pool.run(tasks.ofOneWork(), signal)
  } finally {
    await pool.close()
  }
}

function failed(
  { source, first, last, alerts }: Pick<Task, 'source' | 'first' | 'last' | 'alerts'>,
  reason: string
): TaskAnswer {
  return { source, first, last, status: 'failed', alerts, modules: {}, topics: {}, reason }
}

/** Tasks line by line. A line that is none is answered and passed over. */
class Tasks {
  readonly #lines: AsyncIterator<string>
  readonly #onAnswer: (answer: TaskAnswer) => void
  #next: Task | null = null

  constructor(lines: AsyncIterable<string>, onAnswer: (answer: TaskAnswer) => void) {
    this.#lines = lines[Symbol.asyncIterator]()
    this.#onAnswer = onAnswer
  }

  async peek(): Promise<Task | null> {
    while (!this.#next) {
      const line = await this.#lines.next()
      if (line.done) return null
      if (line.value.trim() === '') continue
      try {
        this.#next = parseTask(line.value)
      } catch (error) {
        const nobody = { source: '', first: 0, last: 0, alerts: 0 }
        this.#onAnswer(failed(nobody, messageOf(error)))
      }
    }
    return this.#next
  }

  drop(): void {
    this.#next = null
  }

  /** Until one of another work is next. */
  async *ofOneWork(): AsyncGenerator<Task, void> {
    const first = await this.peek()
    for (let next = first; next && workKey(next) === workKey(first!); next = await this.peek()) {
      this.drop()
      yield next
    }
  }
}
