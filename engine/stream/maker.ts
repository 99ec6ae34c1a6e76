import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { OutageError } from '../errors.ts'
import type { SiskinError } from '../errors.ts'
import { partName } from '../persist/ledger.ts'
import type { PartRecord } from '../persist/ledger.ts'
import { Beat, MOST_HANGS, Watch } from '../run/messages.ts'
import type { WorkingRange } from './messages.ts'
import { PartError } from './part-error.ts'
import type { Fetched } from './range.ts'
import type { FromWorker, StagedPart, ToWorker, WorkerSettings } from './worker.ts'

export interface MakerOptions {
  /** The program of the pipeline's thread. */
  readonly program: URL
  readonly settings: Omit<WorkerSettings, 'beat'>
  /** Names of the plan's modules, in order. */
  readonly modules: readonly string[]
  readonly onLog: (level: 'warn' | 'error', message: string) => void
  /** The part that is being made waits for something outside, or does no more. */
  readonly onOutside: (waits: boolean) => void
  /** Another part is being made now, or none. */
  readonly onWork: (range: WorkingRange | null) => void
  /** The thread died of something that is no error of ours, or makes no progress outside all modules. */
  readonly onDeath: (reason: string) => void
}

interface Pending {
  readonly fetched: Fetched
  readonly stopped: string[]
  /** Only its files are still to be staged. */
  made: boolean
  readonly resolve: (part: StagedPart) => void
  readonly reject: (error: Error) => void
}

const WATCH_MS = 200
/** What a thread has to write at its end can be written by its successor too. */
const CLOSE_MS = 5000

/**
 * Makes parts in a thread of its own. A thread that hangs in a module is stopped, and its parts are
 * made by its successor with that module left out.
 */
export class Maker {
  readonly #options: MakerOptions
  readonly #pending = new Map<number, Pending>()
  /** Parts that lie staged, until they are committed or dropped: what a new thread has to know of them. */
  readonly #staged = new Map<string, PartRecord>()
  #sources: readonly string[] = []
  readonly #watch: NodeJS.Timeout
  readonly #looks = new Watch()
  readonly #hangs = new Map<string, number>()
  /** Modules that are left out from now on. */
  readonly #off: string[] = []
  /** None while one that hung is being stopped. */
  #worker: Worker | null
  #beat = Beat.memory()
  #nextId = 1
  /** Counts on when the thread is replaced: the name of an attempt is used once. */
  #attempts = 0
  #told: Pending | null = null
  #closed = false
  #onClosed: () => void = () => {}

  constructor(options: MakerOptions) {
    this.#options = options
    this.#worker = this.#start()
    this.#watch = setInterval(() => this.#stopHanging(), WATCH_MS)
  }

