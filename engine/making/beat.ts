/** Where the numbers of a `Beat` lie. */
const WHAT = 0
const BUDGET = 1
const BEGAN = 2
const CPU = 3

/** Milliseconds, in numbers that wrap around. */
const WRAP = 0x7fffffff
const now = () => Date.now() & WRAP

/** A budget with something on top for the watch itself. */
export function withMargin(budgetMs: number): number {
  return budgetMs * 1.5 + 500
}

/** Processor time that the calling thread has spent, ms. */
function spentHere(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** What its budget is spent of. */
export interface Overdue {
  /** Number of what is watched (`watched.ts`), above the last of them anything else. */
  readonly number: number
  readonly budgetMs: number
  /** By the clock, since it began. */
  readonly wallMs: number
  /** Processor time of its thread when it began, ms. */
  readonly cpuMs: number
  /** Tells it from what comes after it. */
  readonly began: number
}

/**
 * Four numbers that a member writes and who watches it reads, without a message in between: a
 * member that hangs cannot send one. What it is in (0 nothing, n + 1 number n of what is watched), its budget
 * in ms, when it began, and the processor time of its thread then.
 */
export class Beat {
  readonly #numbers: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#numbers = new Int32Array(memory)
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(16)
  }

  enter(number: number, budgetMs: number): void {
    Atomics.store(this.#numbers, BUDGET, Math.min(budgetMs, WRAP))
    Atomics.store(this.#numbers, CPU, Math.round(spentHere()) & WRAP)
    Atomics.store(this.#numbers, BEGAN, now())
    Atomics.store(this.#numbers, WHAT, number + 1)
  }

  /** Begins the budget of what is going on anew: the whole process stood still, and nobody is late. */
  renew(): void {
    Atomics.store(this.#numbers, BEGAN, now())
  }

  leave(): void {
    Atomics.store(this.#numbers, WHAT, 0)
  }

  /** Number of what is going on; null: nothing. */
  get number(): number | null {
    const what = Atomics.load(this.#numbers, WHAT)
    return what === 0 ? null : what - 1
  }

  /** What is going on, if its budget is spent by the clock, with something on top for the watch itself. */
  overdue(): Overdue | null {
    const { number } = this
    if (number === null) return null
    const began = Atomics.load(this.#numbers, BEGAN)
    const budgetMs = withMargin(Atomics.load(this.#numbers, BUDGET))
    const wallMs = (now() - began) & WRAP
    if (wallMs <= budgetMs) return null
    return { number, budgetMs, wallMs, cpuMs: Atomics.load(this.#numbers, CPU), began }
  }
}

/** Processor time since it began, ms, of a thread that has spent `spentMs` in all. */
export function cpuSince({ cpuMs }: Overdue, spentMs: number): number {
  return (Math.round(spentMs) - cpuMs) & WRAP
}
