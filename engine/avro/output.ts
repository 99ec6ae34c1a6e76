/** Bytes of a block as they are inflated: memory is taken as they come, never beforehand, up to a bound. */
export class Output {
  bytes: Uint8Array
  at = 0
  readonly #most: number

  /** @param likely how many bytes to begin with; @param most how many there may be. */
  constructor(likely: number, most: number) {
    this.bytes = new Uint8Array(Math.max(64, Math.min(likely, most)))
    this.#most = most
  }

  /** Makes room for `more` bytes. @throws Error when that is beyond the bound. */
  need(more: number): void {
    const wanted = this.at + more
    if (wanted > this.#most) throw new Error(`more than ${this.#most} bytes when inflated`)
    if (wanted <= this.bytes.length) return
    const larger = new Uint8Array(Math.min(this.#most, Math.max(wanted, this.bytes.length * 2)))
    larger.set(this.bytes.subarray(0, this.at))
    this.bytes = larger
  }

  done(): Uint8Array {
    return this.bytes.subarray(0, this.at)
  }
}
