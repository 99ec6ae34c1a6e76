import { Worker } from 'node:worker_threads'
import { SiskinError } from '../errors.ts'
import { Beat } from '../run/messages.ts'
import type { WorkingRange } from './messages.ts'
import type { Fetched } from './range.ts'
import type { FromWorker, StagedPart, ToWorker, WorkerSettings } from './worker.ts'

export interface MakerOptions {
  /** The program of the pipeline's thread. */
  readonly program: URL
  readonly settings: Omit<WorkerSettings, 'beat'>
  /** Names of the plan's modules, in order. */
  readonly modules: readonly string[]
  readonly onLog: (level: 'warn' | 'error', message: string) => void
  /** Another part is being made now, or none. */
  readonly onWork: (range: WorkingRange | null) => void
  /** The thread died of something that is no error of ours. */
  readonly onDeath: (reason: string) => void
}

interface Pending {
  readonly fetched: Fetched
  readonly stopped: string[]
  readonly resolve: (part: StagedPart) => void
  readonly reject: (error: Error) => void
}

const WATCH_MS = 200

/**
 * Makes parts in a thread of its own. A thread that hangs in a module is stopped, and its parts are
 * made by its successor with that module left out.
 */
export class Maker {
  readonly #options: MakerOptions
  readonly #pending = new Map<number, Pending>()
  readonly #watch: NodeJS.Timeout
  #worker: Worker
  #beat = Beat.memory()
  #nextId = 1
  #closed = false

  constructor(options: MakerOptions) {
    this.#options = options
    this.#worker = this.#start()
    this.#watch = setInterval(() => this.#stopHanging(), WATCH_MS)
  }

  /** Parts are made in the order they are asked for. */
  make(fetched: Fetched): Promise<StagedPart> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++
      this.#pending.set(id, { fetched, stopped: [], resolve, reject })
      if (this.#pending.size === 1) this.#tell()
      this.#send({ kind: 'make', id, fetched, stopped: [] })
    })
  }

  committed(part: string): void {
    this.#send({ kind: 'committed', part })
  }

  /** All parts made so far that are not committed never will be. */
  dropped(): void {
    this.#send({ kind: 'dropped' })
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#watch)
    await this.#worker.terminate()
  }

  #tell(): void {
    const [current] = this.#pending.values()
    if (!current) return this.#options.onWork(null)
    const { source, first, last } = current.fetched
    this.#options.onWork({ source, first, last })
  }

  #send(message: ToWorker): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#worker.postMessage(message)
  }

  #start(): Worker {
    this.#beat = Beat.memory()
    const { program, settings } = this.#options
    const worker = new Worker(program, { workerData: { ...settings, beat: this.#beat } })
    worker.on('message', (message: FromWorker) => this.#heard(message))
    worker.on('error', (error) => this.#died(worker, error.message))
    worker.on('exit', (code) => this.#died(worker, `it exited with ${code}`))
    return worker
  }

  #heard(message: FromWorker): void {
    if (message.kind === 'log') {
      this.#options.onLog(message.level, message.message)
      return
    }
    const pending = this.#pending.get(message.id)
    this.#pending.delete(message.id)
    this.#tell()
    if (message.kind === 'staged') pending?.resolve(message.part)
    else pending?.reject(new SiskinError(message.message))
  }

  #died(worker: Worker, reason: string): void {
    if (this.#closed || worker !== this.#worker) return
    this.#closed = true
    clearInterval(this.#watch)
    this.#options.onDeath(reason)
  }

  #stopHanging(): void {
    const [first] = this.#pending.values()
    const module = first ? new Beat(this.#beat).overdue() : null
    if (!first || module === null) return
    const name = this.#options.modules[module] ?? 'unknown'
    this.#options.onLog('error', `module ${name} hangs: the alerts go on without it`)
    first.stopped.push(name)
    const old = this.#worker
    this.#worker = this.#start()
    void old.terminate()
    for (const [id, { fetched, stopped }] of this.#pending) {
      this.#send({ kind: 'make', id, fetched, stopped })
    }
  }
}
