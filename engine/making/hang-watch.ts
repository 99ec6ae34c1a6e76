import { setTimeout as delay } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { codeOf } from '../errors.ts'
import { Beat, cpuSince, withMargin } from './beat.ts'
import type { Overdue } from './beat.ts'

type Log = (level: 'error', message: string) => void

/** A look that comes later than this behind its time says nothing: the whole process stood still. */
const LATE_MS = 1000
/** A thread is too dear to lose one at every part: what hung so often is switched off. */
const MOST_HANGS = 5
/** Who uses no processor either waits for one, or for ever: so many budgets tell which. */
const MOST_BUDGETS = 10
/** By then it is judged, at the latest, what has this budget. */
export function judgedAfterMs(budgetMs: number): number {
  return withMargin(budgetMs) * MOST_BUDGETS + ANSWER_MS + LATE_MS
}

/** A thread in a loop of JavaScript answers within milliseconds, one in native code not at all. */
const ANSWER_MS = 2000
/** So many budgets by the clock before one that does not answer is taken for hanging. */
const LEAST_UNANSWERED = 3
const LOOK_MS = 200
const FULL = 'fills the memory of its thread: that is stopped'
const FULL_SHARE = 0.8

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
    const late = delay(ANSWER_MS, null, { ref: false })
    const [spent, isFull] = await Promise.all([
      Promise.race([cpuOf(worker), late]),
      Promise.race([isMemoryFull(worker), late])
    ])
    this.#asked.delete(worker)
    const { working, watched, onHang } = this.#options
    const isOver = new Beat(beat).overdue()?.began !== overdue.began
    if (isOver || !working().includes(thread)) return
    const { number, budgetMs, wallMs } = overdue
    if (spent === null && !isFull && wallMs < LEAST_UNANSWERED * budgetMs) return // it may only be slow to answer
    const isWaiting = spent !== null && cpuSince(overdue, spent) < budgetMs
    if (isWaiting && wallMs < MOST_BUDGETS * budgetMs) return
    const name = watched[number] ?? null
    if (name !== null) this.#count(name, isFull ? FULL : 'hangs: its thread is stopped')
    onHang(thread, name)
  }

  /**
   * A thread ended with an error. What filled its memory goes as what hangs does.
   * @returns why, in words, where nothing that is watched is to blame; else null, and `onHang` was called
   */
  died(thread: T, error: Error): string | null {
    if (codeOf(error) !== 'ERR_WORKER_OUT_OF_MEMORY') return error.message
    const { watched, onHang } = this.#options
    const name = watched[new Beat(thread.beat).number ?? watched.length]
    if (name === undefined) return 'its memory was full, outside all modules and filters'
    this.#count(name, FULL)
    onHang(thread, name)
    return null
  }

  #count(name: string, what: string): void {
    const { log } = this.#options
    log('error', `${name} ${what}, the alerts go on without it`)
    const hangs = (this.#hangs.get(name) ?? 0) + 1
    this.#hangs.set(name, hangs)
    if (hangs !== MOST_HANGS) return
    log('error', `${name} had to be stopped ${hangs} times: it is switched off`)
    this.#off.push(name)
  }
}

/** A thread whose memory is full collects garbage for a long time before it ends. */
async function isMemoryFull(worker: Worker): Promise<boolean> {
  try {
    const { used_heap_size: used, heap_size_limit: most } = await worker.getHeapStatistics()
    return used > FULL_SHARE * most
  } catch {
    return false
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
