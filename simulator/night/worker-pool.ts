import { Worker } from 'node:worker_threads'
import { NightMaker } from './night.ts'
import type { Chunk, ChunkResult } from './night.ts'
import type { NightPlan } from './options.ts'

/** Whoever makes the chunks of a night; they come in order. */
export interface WorkerPool {
  night(night: number): AsyncGenerator<ChunkResult>
  /** Exposures that the schedule has in a night. */
  exposures(night: number): number
  close(): Promise<void>
}

export function makeWorkerPool(plan: NightPlan): WorkerPool {
  return plan.processes === 1 ? new Alone(plan) : new Team(plan)
}

class Alone implements WorkerPool {
  #maker: NightMaker

  constructor(plan: NightPlan) {
    this.#maker = new NightMaker(plan)
  }

  async *night(night: number): AsyncGenerator<ChunkResult> {
    for (const chunk of this.#maker.chunks(night)) yield this.#maker.make(chunk)
  }

  exposures(night: number): number {
    return this.#maker.cadence.plan(night).count
  }

  async close(): Promise<void> {}
}

/** Worker threads; a worker has one chunk in hand and one waiting, which bounds the memory. */
class Team implements WorkerPool {
  #maker: NightMaker
  #workers: ChunkWorker[]

  constructor(plan: NightPlan) {
    this.#maker = new NightMaker(plan)
    this.#workers = Array.from({ length: plan.processes }, () => new ChunkWorker(plan))
  }

  async *night(night: number): AsyncGenerator<ChunkResult> {
    const chunks = this.#maker.chunks(night)
    const results: (Promise<ChunkResult> | undefined)[] = []
    let next = 0
    const start = (): void => {
      const chunk = chunks[next]
      const worker = this.#workers[next % this.#workers.length]
      if (chunk && worker) results[next++] = worker.make(chunk)
    }
    for (let i = 0; i < this.#workers.length * 2; i++) start()
    for (let i = 0; i < chunks.length; i++) {
      const result = await results[i]
      results[i] = undefined
      start()
      if (result) yield result
    }
  }

  exposures(night: number): number {
    return this.#maker.cadence.plan(night).count
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()))
  }
}

interface Question {
  readonly resolve: (result: ChunkResult) => void
  readonly reject: (error: Error) => void
}

/** One worker thread and the chunks it was asked for, answered in order. */
class ChunkWorker {
  #thread: Worker
  #questions: Question[] = []
  #failed: Error | null = null

  constructor(plan: NightPlan) {
    const file = new URL('./worker.ts', import.meta.url)
    this.#thread = new Worker(file, { workerData: plan })
    this.#thread.on('message', (result: ChunkResult) => this.#questions.shift()?.resolve(result))
    this.#thread.on('error', (error) => this.#fail(error))
    this.#thread.on('exit', () => this.#fail(new Error('a simulator worker ended early')))
  }

  make(chunk: Chunk): Promise<ChunkResult> {
    if (this.#failed) return Promise.reject(this.#failed)
    const { promise, resolve, reject } = Promise.withResolvers<ChunkResult>()
    promise.catch(() => undefined)
    this.#questions.push({ resolve, reject })
    this.#thread.postMessage(chunk, [])
    return promise
  }

  async close(): Promise<void> {
    await this.#thread.terminate()
  }

  #fail(error: Error): void {
    this.#failed ??= error
    for (const question of this.#questions.splice(0)) question.reject(this.#failed)
  }
}
