import { SiskinError } from '../errors.ts'
import { HangWatch } from '../making/hang-watch.ts'
import type { WatchedThread } from '../making/hang-watch.ts'
import type { FromLayerMember, LayerTask, PartSpan } from './messages.ts'

export interface PoolOptions {
  readonly members: number
  /** See `making/watched.ts`. */
  readonly watched: readonly string[]
  start(): WatchedThread
  /** After a death: what an attempt at a part had begun is finished or removed. */
  recover(part: PartSpan, attempt: number): Promise<void>
  onDone(part: PartSpan, done: Done): void
  /** A part that could not be made, and why: the others go on. */
  onBroken(part: PartSpan, reason: string): void
  onLog(level: 'warn' | 'error', message: string): void
}

type Done = Extract<FromLayerMember, { kind: 'done' }>

interface Job {
  readonly part: PartSpan
  readonly stopped: string[]
  deaths: number
  task: LayerTask | null
}

/** `jobs`: at most one being committed and one being made, in this order. */
interface Seat {
  thread: WatchedThread
  isStarted: boolean
  isReady: boolean
  jobs: Job[]
}

/** A part that ended so many members is left alone. */
const HOPELESS = 2

/**
 * Hands parts to members and keeps the members alive. One that hangs in a module is stopped, and its
 * part made without that module; one that dies has its part tried once more.
 */
export class Pool {
  readonly #options: PoolOptions
  readonly #seats: Seat[] = []
  readonly #jobs: Job[] = []
  readonly #hangs: HangWatch<WatchedThread>
  #parts: AsyncIterator<PartSpan, unknown> = until([], null)
  #asking: 'no' | 'asked' | 'ended' = 'no'
  #next = 1
  #recovering = 0
  #isClosing = false
  #end: { resolve: () => void; reject: (error: Error) => void } | null = null

  constructor(options: PoolOptions) {
    this.#options = options
    this.#hangs = new HangWatch({
      watched: options.watched,
      working: () => this.#seats.flatMap(({ thread, jobs }) => (jobs.length > 0 ? [thread] : [])),
      onHang: (thread, name) => this.#hung(thread, name),
      log: (level, message) => options.onLog(level, message)
    })
  }

  /** Resolves when all parts are made or broken. `stop`: what is in work is finished, nothing new begun. */
  async run(parts: Iterable<PartSpan> | AsyncIterable<PartSpan>, stop: AbortSignal): Promise<void> {
    this.#parts = until(parts, stop)
    const ended = new Promise<void>((resolve, reject) => (this.#end = { resolve, reject }))
    for (let i = 0; i < this.#options.members; i++) {
      const seat: Seat = {
        thread: this.#options.start(),
        isStarted: false,
        isReady: false,
        jobs: []
      }
      this.#seats.push(seat)
      this.#listen(seat)
    }
    await ended
  }

  async close(): Promise<void> {
    this.#isClosing = true
    this.#hangs.close()
    await Promise.all(this.#seats.map(({ thread }) => thread.worker.terminate()))
  }

  #listen(seat: Seat): void {
    const { worker } = seat.thread
    const isNow = () => seat.thread.worker === worker && !this.#isClosing
    worker.on('message', (message: FromLayerMember) => {
      if (isNow()) this.#heard(seat, message)
    })
    worker.on('error', (error) => {
      if (!isNow()) return
      const reason = this.#hangs.died(seat.thread, error)
      if (reason !== null) this.#died(seat, reason)
    })
    worker.on('exit', (code) => {
      if (isNow()) this.#died(seat, `it exited with ${code}`)
    })
  }

  #heard(seat: Seat, message: FromLayerMember): void {
    switch (message.kind) {
      case 'ready':
        seat.isStarted = true
        seat.isReady = true
        this.#assign()
        break
      case 'log':
        this.#options.onLog(message.level, message.message)
        break
      case 'done': {
        const job = taken(seat, message.id)
        if (job) this.#options.onDone(job.part, message)
        this.#assign()
        break
      }
      case 'failed': {
        const job = taken(seat, message.id)
        if (message.isOutage) this.#end?.reject(new SiskinError(message.message, message.exitCode))
        else if (job) this.#options.onBroken(job.part, message.message)
        this.#assign()
      }
    }
  }

  #assign(): void {
    for (const seat of this.#seats) {
      if (!seat.isReady) continue
      const job = this.#jobs.shift()
      if (!job) break
      const stopped = [...job.stopped, ...this.#hangs.off]
      const id = this.#next++
      job.task = { id, part: job.part, attempt: id, stopped }
      seat.isReady = false
      seat.jobs.push(job)
      seat.thread.worker.postMessage(job.task)
    }
    if (!this.#seats.some(({ isReady }) => isReady)) return
    if (this.#asking === 'no') void this.#ask()
    const isIdle = this.#seats.every(({ isReady, jobs }) => isReady && jobs.length === 0)
    if (isIdle && this.#asking === 'ended' && this.#recovering === 0) this.#end?.resolve()
  }

  /** For one part more. */
  async #ask(): Promise<void> {
    this.#asking = 'asked'
    try {
      const next = await this.#parts.next()
      this.#asking = next.done ? 'ended' : 'no'
      if (!next.done) this.#jobs.push({ part: next.value, stopped: [], deaths: 0, task: null })
    } catch (error) {
      this.#end?.reject(error as Error)
    }
    this.#assign()
  }

  #hung(thread: WatchedThread, name: string | null): void {
    const seat = this.#seats.find((one) => one.thread === thread)
    const job = seat?.jobs.at(-1)
    if (!seat || !job) return
    if (name !== null) job.stopped.push(name)
    else job.deaths++
    void this.#replace(seat, 'it made no progress')
  }

  #died(seat: Seat, reason: string): void {
    if (!seat.isStarted) {
      this.#end?.reject(new SiskinError(`a member does not start: ${reason}`))
      return
    }
    const job = seat.jobs.at(-1)
    if (job) job.deaths++
    this.#options.onLog('error', `a member died (${reason}); another takes over`)
    void this.#replace(seat, reason)
  }

  /** A new member in the seat; the parts of the old one are settled, and made again. */
  async #replace(seat: Seat, reason: string): Promise<void> {
    const { jobs, thread } = seat
    seat.thread = this.#options.start()
    seat.isStarted = false
    seat.isReady = false
    seat.jobs = []
    this.#listen(seat)
    this.#recovering++
    try {
      await thread.worker.terminate()
      for (const job of jobs) {
        if (job.task) await this.#options.recover(job.part, job.task.attempt)
        if (job.deaths < HOPELESS) this.#jobs.push(job)
        else this.#options.onBroken(job.part, `it ended its member twice: ${reason}`)
      }
    } catch (error) {
      this.#end?.reject(error as Error)
    }
    this.#recovering--
    this.#assign()
  }
}

/** The job of a seat that is over. */
function taken(seat: Seat, id: number): Job | undefined {
  const job = seat.jobs.find(({ task }) => task?.id === id)
  seat.jobs = seat.jobs.filter((other) => other !== job)
  return job
}

async function* until(
  parts: Iterable<PartSpan> | AsyncIterable<PartSpan>,
  stop: AbortSignal | null
): AsyncGenerator<PartSpan, void> {
  for await (const part of parts) {
    if (stop?.aborted) return
    yield part
  }
}