  /** Parts are made in the order they are asked for. */
  make(fetched: Fetched): Promise<StagedPart> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++
      this.#pending.set(id, { fetched, stopped: [...this.#off], made: false, resolve, reject })
      this.#tell()
      this.#sendWork(id, fetched, this.#off)
    })
  }

  /** The partitions of a new lease, before any part of it. */
  take(sources: readonly string[]): void {
    this.#sources = sources
    this.#staged.clear()
    this.#send({ kind: 'take', sources })
  }

  committed(part: string): void {
    this.#staged.delete(part)
    this.#send({ kind: 'committed', part })
  }

  /** Parts that wait for a schema fail: their member is to end, or the partitions are another's. */
  giveUp(): void {
    this.#send({ kind: 'giveUp' })
  }

  /** All parts made so far that are not committed never will be. */
  dropped(): void {
    this.#staged.clear()
    this.#send({ kind: 'dropped' })
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#watch)
    const closed = new Promise<void>((resolve) => (this.#onClosed = resolve))
    this.#send({ kind: 'close' })
    if (this.#worker) await Promise.race([closed, delay(CLOSE_MS, null, { ref: false })])
    await this.#worker?.terminate()
  }

  /** The part whose packets are being worked on; none while files are staged. */
  get #current(): Pending | null {
    for (const pending of this.#pending.values()) if (!pending.made) return pending
    return null
  }

  #tell(): void {
    const current = this.#current
    if (current === this.#told) return
    this.#told = current
    if (!current) return this.#options.onWork(null)
    const { source, first, last } = current.fetched
    this.#options.onWork({ source, first, last })
  }

  #sendWork(id: number, fetched: Fetched, stopped: readonly string[]): void {
    this.#send({ kind: 'make', id, attempt: this.#attempts++, fetched, stopped })
  }

  #send(message: ToWorker): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#worker?.postMessage(message)
  }

  #start(): Worker {
    this.#beat = Beat.memory()
    const { program, settings } = this.#options
    const worker = new Worker(program, { workerData: { ...settings, beat: this.#beat } })
    worker.on('message', (message: FromWorker) => {
      if (worker === this.#worker) this.#heard(message) // of one that was stopped, all is made again
    })
    worker.on('error', (error) => this.#died(worker, error.message))
    worker.on('exit', (code) => this.#died(worker, `it exited with ${code}`))
    return worker
  }

  #heard(message: FromWorker): void {
    if (message.kind === 'outside') {
      this.#options.onOutside(message.waits)
      return
    }
    if (message.kind === 'log') {
      this.#options.onLog(message.level, message.message)
      return
    }
    if (message.kind === 'closed') return this.#onClosed()
    const pending = this.#pending.get(message.id)
    if (message.kind === 'made') {
      if (pending) pending.made = true
    } else {
      this.#pending.delete(message.id)
      if (message.kind === 'staged') {
        const { record } = message.part
        this.#staged.set(partName(record.source, record.first, record.last), record)
        pending?.resolve(message.part)
      } else pending?.reject(failureOf(message, pending.fetched))
    }
    this.#tell()
  }

  #died(worker: Worker, reason: string): void {
    if (this.#closed || worker !== this.#worker) return
    this.#end(reason)
  }

  #end(reason: string): void {
    this.#closed = true
    clearInterval(this.#watch)
    this.#options.onDeath(reason)
  }

  #stopHanging(): void {
    if (this.#looks.isLate(WATCH_MS)) return new Beat(this.#beat).renew()
    const current = this.#current
    const module = current ? new Beat(this.#beat).overdue() : null
    if (!current || module === null) return
    const name = this.#options.modules[module]
    if (name === undefined) {
      this.#end('it made no progress with a part, outside all modules')
      return
    }
    this.#options.onLog('error', `module ${name} hangs: the alerts go on without it`)
    current.stopped.push(name)
    this.#countHang(name)
    void this.#replace()
  }

  /** A thread is too dear to lose one at every part. */
  #countHang(name: string): void {
    const hangs = (this.#hangs.get(name) ?? 0) + 1
    this.#hangs.set(name, hangs)
    if (hangs !== MOST_HANGS) return
    this.#options.onLog('error', `module ${name} hung ${hangs} times: it is switched off`)
    this.#off.push(name)
  }

  /** What the old thread had not staged is made again, when it is gone for sure. */
  async #replace(): Promise<void> {
    const old = this.#worker
    this.#beat = Beat.memory() // it tells of nothing until there is a successor
    this.#worker = null
    await old?.terminate()
    if (this.#closed) return
    this.#worker = this.#start()
    this.#send({ kind: 'take', sources: this.#sources })
    for (const record of this.#staged.values()) this.#send({ kind: 'made-before', record })
    for (const [id, pending] of this.#pending) {
      pending.made = false
      const { fetched, stopped } = pending
      this.#sendWork(id, fetched, stopped)
    }
    this.#tell()
  }
}

function failureOf(
  { message, isOutage }: Extract<FromWorker, { kind: 'failed' }>,
  { source, first, last }: Fetched
): SiskinError {
  return isOutage ? new OutageError(message) : new PartError(message, [{ source, first, last }])
}
