/**
 * What is remembered of an alert: its id and the CRC-32 of its packet's bytes. A copy has the same mark;
 * another version of the alert, which its survey sent again with corrections, the same id and another digest.
 */

/** Numbers of a mark in a list: low and high word of the id, digest. */
const WORDS = 3
export const MARK_BYTES = WORDS * 4

/** How an alert stands to those that came before: a copy of one, another version of one, or neither. */
export type Met = 'new' | 'copy' | 'revision'

/** Marks of one survey and night: ascending by id (as an unsigned number), then by digest. */
export class Marks {
  readonly words: Uint32Array

  private constructor(words: Uint32Array) {
    this.words = words
  }

  /** From low word, high word, digest of each, in any order. */
  static of(unsorted: Uint32Array): Marks {
    const order = Array.from({ length: unsorted.length / WORDS }, (_, i) => i * WORDS)
    order.sort((a, b) => compare(unsorted, a, unsorted, b))
    const words = new Uint32Array(unsorted.length)
    order.forEach((from, i) => words.set(unsorted.subarray(from, from + WORDS), i * WORDS))
    return new Marks(words)
  }

  static merge(lists: readonly Marks[]): Marks {
    const words = new Uint32Array(lists.reduce((sum, list) => sum + list.words.length, 0))
    let at = 0
    for (const list of lists) {
      words.set(list.words, at)
      at += list.words.length
    }
    return Marks.of(words)
  }

  /** The bytes of `bytes()`; null for bytes that are not. */
  static read(bytes: Uint8Array): Marks | null {
    if (bytes.length % MARK_BYTES !== 0) return null
    const words = new Uint32Array(bytes.length / 4)
    new Uint8Array(words.buffer).set(bytes)
    for (let at = WORDS; at < words.length; at += WORDS) {
      if (compare(words, at - WORDS, words, at) > 0) return null
    }
    return new Marks(words)
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.words.buffer, this.words.byteOffset, this.words.byteLength)
  }

  get count(): number {
    return this.words.length / WORDS
  }

  get first(): bigint {
    return this.id(0)
  }

  get last(): bigint {
    return this.id(this.count - 1)
  }

  id(index: number): bigint {
    const at = index * WORDS
    return (BigInt(this.words[at + 1]!) << 32n) | BigInt(this.words[at]!)
  }

  at(index: number): [low: number, high: number, digest: number] {
    const at = index * WORDS
    return [this.words[at]!, this.words[at + 1]!, this.words[at + 2]!]
  }

  /** Index of the first mark whose id is not below that of two words. */
  from(low: number, high: number): number {
    let least = 0
    let most = this.count
    while (least < most) {
      const middle = (least + most) >> 1
      const at = middle * WORDS
      const other = this.words[at + 1]!
      if (other < high || (other === high && this.words[at]! < low)) least = middle + 1
      else most = middle
    }
    return least
  }

  /** `low`, `high` and `digest` as unsigned numbers. */
  meet(low: number, high: number, digest: number): Met {
    let met: Met = 'new'
    for (let at = this.from(low, high) * WORDS; at < this.words.length; at += WORDS) {
      if (this.words[at] !== low || this.words[at + 1] !== high) break
      if (this.words[at + 2] === digest) return 'copy'
      met = 'revision'
    }
    return met
  }

  *[Symbol.iterator](): Generator<[low: number, high: number, digest: number]> {
    for (let i = 0; i < this.count; i++) yield this.at(i)
  }
}

function compare(a: Uint32Array, i: number, b: Uint32Array, j: number): number {
  return a[i + 1]! - b[j + 1]! || a[i]! - b[j]! || a[i + 2]! - b[j + 2]!
}

/** Marks by `survey/night`, as a part's record keeps them: base64. */
export type KeptMarks = Readonly<Record<string, string>>

export function keepMarks(marks: ReadonlyMap<string, Marks>): KeptMarks {
  const kept = [...marks].map(([key, list]) => [key, Buffer.from(list.bytes()).toString('base64')])
  return Object.fromEntries(kept) as KeptMarks
}

/** Marks that are damaged are left out: copies of theirs may stay. */
export function readMarks(kept: KeptMarks): Map<string, Marks> {
  const lists = Object.entries(kept).map(([key, text]) => {
    return [key, Marks.read(Buffer.from(text, 'base64'))] as const
  })
  return new Map(lists.filter((list): list is readonly [string, Marks] => list[1] !== null))
}
