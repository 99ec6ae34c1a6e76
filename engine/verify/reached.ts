import type { Finding } from './finding.ts'

/**
 * Up to where sources were looked at. What is only told because somebody is at work may become a difference: it is to
 * be looked at again, until it is settled.
 */
export class Reached {
  readonly #next = new Map<string, number>()
  /** By source, the first position that is not settled. */
  readonly #open = new Map<string, number>()

  add(source: string, next: number): void {
    this.#next.set(source, next)
  }

  heard(finding: Finding): void {
    if (finding.kind !== 'orphan' || finding.isDifference) return
    const { source, first } = finding.record
    this.#open.set(source, Math.min(first, this.#open.get(source) ?? first))
  }

  settled(): [source: string, next: number][] {
    return [...this.#next].map(([source, next]) => {
      return [source, Math.min(next, this.#open.get(source) ?? next)]
    })
  }
}
