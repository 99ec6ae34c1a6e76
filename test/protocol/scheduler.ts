import { random } from '../support/random.ts'

/** Chance, all of it from one seed. */
export class Dice {
  readonly #next: () => number

  constructor(seed: number) {
    this.#next = random(seed)
  }

  chance(probability: number): boolean {
    return this.#next() < probability
  }

  /** A whole number in [0, count). */
  below(count: number): number {
    return Math.floor(this.#next() * count)
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!
  }
}

/** A process or a thread: what it asked for is heard of as long as it lives and is not paused. */
export class Actor {
  readonly name: string
  isDead = false
  /** The step at which it wakes up. */
  pausedUntil = 0
  /** Others take it for dead meanwhile. */
  isSilent = false
  onDeath: () => void = () => {}

  constructor(name: string) {
    this.name = name
  }
}

interface Call {
  readonly actor: Actor
  readonly label: string
  /** Does it, and gives what is then to be told. */
  readonly perform: () => () => void
  readonly isReady: () => boolean
  notBefore: number
  answer: (() => void) | null
}

/** How much goes wrong in a schedule; each a probability. */
export interface Weather {
  /** A call, or its answer, is on its way for long. */
  readonly slow: number
  /** A call that was done is not heard of at once. */
  readonly late: number
}

const LONGEST_WAY = 120

const always = () => true

/** Hears of every step. */
export type Tell = (line: string) => void

/**
 * Everything that leaves a process is a call; which of those that are under way comes next, chance decides.
 * What it does happens in one moment, which may be long before its caller hears of it.
 */
export class Scheduler {
  readonly dice: Dice
  readonly #weather: Weather
  #calls: Call[] = []
  step = 0
  /** No more delays: all that is under way arrives soon. */
  isCalm = false
  /** Someone died, or the store refused something. */
  wasHarmed = false
  readonly #tell: Tell | undefined

  constructor(dice: Dice, weather: Weather, tell: Tell | undefined) {
    this.dice = dice
    this.#weather = weather
    this.#tell = tell
  }

  say(text: string): void {
    this.#tell?.(`${this.step} ${text}`)
  }

  /** Never resolves for who is dead by then. */
  call<T>(actor: Actor, label: string, work: () => T, isReady = always): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (actor.isDead) return
      const perform = () => {
        try {
          const result = work()
          return () => resolve(result)
        } catch (error) {
          this.say(`  ${actor.name} ${label}: ${String(error)}`)
          return () => reject(error)
        }
      }
      const notBefore = this.step + this.#delay()
      this.#calls.push({ actor, label, perform, isReady, notBefore, answer: null })
    })
  }

  #delay(): number {
    return !this.isCalm && this.dice.chance(this.#weather.slow) ? this.dice.below(LONGEST_WAY) : 0
  }

  /** It hears of nothing any more. What it had asked for may still happen, soon or late, or not. */
  kill(actor: Actor): void {
    if (actor.isDead) return
    this.say(`${actor.name} is dead`)
    actor.isDead = true
    this.wasHarmed = true
    actor.onDeath()
    this.#calls = this.#calls.filter((call) => {
      if (call.actor !== actor) return true
      if (call.answer || this.dice.chance(0.5)) return false
      call.notBefore = this.step + this.dice.below(LONGEST_WAY)
      return true
    })
  }

  /** Does one thing that is possible now. False: there is nothing. */
  next(): boolean {
    this.step++
    const possible = this.#calls.filter((call) => this.#isPossible(call))
    if (possible.length === 0) return false
    const call = this.dice.pick(possible)
    if (call.answer === null) {
      this.say(`${call.actor.name} ${call.label}`)
      call.answer = call.perform()
      if (!call.actor.isDead && this.#isHeardLate(call.actor)) {
        call.notBefore = this.step + this.#delay()
        return true
      }
    }
    this.#calls.splice(this.#calls.indexOf(call), 1)
    if (!call.actor.isDead) call.answer()
    return true
  }

  #isHeardLate(actor: Actor): boolean {
    return actor.pausedUntil > this.step || (!this.isCalm && this.dice.chance(this.#weather.late))
  }

  #isPossible({ actor, answer, notBefore, isReady }: Call): boolean {
    if (notBefore > this.step && !this.isCalm) return false
    if (answer) return actor.pausedUntil <= this.step
    return isReady()
  }

  /** True as long as time alone brings something: a call on its way, or one that will wake up. */
  get isWaiting(): boolean {
    return this.#calls.some(
      ({ notBefore, actor, answer }) =>
        (notBefore > this.step && !this.isCalm) ||
        (answer !== null && actor.pausedUntil > this.step)
    )
  }

  /** What is under way, for who wants to know why nothing happens. */
  get open(): string[] {
    return this.#calls.map(
      ({ actor, label, answer }) => `${actor.name} ${label}${answer ? ' (done)' : ''}`
    )
  }
}

/** Until all that follows from what happened has happened: `nextTick` comes after the last promise. */
export function drain(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve)
  })
}
