import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { OutageError } from '../../errors.ts'
import type { SiskinError } from '../../errors.ts'
import { Beat } from '../../making/beat.ts'
import { HangWatch } from '../../making/hang-watch.ts'
import type { WatchedThread } from '../../making/hang-watch.ts'
import { partName } from '../../lake/ledger.ts'
import type { PartRecord } from '../../lake/ledger.ts'
import type { WorkingRange } from '../common/messages.ts'
import { PartError } from './part-error.ts'
import type { Fetched } from './range.ts'
import type { FromWorker, StagedPart, ToWorker, WorkerSettings } from './worker.ts'

export interface MakerOptions {
  /** The program of the pipeline's thread. */
  readonly program: URL
  readonly settings: Omit<WorkerSettings, 'beat'>
  /** What may hang in it: see `watchedOf`. */
  readonly watched: readonly string[]
  readonly onLog: (level: 'warn' | 'error', message: string) => void
  /** What outside the part that is being made waits for; null: for nothing any more. */
  readonly onOutside: (waitsFor: string | null) => void
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

/** What a thread has to write at its end can be written by its successor too. */
const CLOSE_MS = 5000

/**
 * Makes parts in a thread of its own. A thread that hangs in a module or filter is stopped, and its parts are
 * made by its successor with that one left out.
 */
export class Maker {
  readonly #options: MakerOptions
  readonly #pending = new Map<number, Pending>()
  /** Parts that lie staged, until they are committed or dropped: what a new thread has to know of them. */
  readonly #staged = new Map<string, PartRecord>()
  #sources: readonly string[] = []
  readonly #hangs: HangWatch<WatchedThread>
  /** None while one that hung is being stopped. */
  #thread: WatchedThread | null
  #nextId = 1
  /** Counts on when the thread is replaced: the name of an attempt is used once. */
  #attempts = 0
  #told: Pending | null = null
  #closed = false
  #onClosed: () => void = () => {}

  constructor(options: MakerOptions) {
    this.#options = options
    this.#hangs = new HangWatch({
      watched: options.watched,
      working: () => (this.#thread && this.#current ? [this.#thread] : []),
      onHang: (_, name) => this.#hung(name),
      log: options.onLog
    })
    this.#thread = this.#start()
  }

  /** Parts are made in the order they are asked for. */
  make(fetched: Fetched): Promise<StagedPart> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++
      this.#pending.set(id, {
        fetched,
        stopped: [...this.#hangs.off],
        made: false,
        resolve,
        reject
      })
      this.#tell()
      this.#sendWork(id, fetched, this.#hangs.off)
    })
  }

  /** The partitions of a new assignment, before any part of it. */
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
    this.#hangs.close()
    const closed = new Promise<void>((resolve) => (this.#onClosed = resolve))
    this.#send({ kind: 'close' })
    if (this.#thread) await Promise.race([closed, delay(CLOSE_MS, null, { ref: false })])
    await this.#thread?.worker.terminate()
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
    this.#thread?.worker.postMessage(message)
  }

  #start(): WatchedThread {
    const beat = Beat.memory()
    const { program, settings } = this.#options
    const worker = new Worker(program, { workerData: { ...settings, beat } })
    worker.on('message', (message: FromWorker) => {
      if (worker === this.#thread?.worker) this.#heard(message) // of one that was stopped, all is made again
    })
    worker.on('error', (error) => this.#broke(worker, error))
    worker.on('exit', (code) => this.#died(worker, `it exited with ${code}`))
    return { worker, beat }
  }

  #heard(message: FromWorker): void {
    if (message.kind === 'outside') {
      this.#options.onOutside(message.waitsFor)
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
      } else pending?.reject(errorOf(message, pending.fetched))
    }
    this.#tell()
  }

  #broke(worker: Worker, error: Error): void {
    if (this.#closed || worker !== this.#thread?.worker) return
    const reason = this.#hangs.died(this.#thread, error)
    if (reason !== null) this.#end(reason)
  }

  #died(worker: Worker, reason: string): void {
    if (this.#closed || worker !== this.#thread?.worker) return
    this.#end(reason)
  }

  #end(reason: string): void {
    this.#closed = true
    this.#hangs.close()
    this.#options.onDeath(reason)
  }

  #hung(name: string | null): void {
    if (name === null) return this.#end('it made no progress with a part, outside all modules')
    this.#current?.stopped.push(name)
    void this.#replace()
  }

  /** What the old thread had not staged is made again, when it is gone for sure. */
  async #replace(): Promise<void> {
    const old = this.#thread
    this.#thread = null
    await old?.worker.terminate()
    if (this.#closed) return
    this.#thread = this.#start()
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

function errorOf(
  { message, isOutage }: Extract<FromWorker, { kind: 'failed' }>,
  { source, first, last }: Fetched
): SiskinError {
  return isOutage ? new OutageError(message) : new PartError(message, [{ source, first, last }])
}
