import type { Worker } from 'node:worker_threads'
import { SiskinError } from '../errors.ts'
import type { PacketRange } from '../packets.ts'
import type { PartRecord } from '../persist/ledger.ts'
import { Beat } from './messages.ts'
import type { FromMember, Work } from './messages.ts'
import { split } from './split.ts'

export interface MemberThread {
  readonly worker: Worker
  readonly beat: SharedArrayBuffer
}

export interface SupervisorOptions {
  readonly members: number
  /** Names of the plan's modules, in order. */
  readonly modules: readonly string[]
  start(): MemberThread
  onRecord(record: PartRecord): void
  onLog(level: 'warn' | 'error', message: string): void
}

/** A range in the hands of the members, and how it went so far. */
interface Job {
  readonly id: number
  readonly range: PacketRange
  readonly stopped: string[]
  deaths: number
  readonly done: () => void
}

interface Seat {
  thread: MemberThread
  ready: boolean
  job: Job | null
}

const WATCH_MS = 200

/**
 * Hands ranges to members and keeps the members alive.
 *
 * A member that hangs in a module is stopped; the range goes to its successor with that module left
 * out. A member that dies is replaced and the range tried once more; after a second death the range
 * is halved until the packet that kills is alone, and that one goes to quarantine.
 */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #seats: Seat[] = []
  readonly #waiting: Job[] = []
  #nextId = 1
  #failure: SiskinError | null = null
  #wake: (() => void)[] = []
  #watch: NodeJS.Timeout | null = null
  #closing = false
  /** The most memory this process had while members worked. */
  peakMemory = 0

  constructor(options: SupervisorOptions) {
    this.#options = options
    for (let i = 0; i < options.members; i++) this.#seats.push(this.#seat())
    this.#watch = setInterval(() => this.#stopHanging(), WATCH_MS)
  }

  /** Takes a range; resolves when a member is free to begin the one after it. `done` when it is in the lake. */
  async give(range: PacketRange, done: () => void): Promise<void> {
    this.#waiting.push({ id: this.#nextId++, range, stopped: [], deaths: 0, done })
    this.#assign()
    await this.#until(() => this.#waiting.length < this.#options.members)
  }

  /** Waits until every range is in the lake. */
  async drain(): Promise<void> {
    await this.#until(() => this.#waiting.length === 0 && this.#seats.every((seat) => !seat.job))
  }

  async close(): Promise<void> {
    this.#closing = true
    if (this.#watch) clearInterval(this.#watch)
    await Promise.all(this.#seats.map((seat) => seat.thread.worker.terminate()))
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!this.#failure && !holds()) await new Promise<void>((wake) => this.#wake.push(wake))
    if (this.#failure) throw this.#failure
  }

  #changed(): void {
    const wake = this.#wake
    this.#wake = []
    for (const go of wake) go()
  }

  #seat(): Seat {
    const seat: Seat = { thread: this.#options.start(), ready: false, job: null }
    this.#listen(seat)
    return seat
  }

  #listen(seat: Seat): void {
    const { worker } = seat.thread
    worker.on('message', (message: FromMember) => this.#heard(seat, message))
    worker.on('error', (error) => this.#died(seat, worker, error.message))
    worker.on('exit', (code) => this.#died(seat, worker, `it exited with ${code}`))
  }

  #heard(seat: Seat, message: FromMember): void {
    switch (message.kind) {
      case 'ready':
        seat.ready = true
        this.#assign()
        break
      case 'log':
        this.#options.onLog(message.level, message.message)
        break
      case 'memory':
        this.peakMemory = Math.max(this.peakMemory, message.bytes)
        break
      case 'failed':
        this.#failure ??= new SiskinError(message.message, message.exitCode)
        seat.job = null
        this.#changed()
        break
      case 'done': {
        const { job } = seat
        seat.job = null
        this.#options.onRecord(message.record)
        job?.done()
        this.#assign()
        this.#changed()
      }
    }
  }

  #assign(): void {
    for (const seat of this.#seats) {
      if (!seat.ready || seat.job || this.#failure) continue
      const job = this.#waiting.shift()
      if (!job) return
      seat.job = job
      const { id, range, stopped, deaths } = job
      const poison = deaths >= 2 && range.count === 1
      const work: Work = { id, range, stopped, poison }
      seat.thread.worker.postMessage(work)
      this.#changed()
    }
  }

  #stopHanging(): void {
    for (const seat of this.#seats) {
      const module = seat.job && new Beat(seat.thread.beat).overdue()
      if (module === null || module === undefined) continue
      const name = this.#options.modules[module] ?? 'unknown'
      this.#options.onLog(
        'error',
        `module ${name} hangs: its member is stopped, the alerts go on without it`
      )
      seat.job?.stopped.push(name)
      this.#replace(seat)
    }
  }

  #died(seat: Seat, worker: Worker, reason: string): void {
    if (this.#closing || seat.thread.worker !== worker) return
    if (!seat.ready) {
      this.#failure ??= new SiskinError(`a member does not start: ${reason}`)
      this.#changed()
      return
    }
    if (seat.job) seat.job.deaths++
    this.#options.onLog('error', `a member died (${reason}); another takes over`)
    this.#replace(seat)
  }

  /** A new member in the seat; the range of the old one goes to the front of the queue. */
  #replace(seat: Seat): void {
    const { job } = seat
    const old = seat.thread.worker
    seat.thread = this.#options.start()
    seat.ready = false
    seat.job = null
    this.#listen(seat)
    void old.terminate()
    if (job) this.#waiting.unshift(...this.#again(job))
    this.#assign()
  }

  #again(job: Job): Job[] {
    if (job.deaths < 2 || job.range.count === 1) return [job]
    const halves = split(job.range)
    if (halves.length === 1) return [job]
    let left = halves.length
    const done = () => {
      if (--left === 0) job.done()
    }
    return halves.map((range) => ({
      id: this.#nextId++,
      range,
      stopped: job.stopped,
      deaths: 1,
      done
    }))
  }
}
