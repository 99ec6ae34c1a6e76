const STEP = 1024 * 1024
/** Kept for later, bytes. */
const MOST_FREE = 48 * STEP

/**
 * Memory that was given back, for those who come next: fresh memory of this size costs more than the
 * copy into it, and piles up faster than it is collected.
 */
export class Pool {
  #free: SharedArrayBuffer[] = []

  /** At least `size` bytes, of any content. */
  take(size: number): SharedArrayBuffer {
    const fits = this.#free
      .filter(({ byteLength }) => byteLength >= size)
      .sort((a, b) => a.byteLength - b.byteLength)[0]
    if (!fits) return new SharedArrayBuffer(Math.max(1, Math.ceil(size / STEP)) * STEP)
    this.#free = this.#free.filter((buffer) => buffer !== fits)
    return fits
  }

  /** Nobody looks at it any more. */
  give(buffer: SharedArrayBuffer): void {
    this.#free.push(buffer)
    let bytes = this.#free.reduce((sum, { byteLength }) => sum + byteLength, 0)
    while (bytes > MOST_FREE) bytes -= this.#free.shift()!.byteLength
  }
}
