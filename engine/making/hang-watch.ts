import { setTimeout as delay } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { Beat } from './beat.ts'
import type { Overdue } from './beat.ts'

type Log = (level: 'error', message: string) => void

/** A look that comes later than this behind its time says nothing: the whole process stood still. */
const LATE_MS = 1000
/** A thread is too dear to lose one at every part: what hung so often is switched off. */
const MOST_HANGS = 5
/** Who uses no processor either waits for one, or for ever: so many budgets tell which. */
const MOST_BUDGETS = 10
/** A thread in a loop of JavaScript answers within milliseconds, one in native code not at all. */
const ANSWER_MS = 2000
const LOOK_MS = 200

/** A thread that makes parts. */
export interface WatchedThread {
  readonly worker: Worker
  readonly beat: SharedArrayBuffer
}

export interface HangWatchOptions<T extends WatchedThread> {
  /** See `watched.ts`. */
  readonly watched: readonly string[]
  /** The threads that are at work now. */
  readonly working: () => readonly T[]
  /** `name` of what hangs in a thread; null: something outside all modules and filters. */
  readonly onHang: (thread: T, name: string | null) => void
  readonly log: Log
}

/**
 * Looks at threads that make parts, and keeps in mind what hung in them. What is late by the clock hangs only if its thread
 * has had the processor for as long: on a machine that is overloaded everything is late, and nobody's fault.
 */
export class HangWatch<T extends WatchedThread> {
  readonly #options: HangWatchOptions<T>
  readonly #timer: NodeJS.Timeout
  readonly #hangs = new Map<string, number>()
  readonly #off: string[] = []
  readonly #asked = new Set<Worker>()
  #last = performance.now()

  constructor(options: HangWatchOptions<T>) {
    this.#options = options
    this.#timer = setInterval(() => this.#look(), LOOK_MS)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /** Names of what is left out from now on. */
  get off(): readonly string[] {
    return this.#off
  }

  #look(): void {
    const now = performance.now()
    const isLate = now - this.#last > LOOK_MS + LATE_MS
    this.#last = now
    for (const thread of this.#options.working()) {
      const beat = new Beat(thread.beat)
      if (isLate) beat.renew()
      const overdue = beat.overdue()
      if (overdue && !this.#asked.has(thread.worker)) void this.#judge(thread, overdue)
    }
  }

  async #judge(thread: T, overdue: Overdue): Promise<void> {
    const { worker, beat } = thread
    this.#asked.add(worker)
    const spent = await Promise.race([cpuOf(worker), delay(ANSWER_MS, null, { ref: false })])
    this.#asked.delete(worker)
    const { working, watched, onHang } = this.#options
    const isOver = new Beat(beat).overdue()?.began !== overdue.began
    if (isOver || !working().includes(thread)) return
    const { number, budgetMs, wallMs, cpuMs } = overdue
    const isWaiting = spent !== null && spent - cpuMs < budgetMs
    if (isWaiting && wallMs < MOST_BUDGETS * budgetMs) return
    const name = watched[number] ?? null
    if (name !== null) this.#count(name)
    onHang(thread, name)
  }

  #count(name: string): void {
    const { log } = this.#options
    log('error', `${name} hangs: its thread is stopped, the alerts go on without it`)
    const hangs = (this.#hangs.get(name) ?? 0) + 1
    this.#hangs.set(name, hangs)
    if (hangs !== MOST_HANGS) return
    log('error', `${name} hung ${hangs} times: it is switched off`)
    this.#off.push(name)
  }
}

/** Processor time that a thread has spent, ms; null for one that is gone. */
async function cpuOf(worker: Worker): Promise<number | null> {
  try {
    const { user, system } = await worker.cpuUsage()
    return (user + system) / 1000
  } catch {
    return null
  }
}
