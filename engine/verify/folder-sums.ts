import { crc32 } from 'node:zlib'
import { basename, dirname } from 'node:path/posix'

interface Sum {
  count: number
  low: number
  high: number
}

/**
 * Which folders were looked into, as one sum for each folder above them: tells whether a folder holds others, at a
 * cost in memory that does not grow with them.
 */
export class FolderSums {
  readonly #sums = new Map<string, Sum>()
  readonly #above = new Set<string>()
  readonly #kept: Map<string, string[]> | null

  /** @param keeps remembers each folder: where only a few are looked into. */
  constructor(keeps = false) {
    this.#kept = keeps ? new Map() : null
  }

  /** To be called once for each folder and block of positions: a folder belongs to one block. */
  visited(folder: string): void {
    const parent = dirname(folder)
    let sum = this.#sums.get(parent)
    if (!sum) {
      sum = { count: 0, low: 0, high: 0 }
      this.#sums.set(parent, sum)
      for (let above = dirname(parent); above !== '.'; above = dirname(above)) {
        this.#above.add(above)
      }
    }
    add(sum, basename(folder))
    this.#kept?.set(parent, [...(this.#kept.get(parent) ?? []), folder])
  }

  /** The folders of it that were looked into; null: they were not remembered. */
  keptIn(parent: string): readonly string[] | null {
    return this.#kept && (this.#kept.get(parent) ?? [])
  }

  /** Folders of which others were looked into lie in it. */
  has(parent: string): boolean {
    return this.#sums.has(parent)
  }

  /** Such lie somewhere below it. */
  isAbove(folder: string): boolean {
    return folder === '' || this.#above.has(folder)
  }

  /** True when exactly these folders were looked into. */
  isAll(parent: string, names: readonly string[]): boolean {
    const sum = this.#sums.get(parent)
    const own: Sum = { count: 0, low: 0, high: 0 }
    for (const name of names) add(own, name)
    return sum?.count === own.count && sum.low === own.low && sum.high === own.high
  }

  /** The folders in which folders were looked into. */
  get parents(): string[] {
    return [...this.#sums.keys()].sort()
  }
}

function add(sum: Sum, name: string): void {
  sum.count++
  sum.low = (sum.low + crc32(name)) % 2 ** 32
  sum.high = (sum.high + crc32(`${name}/`, 0x9e3779b9)) % 2 ** 32
}
