import { amount } from '../amount.ts'

const NAMED = 3

/** What is to be said about the reading of sources: what was passed over, and why. */
export class Notes {
  readonly #say: (text: string) => void
  readonly #skipped = new Map<string, string[]>()
  #count = 0

  constructor(say: (text: string) => void = () => {}) {
    this.#say = say
  }

  say(text: string): void {
    this.#say(text)
  }

  /** Counts a file that is passed over; of each reason the first few names are kept. */
  skip(name: string, why: string): void {
    this.#count++
    const names = this.#skipped.get(why)
    if (!names) this.#skipped.set(why, [name])
    else if (names.length <= NAMED) names.push(name)
  }

  get skipped(): number {
    return this.#count
  }

  /** `3 files skipped: README, notes.txt (no packet files), …`; null when there was none. */
  get skippedText(): string | null {
    if (this.#count === 0) return null
    const reasons = [...this.#skipped].map(([why, names]) => {
      const more = names.length > NAMED ? ', …' : ''
      return `${names.slice(0, NAMED).join(', ')}${more} (${why})`
    })
    return `${amount(this.#count, 'file')} skipped: ${reasons.join('; ')}`
  }
}
