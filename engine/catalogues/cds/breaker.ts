/** Failures in a row after which nobody is asked for a while. */
const MOST = 3
const FIRST_MS = 30_000
const LONGEST_MS = 600_000

/** Stops asking who does not answer; from time to time one call tries whether it is back (circuit breaker, Nygard 2007). */
export class Breaker {
  readonly #now: () => number
  #failures = 0
  #opensAt = 0

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Whether it may be asked now: who is told so while it is broken is the one that tries. */
  mayAsk(): boolean {
    if (this.#failures < MOST) return true
    if (this.#now() < this.#opensAt) return false
    this.#opensAt = this.#now() + this.#pause()
    return true
  }

  succeeded(): void {
    this.#failures = 0
  }

  failed(): void {
    this.#failures++
    this.#opensAt = this.#now() + this.#pause()
  }

  #pause(): number {
    return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, this.#failures - MOST))
  }
}
