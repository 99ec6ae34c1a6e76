import type { Worker } from 'node:worker_threads'
import { messageOf, SiskinError } from '../errors.ts'
import { HangWatch } from '../making/hang-watch.ts'
import type { WatchedThread } from '../making/hang-watch.ts'
import { BLOCK } from '../packets.ts'
import type { PacketRange } from '../packets.ts'
import type { PartRecord } from '../lake/ledger.ts'
import type { Blame } from './blame.ts'
import { parted, strike } from './job.ts'
import type { Job } from './job.ts'
import { attemptOf } from './messages.ts'
import type { FromMember, Work } from './messages.ts'

export interface SupervisorOptions {
  /** At most so many. */
  readonly members: number
  /** What may hang in a member: see `watchedOf`. */
  readonly watched: readonly string[]
  /** What earlier processes died of; null: nothing is known, and nothing is to be noted. */
  readonly blame: Blame | null
  start(): WatchedThread
  /** Number of this run among those of a source. */
  runOf(source: string): number
  /** After a death: the record of a range that was committed all the same; null: do it again. */
  recover(range: PacketRange, attempt: string): Promise<PartRecord | null>
  onRecord(record: PartRecord): void
  onLog(level: 'warn' | 'error', message: string): void
}

/** `jobs`: at most one being committed and one being worked on, in this order. */
interface Slot {
  thread: WatchedThread
  started: boolean
  ready: boolean
  jobs: Job[]
}

/** A single packet that failed so often cannot be brought into quarantine either. */
const HOPELESS = 4

