const LEAST = 1024 * 1024
/** Kept for later, bytes. */
const MOST_FREE = 64 * LEAST

/**
 * Memory that was given back, for those who come next: fresh memory of this size costs more than the
 * copy into it, and shared memory is only freed when the collectors of both threads have gone by.
 */
export class Pool {
  #free: SharedArrayBuffer[] = []

  /** At least `size` bytes, of any content. Sizes are powers of two: so one fits another's need. */
  take(size: number): SharedArrayBuffer {
    let room = LEAST
    while (room < size) room *= 2 // what is never written to takes no memory
    const at = this.#free.findIndex(({ byteLength }) => byteLength === room)
    return this.#free.splice(at, at < 0 ? 0 : 1)[0] ?? new SharedArrayBuffer(room)
  }

  /** Nobody looks at it any more. */
  give(buffer: SharedArrayBuffer): void {
    this.#free.push(buffer)
    let bytes = this.#free.reduce((sum, { byteLength }) => sum + byteLength, 0)
    while (bytes > MOST_FREE) bytes -= this.#free.shift()!.byteLength
  }
}
