import type { Output } from './output.ts'

/*
 * Numbers of the adaptive probabilities in one array, by what they decide (Pavlov, LZMA specification,
 * 7-zip SDK). A length coder is choice, second choice, 16 x 8 low, 16 x 8 middle and 256 high.
 */
const IS_MATCH = 0
const IS_REP = IS_MATCH + 12 * 16
const IS_REP_G0 = IS_REP + 12
const IS_REP_G1 = IS_REP_G0 + 12
const IS_REP_G2 = IS_REP_G1 + 12
const IS_REP0_LONG = IS_REP_G2 + 12
const SLOT = IS_REP0_LONG + 12 * 16
const SPECIAL = SLOT + 4 * 64
const ALIGN = SPECIAL + 128
const LENGTH = ALIGN + 16
const REP_LENGTH = LENGTH + 2 + 2 * 128 + 256
const LITERAL = REP_LENGTH + 2 + 2 * 128 + 256

/** Decodes LZMA chunks into an output, which is its dictionary: no other memory is taken. */
export class Lzma {
  /** Where the dictionary begins in the output. */
  start = 0
  readonly #out: Output
  readonly #input: Uint8Array
  #at = 0
  #end = 0
  #range = 0
  #code = 0
  #probabilities = new Uint16Array(0)
  #literalContext = 0
  #literalMask = 0
  #positionMask = 0
  #state = 0
  #reps: [number, number, number, number] = [0, 0, 0, 0]

  constructor(input: Uint8Array, out: Output) {
    this.#input = input
    this.#out = out
  }

  /** New `lc`, `lp` and `pb`, as one byte. */
  properties(byte: number): void {
    const lc = byte % 9
    const lp = Math.floor(byte / 9) % 5
    const pb = Math.floor(byte / 45)
    if (pb > 4 || lc + lp > 4) throw new Error(`LZMA properties ${byte}`)
    this.#literalContext = lc
    this.#literalMask = (1 << lp) - 1
    this.#positionMask = (1 << pb) - 1
    this.#probabilities = new Uint16Array(LITERAL + (0x300 << (lc + lp)))
  }

  get hasProperties(): boolean {
    return this.#probabilities.length > 0
  }

  reset(): void {
    this.#probabilities.fill(1024)
    this.#state = 0
    this.#reps = [0, 0, 0, 0]
  }

