import type { Marks } from './marks.ts'

/** What lists of marks are together, in whatever order they come: the same marks have the same sum. */
export class MarkSum {
  count = 0
  least: bigint | null = null
  greatest: bigint | null = null
  #first = 0
  #second = 0

  add(marks: Marks): void {
    if (marks.count === 0) return
    this.count += marks.count
    if (this.least === null || marks.first < this.least) this.least = marks.first
    if (this.greatest === null || marks.last > this.greatest) this.greatest = marks.last
    for (const [low, high, digest] of marks) {
      this.#first = (this.#first + mixed(low, high, digest, 0x9e3779b1)) | 0
      this.#second = (this.#second + mixed(digest, low, high, 0x85ebca6b)) | 0
    }
  }

  equals(other: MarkSum): boolean {
    return (
      this.count === other.count && this.#first === other.#first && this.#second === other.#second
    )
  }
}

function mixed(a: number, b: number, c: number, seed: number): number {
  let hash = seed
  for (const word of [a, b, c]) {
    hash = Math.imul(hash ^ word, 0xcc9e2d51)
    hash = Math.imul(hash ^ (hash >>> 15), 0x1b873593)
  }
  return hash ^ (hash >>> 13)
}
