/** Growing keys of the rows of a night: 24 bytes an alert. */
export class RowKeys {
  count = 0
  healpix = new BigInt64Array(1024)
  id = new BigInt64Array(1024)
  part = new Uint32Array(1024)
  row = new Uint32Array(1024)

  add(healpix: BigInt64Array, id: BigInt64Array, part: number): void {
    this.#reserve(this.count + id.length)
    this.healpix.set(healpix, this.count)
    this.id.set(id, this.count)
    for (let row = 0; row < id.length; row++) {
      this.part[this.count + row] = part
      this.row[this.count + row] = row
    }
    this.count += id.length
  }

  #reserve(rows: number): void {
    if (rows <= this.id.length) return
    const size = Math.max(rows, this.id.length * 2)
    this.healpix = grown(this.healpix, new BigInt64Array(size))
    this.id = grown(this.id, new BigInt64Array(size))
    this.part = grown(this.part, new Uint32Array(size))
    this.row = grown(this.row, new Uint32Array(size))
  }

  /** Rows in the order of the sky: by pixel, then id, then as they came. */
  inOrder(): Uint32Array {
    const [sky, id] = [wordsOf(this.healpix), wordsOf(this.id)]
    return this.#all().sort((a, b) => compare(sky, a, b) || compare(id, a, b) || a - b)
  }

  /** Rows whose id another one has too, those of one id behind each other. */
  repeated(): Uint32Array[] {
    const id = wordsOf(this.id)
    const sorted = this.#all().sort((a, b) => compare(id, a, b) || a - b)
    const groups: Uint32Array[] = []
    for (let from = 0, at = 1; at <= sorted.length; at++) {
      if (at < sorted.length && compare(id, sorted[from]!, sorted[at]!) === 0) continue
      if (at - from > 1) groups.push(sorted.slice(from, at))
      from = at
    }
    return groups
  }

  #all(): Uint32Array {
    return Uint32Array.from({ length: this.count }, (_, i) => i)
  }
}

function grown<T extends BigInt64Array | Uint32Array>(from: T, to: T): T {
  to.set(from as never)
  return to
}

/** As pairs of words: reading 64-bit integers would make two BigInts a comparison. */
function wordsOf({ buffer, length }: BigInt64Array): Int32Array {
  return new Int32Array(buffer, 0, length * 2)
}

function compare(words: Int32Array, a: number, b: number): number {
  const high = words[a * 2 + 1]! - words[b * 2 + 1]!
  return high !== 0 ? high : (words[a * 2]! >>> 0) - (words[b * 2]! >>> 0)
}