/**
 * Hands ranges to members and keeps the members alive.
 *
 * A member that hangs in a module is stopped; the range goes to its successor with that module left
 * out. A member that dies, or makes no progress elsewhere, is replaced and the range tried once more;
 * after a second death the range is halved until the packet that kills is alone, and that one goes to
 * quarantine.
 */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #slots: Slot[] = []
  readonly #waiting: Job[] = []
  #nextId = 1
  #nextAttempt = 1
  #failure: SiskinError | null = null
  #wake: (() => void)[] = []
  #closing = false
  readonly #hangs: HangWatch<WatchedThread>
  #recovering = 0
  /** Packets that neither the lake nor quarantine takes, and why. */
  readonly stuck: string[] = []
  /** The most memory this process had while members worked. */
  peakMemory = 0

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#hangs = new HangWatch({
      watched: options.watched,
      working: () => this.#slots.flatMap(({ thread, jobs }) => (jobs.length > 0 ? [thread] : [])),
      onHang: (thread, name) => this.#hung(thread, name),
      log: (level, message) => options.onLog(level, message)
    })
  }

  /** Takes a range; resolves when another may be read. `done` is called when it is in the lake. */
  async give(range: PacketRange, done: () => void): Promise<void> {
    const id = this.#nextId++
    this.#waiting.push(...this.#withCare({ id, claimant: id, range, done }))
    this.#enlist()
    this.#assign()
    await this.#until(() => this.#waiting.length < this.#options.members)
  }

  /** As many members as there is work for: the start of one costs more than a small part. */
  #enlist(): void {
    const free = this.#slots.filter(({ ready, started }) => ready || !started).length
    const room = this.#options.members - this.#slots.length
    const wanted = Math.min(room, this.#waiting.length - free)
    for (let i = 0; i < wanted; i++) this.#slots.push(this.#slot())
  }

  /** A job for a range; for each half of it where it is known to have killed a process more than once. */
  #withCare({ id, claimant, range, done }: Pick<Job, 'id' | 'claimant' | 'range' | 'done'>): Job[] {
    const { source, first, count } = range
    const deaths = this.#options.blame?.deathsOf(source, first, first + count - 1) ?? 0
    const reason = deaths > 0 ? 'the process that worked on it died' : ''
    const job = { id, claimant, range, stopped: [], deaths, reason, attempt: 0, done }
    const halves = parted(job, () => this.#nextId++)
    return halves.length < 2 ? [job] : halves.flatMap((half) => this.#withCare(half))
  }

  /** Waits until every range is in the lake. */
  async drain(): Promise<void> {
    await this.#until(() => this.#waiting.length === 0 && this.#recovering === 0 && this.#idle())
  }

  #idle(): boolean {
    return this.#slots.every((slot) => slot.jobs.length === 0)
  }

  async close(): Promise<void> {
    this.#closing = true
    this.#hangs.close()
    await Promise.all(this.#slots.map((slot) => slot.thread.worker.terminate()))
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

  #slot(): Slot {
    const slot: Slot = { thread: this.#options.start(), started: false, ready: false, jobs: [] }
    this.#listen(slot)
    return slot
  }

  #listen(slot: Slot): void {
    const { worker } = slot.thread
    worker.on('message', (message: FromMember) => {
      // What a member said last may come after it was replaced: its ranges are then looked up in the lake.
      if (slot.thread.worker === worker) this.#heard(slot, message)
    })
    worker.on('error', (error) => this.#broke(slot, worker, error))
    worker.on('exit', (code) => this.#died(slot, worker, `it exited with ${code}`))
  }

  #heard(slot: Slot, message: FromMember): void {
    switch (message.kind) {
      case 'ready':
        slot.started = true
        slot.ready = true
        this.#assign()
        break
      case 'log':
        this.#options.onLog(message.level, message.message)
        break
      case 'failed':
        if (message.isOutage) this.#fail(new SiskinError(message.message, message.exitCode))
        else void this.#failed(slot, message.id, message.message)
        break
      case 'done':
        this.peakMemory = Math.max(this.peakMemory, message.memory)
        this.#finish(slot, message.id, message.record)
    }
  }

  #finish(slot: Slot, id: number, record: PartRecord): void {
    const job = slot.jobs.find((other) => other.id === id)
    slot.jobs = slot.jobs.filter((other) => other !== job)
    if (job) this.#landed(job, record)
    this.#assign()
  }

  #fail(error: SiskinError): void {
    this.#failure ??= error
    this.#changed()
  }

  /** The member lives, and could not bring a range into the lake: it is tried again, then halved. */
  async #failed(slot: Slot, id: number, reason: string): Promise<void> {
    const job = slot.jobs.find((other) => other.id === id)
    if (!job) return
    slot.jobs = slot.jobs.filter((other) => other !== job)
    strike(job, reason)
    const { source, first, count } = job.range
    const last = first + count - 1
    this.#options.onLog('error', `${source}, packets ${first} to ${last}: ${reason}`)
    this.#recovering++
    await this.#again(job)
    this.#recovering--
    this.#assign()
    this.#changed()
  }

  #landed(job: Job, record: PartRecord): void {
    this.#options.onRecord(record)
    job.done()
    this.#changed()
  }

  #assign(): void {
    for (const slot of this.#slots) {
      if (!slot.ready || this.#failure) continue
      if (this.#waits()) return
      const job = this.#waiting.shift()
      if (!job) return
      slot.ready = false
      slot.jobs.push(job)
      const { id, claimant, range, deaths } = job
      const stopped = [...job.stopped, ...this.#hangs.off]
      const isAlone = range.blocks.length === BLOCK.size
      const poison = deaths >= 2 && isAlone ? job.reason : null
      const attempt = (job.attempt = this.#nextAttempt++)
      const run = this.#options.runOf(range.source)
      const work: Work = { id, claimant, range, run, attempt, stopped, poison }
      void this.#hand(slot, work)
      this.#changed()
    }
  }

  /** What may have killed a process is worked on alone: else its neighbours would be blamed with it. */
  #waits(): boolean {
    if (!this.#options.blame || this.#idle()) return false
    const working = this.#slots.flatMap((slot) => slot.jobs)
    return [...working, ...this.#waiting.slice(0, 1)].some(({ deaths }) => deaths > 0)
  }

  /** Where a process may die of the work, it is noted first. */
  async #hand(slot: Slot, work: Work): Promise<void> {
    const { worker } = slot.thread
    const jobs = this.#slots.flatMap((other) => other.jobs)
    const ranges = jobs.map(({ range: { source, first, count } }) => {
      return { source, first, last: first + count - 1 }
    })
    try {
      await this.#options.blame?.working(ranges)
    } catch (error) {
      return this.#fail(new SiskinError(messageOf(error)))
    }
    worker.postMessage(work)
  }

  #hung(thread: WatchedThread, name: string | null): void {
    const slot = this.#slots.find((one) => one.thread === thread)
    const job = slot?.jobs.at(-1)
    if (!slot || !job) return
    if (name === null) {
      strike(job, 'it made no progress with it, outside all modules')
      this.#options.onLog('error', 'a member makes no progress; another takes over')
    } else job.stopped.push(name)
    void this.#replace(slot)
  }

  #broke(slot: Slot, worker: Worker, error: Error): void {
    if (this.#closing || slot.thread.worker !== worker) return
    const reason = this.#hangs.died(slot.thread, error)
    if (reason !== null) this.#died(slot, worker, reason)
  }

  #died(slot: Slot, worker: Worker, reason: string): void {
    if (this.#closing || slot.thread.worker !== worker) return
    if (!slot.started) {
      this.#failure ??= new SiskinError(`a member does not start: ${reason}`)
      this.#changed()
      return
    }
    const job = slot.jobs.at(-1)
    if (job) strike(job, reason)
    this.#options.onLog('error', `a member died (${reason}); another takes over`)
    void this.#replace(slot)
  }

  /** A new member in the slot; the ranges of the old one are finished or begun again, before all others. */
  async #replace(slot: Slot): Promise<void> {
    const { jobs, thread } = slot
    slot.thread = this.#options.start()
    slot.started = false
    slot.ready = false
    slot.jobs = []
    this.#listen(slot)
    this.#recovering++
    await thread.worker.terminate()
    for (const job of jobs.toReversed()) await this.#again(job)
    this.#recovering--
    this.#assign()
    this.#changed()
  }

  /** Finds out what became of an attempt that is over; what did not land is done again before all else. */
  async #again(job: Job): Promise<void> {
    try {
      const record = await this.#recover(job)
      if (record) return this.#landed(job, record)
      if (job.deaths < HOPELESS || job.range.blocks.length > BLOCK.size) {
        this.#waiting.unshift(...parted(job, () => this.#nextId++))
        return
      }
      const { source, first } = job.range
      this.stuck.push(`${source}, packet ${first}: ${job.reason}`)
      job.done()
    } catch (error) {
      this.#fail(new SiskinError(messageOf(error)))
    }
  }

  #recover({ range, attempt }: Job): Promise<PartRecord | null> {
    const run = this.#options.runOf(range.source)
    return this.#options.recover(range, attemptOf({ run, attempt }))
  }
}
