/** Avro's binary encoding into a buffer that grows. */
export class AvroWriter {
  bytes = Buffer.allocUnsafeSlow(64 * 1024)
  at = 0

  #room(size: number): void {
    if (this.at + size <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.at + size, this.bytes.length * 2))
    this.bytes.copy(larger, 0, 0, this.at)
    this.bytes = larger
  }

  /** A single byte: a union branch below 64 is twice its index. */
  byte(value: number): void {
    this.#room(1)
    this.bytes[this.at++] = value
  }

  /** A whole number of at most 52 bits and a sign, as a zigzag varint. */
  long(value: number): void {
    this.#room(10)
    let rest = value >= 0 ? value * 2 : -value * 2 - 1
    while (rest > 0x7fffffff) {
      this.bytes[this.at++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    while (rest > 127) {
      this.bytes[this.at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.bytes[this.at++] = rest
  }

  /** A 64-bit integer given as its two words. */
  words(low: number, high: number): void {
    this.#room(10)
    const sign = high >> 31
    let zigLow = (low << 1) ^ sign
    let zigHigh = ((high << 1) | (low >>> 31)) ^ sign
    while (zigHigh !== 0 || zigLow >>> 0 > 127) {
      this.bytes[this.at++] = (zigLow & 0x7f) | 0x80
      zigLow = (zigLow >>> 7) | (zigHigh << 25)
      zigHigh >>>= 7
    }
    this.bytes[this.at++] = zigLow
  }

  float(value: number): void {
    this.#room(4)
    this.bytes.writeFloatLE(value, this.at)
    this.at += 4
  }

  double(value: number): void {
    this.#room(8)
    this.bytes.writeDoubleLE(value, this.at)
    this.at += 8
  }

  /** Length and bytes [from, to) of `source`: a string or a bytes value. */
  blob(source: Uint8Array, from: number, to: number): void {
    this.long(to - from)
    this.#room(to - from)
    if (to - from < 32) {
      for (let i = from; i < to; i++) this.bytes[this.at++] = source[i]!
    } else {
      this.bytes.set(source.subarray(from, to), this.at)
      this.at += to - from
    }
  }

  /** Bytes written since `from`, as a copy that stays. */
  since(from: number): Buffer {
    return Buffer.from(this.bytes.subarray(from, this.at))
  }
}