  /** Decodes the bytes [from, to) of the input, which make exactly `size` bytes. */
  chunk(from: number, to: number, size: number): void {
    if (to - from < 5 || this.#input[from] !== 0) throw new Error('an LZMA chunk without its start')
    this.#at = from + 1
    this.#end = to
    this.#range = 0xffffffff
    this.#code = 0
    for (let i = 0; i < 4; i++) this.#code = ((this.#code << 8) | this.#input[this.#at++]!) >>> 0
    this.#out.need(size)
    const limit = this.#out.at + size
    while (this.#out.at < limit) this.#step(limit)
    if (this.#at !== to || this.#code !== 0) throw new Error('an LZMA chunk that does not end')
  }

  #step(limit: number): void {
    const out = this.#out
    const position = (out.at - this.start) & this.#positionMask
    const state = this.#state
    if (this.#bit(IS_MATCH + state * 16 + position) === 0) {
      this.#literal()
      return
    }
    let length = 0
    if (this.#bit(IS_REP + state) === 0) {
      const [a, b, c] = this.#reps
      length = this.#length(LENGTH, position)
      this.#state = state < 7 ? 7 : 10
      this.#reps = [this.#distance(length), a, b, c]
    } else {
      if (!this.#repeat(state, position)) {
        this.#state = state < 7 ? 9 : 11
        this.#copy(1, limit)
        return
      }
      length = this.#length(REP_LENGTH, position)
      this.#state = state < 7 ? 8 : 11
    }
    this.#copy(length + 2, limit)
  }

  /** Brings one of the last four distances to the front; false: one byte of the last one. */
  #repeat(state: number, position: number): boolean {
    const [a, b, c, d] = this.#reps
    if (this.#bit(IS_REP_G0 + state) === 0)
      return this.#bit(IS_REP0_LONG + state * 16 + position) === 1
    if (this.#bit(IS_REP_G1 + state) === 0) this.#reps = [b, a, c, d]
    else if (this.#bit(IS_REP_G2 + state) === 0) this.#reps = [c, a, b, d]
    else this.#reps = [d, a, b, c]
    return true
  }

  #literal(): void {
    const out = this.#out
    const state = this.#state
    const before = out.at > this.start ? out.bytes[out.at - 1]! : 0
    const place = ((out.at - this.start) & this.#literalMask) << this.#literalContext
    const base = LITERAL + 0x300 * (place + (before >> (8 - this.#literalContext)))
    let symbol = 1
    if (state >= 7) {
      let match = this.#back(this.#reps[0])
      while (symbol < 0x100) {
        const bit = (match >> 7) & 1
        match <<= 1
        const found = this.#bit(base + ((1 + bit) << 8) + symbol)
        symbol = (symbol << 1) | found
        if (bit !== found) break
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.#bit(base + symbol)
    out.bytes[out.at++] = symbol & 0xff
    this.#state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6
  }

  #back(distance: number): number {
    const at = this.#out.at - distance - 1
    if (at < this.start) throw new Error('an LZMA distance before the start')
    return this.#out.bytes[at]!
  }

  #copy(length: number, limit: number): void {
    const out = this.#out
    this.#back(this.#reps[0])
    if (out.at + length > limit) throw new Error('an LZMA match beyond its chunk')
    let from = out.at - this.#reps[0] - 1
    for (const end = out.at + length; out.at < end;) out.bytes[out.at++] = out.bytes[from++]!
  }

  #length(coder: number, position: number): number {
    if (this.#bit(coder) === 0) return this.#tree(coder + 2 + position * 8, 3)
    if (this.#bit(coder + 1) === 0) return 8 + this.#tree(coder + 2 + 128 + position * 8, 3)
    return 16 + this.#tree(coder + 2 + 256, 8)
  }

  #distance(length: number): number {
    const slot = this.#tree(SLOT + Math.min(length, 3) * 64, 6)
    if (slot < 4) return slot
    const bits = (slot >> 1) - 1
    const high = (2 | (slot & 1)) * 2 ** bits
    if (slot < 14) return high + this.#reverse(SPECIAL + high - slot, bits)
    let direct = 0
    for (let i = bits - 4; i > 0; i--) direct = direct * 2 + this.#direct()
    return high + direct * 16 + this.#reverse(ALIGN, 4)
  }

  #tree(base: number, bits: number): number {
    let symbol = 1
    for (let i = 0; i < bits; i++) symbol = (symbol << 1) | this.#bit(base + symbol)
    return symbol - (1 << bits)
  }

  #reverse(base: number, bits: number): number {
    let symbol = 1
    let value = 0
    for (let i = 0; i < bits; i++) {
      const bit = this.#bit(base + symbol)
      symbol = (symbol << 1) | bit
      value |= bit << i
    }
    return value
  }

  #direct(): number {
    this.#range >>>= 1
    const bit = this.#code >= this.#range ? 1 : 0
    if (bit === 1) this.#code -= this.#range
    if (this.#range < 0x1000000) this.#normalize()
    return bit
  }

  #bit(index: number): 0 | 1 {
    const probability = this.#probabilities[index]!
    const bound = (this.#range >>> 11) * probability
    let bit: 0 | 1 = 0
    if (this.#code < bound) {
      this.#range = bound
      this.#probabilities[index] = probability + ((2048 - probability) >> 5)
    } else {
      this.#range -= bound
      this.#code -= bound
      this.#probabilities[index] = probability - (probability >> 5)
      bit = 1
    }
    if (this.#range < 0x1000000) this.#normalize()
    return bit
  }

  #normalize(): void {
    if (this.#at >= this.#end) throw new Error('an LZMA chunk that ends too early')
    this.#range = (this.#range << 8) >>> 0
    this.#code = ((this.#code << 8) | this.#input[this.#at++]!) >>> 0
  }
}
